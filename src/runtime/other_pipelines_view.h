// Gathers what --skip-other-pipelines tells of a configuration: each block once, however many modules are made of its text.
// Threads: any; a value. Spec: modules.md 6.
#pragma once

#include <cstdint>
#include <set>
#include <utility>

#include "component/view.h"
#include "syntax/ast.h"

namespace invar::runtime {

class OtherPipelinesView {
 public:
  void left_out(const syntax::ast::BlockRef& ref);
  void remains(const syntax::ast::BlockRef& ref);  // told when it listens
  [[nodiscard]] component::OtherPipelines take();

 private:
  using Place = std::pair<const syntax::Source*, std::uint32_t>;
  std::set<Place> seen_;
  component::OtherPipelines found_;
};

}  // namespace invar::runtime
