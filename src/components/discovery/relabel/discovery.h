// What discovery.relabel does, as a value: each target with what the rules made of it, of which the next list takes over what is the same.
// Order is kept, dropped targets are left out; labels with empty values are never in the result, even without
// rules; a target that lost all labels stays, empty. Threads: any; pure. Spec: relabel.md 7.
#pragma once

#include <optional>

#include "component/per_target.h"
#include "component/target.h"
#include "labels/relabel.h"

namespace invar::components::discovery_relabel {

using RelabeledTargets = component::PerTarget<std::optional<component::Target>>;  // none: dropped

std::optional<component::Target> relabeled(const component::Target& target, const relabel::Rules& rules);

component::Targets kept(const RelabeledTargets& relabeled);

}  // namespace invar::components::discovery_relabel
