// Targets out of the objects of an API server, followed by watches that all components of the program share (kube/hub.h).
// Before the first export every watch has to have answered, with its objects or with an error; from then on a change makes the groups
// that it concerns again: those of the object itself, and those that took labels from it.
// Errors:  a watch that is not allowed or has no connection takes nothing away: its targets, or the labels it gave, stay as they were
//          last seen. If no watch of the role's own objects works, the component has failed; else it says what it lacks (decision 22).
// Threads: loop thread only. Spec: discovery.md 7.
#pragma once

#include <memory>

#include "component/discovery.h"
#include "components/discovery/kubernetes/arguments.h"
#include "kube/hub.h"

namespace invar::components::discovery_kubernetes {

Result<std::unique_ptr<component::Discoverer>> make_discoverer(const std::shared_ptr<kube::Hub>& hub,
                                                               const component::Options& options,
                                                               const Arguments& arguments);

}  // namespace invar::components::discovery_kubernetes
