// `validate` about arguments that are permitted and not wise: what a component logs when it gets them is said at its place.
// Threads: any.
#pragma once

#include <string>
#include <vector>

#include "runtime/controller.h"
#include "syntax/see_blocks.h"

namespace invar::runtime {

// Of a block whose arguments are all right: sentences, each of which begins with the name of the attribute or inner block that it is
// about, if there is one.
struct Advice {
  const syntax::Schema& (*schema)();  // of the block
  std::vector<std::string> (*sentences)(const void* block);
};

syntax::Diagnostics validate(const std::vector<SourceFile>& sources, const Validation& validation,
                             const std::vector<Advice>& advice);

void warn_of_unwise(const std::vector<Advice>& advice, const syntax::SeenBlock& seen,
                    const syntax::SourcePtr& source, syntax::Diagnostics& diagnostics);

}  // namespace invar::runtime
