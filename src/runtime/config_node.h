// ConfigNode: a singleton of the root in its graph: `logging`, `http`.
// Threads: loop thread only. Spec: runtime.md 4, 12.
#pragma once

#include <utility>

#include "runtime/node.h"

namespace invar::runtime {

class ConfigNode : public Node {
 public:
  explicit ConfigNode(ConfigBlock config) : Node(config.name), config_(std::move(config)) {}

 protected:
  // Hands the arguments over when they differ from those that were last taken.
  Evaluation evaluate_now(const syntax::Scope& scope) override;

 private:
  ConfigBlock config_;
  syntax::Boxed applied_;
};

}  // namespace invar::runtime
