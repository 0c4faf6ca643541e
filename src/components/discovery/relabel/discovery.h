// relabel_targets(): the whole of discovery.relabel as a function.
// Order is kept, dropped targets are left out; labels with empty values are never in the result, even without
// rules; a target that lost all labels stays, empty. Threads: any; pure. Spec: relabel.md 7.
#pragma once

#include "component/target.h"
#include "labels/relabel.h"

namespace invar::components::discovery_relabel {

component::Targets relabel_targets(const component::Targets& targets, const relabel::Rules& rules);

}  // namespace invar::components::discovery_relabel
