// Where the rules of components stand in the files of the configuration, through declares and templates. What the files do not hold
// (imported content, another root) has no place. Threads: any; pure. Source: web-api.md 3.
#pragma once

#include <string_view>
#include <vector>

#include "syntax/ast.h"
#include "webapi/host.h"

namespace invar::webapi {

class RulePlaces {
 public:
  // Files that do not parse hold nothing.
  explicit RulePlaces(const std::vector<LoadedConfig::File>& files);
  // Of each `rule` block of the component, in its order. `component`: a whole id.
  [[nodiscard]] std::vector<syntax::Position> of(std::string_view component) const;

 private:
  std::vector<syntax::ast::BlockRef> root_;
};

}  // namespace invar::webapi
