// pyroscope.scrape as a component: the thin adapter between the controller and the ScrapePool.
#pragma once

#include "component/component.h"

namespace invar::components::pyroscope_scrape {

component::Registration registration();

}  // namespace invar::components::pyroscope_scrape
