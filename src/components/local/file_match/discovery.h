// Discovery of files by patterns. Threads: loop thread only; the disk is read on the pool. Spec: discovery.md 13.
#pragma once

#include <memory>

#include "component/discovery.h"
#include "components/local/file_match/arguments.h"

namespace invar::components::local_file_match {

Result<std::unique_ptr<component::Discoverer>> make_discoverer(const component::Options& options,
                                                               const Arguments& arguments);

}  // namespace invar::components::local_file_match
