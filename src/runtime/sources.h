// Sources: what happens to configuration text before there is a graph: the hash of the texts, and their
// parsing. Reading files is read_sources() in controller.h. Spec: runtime.md 2, language.md 1, 3 (attributes
// at the top level). Threads: any; pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/controller.h"
#include "syntax/ast.h"

namespace invar::runtime {

// SHA-256, in hexadecimal, of all texts one after the other: the label of invar_config_hash.
std::string sources_hash(const std::vector<SourceFile>& sources);

std::string sha256_hex(std::string_view text);

// The top-level blocks of all files, in their order. Nothing when any file has an error; the errors of all
// files are reported, and of the attributes that stand at the top level of a file the first.
std::optional<std::vector<syntax::ast::BlockRef>> parse_sources(const std::vector<SourceFile>& sources,
                                                                syntax::Diagnostics& diagnostics);

}  // namespace invar::runtime
