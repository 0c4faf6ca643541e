// Discovery of the instances of Google's Compute Engine. Threads: loop thread only. Spec: discovery.md 11e.
#pragma once

#include <memory>

#include "component/discovery.h"
#include "components/discovery/gce/arguments.h"
#include "google/token.h"
#include "syntax/value.h"

namespace invar::components::discovery_gce {

Result<std::unique_ptr<component::Discoverer>> make_discoverer(google::Environment environment,
                                                               const component::Options& options,
                                                               const Arguments& arguments);

// The targets of one page of the list. Pure.
void read_instances(const syntax::Value& answer, const Arguments& arguments, component::Targets& out);

}  // namespace invar::components::discovery_gce
