// The content of an import: what it may hold, and what it defines.
// Threads: any; pure. Spec: modules.md 3.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/controller.h"
#include "runtime/definitions.h"
#include "syntax/ast.h"
#include "syntax/diagnostics.h"

namespace invar::runtime {

struct ImportedText {
  std::vector<SourceFile> files;
  std::string module_path;  // what the declares in it see by that name
  bool operator==(const ImportedText&) const = default;
};

// The blocks of the content: `declare` and `import.*`. Nothing when anything is wrong with it as a whole: syntax, other blocks, names
// that are there twice, declares that are made of themselves.
std::optional<std::vector<syntax::ast::BlockRef>> parse_content(const ImportedText& text,
                                                                const component::Registry& components,
                                                                syntax::Diagnostics& diagnostics);

}  // namespace invar::runtime
