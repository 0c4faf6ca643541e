// pyroscope.scrape: asks targets for their profiles. User's page: docs/reference/components/pyroscope.scrape.md.
// Inside:   scrape_pool.h keeps a scrape_loop.h (its states) per job; jobs.h makes jobs of targets, process.h profiles of answers, both pure.
// Threads:  loop thread; bodies are checked, and deltas made, on the pool.
// Lifetime: stopped before it is destroyed. Spec: pyroscope-scrape.md.
#pragma once

#include "component/component.h"

namespace invar::components::pyroscope_scrape {

component::Registration registration();

}  // namespace invar::components::pyroscope_scrape
