// What the arguments mean for src/delivery. Pure.
#pragma once

#include "components/pyroscope/write/arguments.h"
#include "delivery/destination.h"

namespace invar::components::pyroscope_write {

delivery::EndpointSettings settings_of(const EndpointArguments& endpoint, const QueueArguments& queue);
std::vector<delivery::Destination> destinations_of(const Arguments& arguments);  // one per endpoint

}  // namespace invar::components::pyroscope_write
