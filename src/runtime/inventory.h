// Inventory: what every top-level block is, and what is wrong with it before anything refers to it: unknown
// names, labels, duplicates, stability, blocks that do not belong here. Shared by load() and validate(),
// which differ in order and in a few words. Spec: runtime.md 2 (classes), language.md 10.4 (texts),
// formatting.md 6.   Threads: any; pure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "component/component.h"
#include "runtime/controller.h"
#include "syntax/ast.h"
#include "syntax/diagnostics.h"

namespace invar::runtime {

// The classes of top-level blocks; a block is reported with its class.
enum class BlockClass { kDeclare, kConfig, kService, kComponent };

struct Entry {
  syntax::ast::BlockRef block;
  std::string id;  // node id; config blocks and services are singletons and go by their name
  BlockClass block_class = BlockClass::kComponent;
  // What the block's body is described by; both null when the name is unknown or the block is refused.
  const component::Registration* component = nullptr;
  const ConfigBlock* config = nullptr;
  bool duplicate = false;  // an earlier block has the same id
  std::vector<syntax::Diagnostic> problems;

  // A vertex of the graph, which expressions may refer to.
  [[nodiscard]] bool is_node() const {
    return !duplicate && (config != nullptr || (component != nullptr && !block.block->label.empty()));
  }
  [[nodiscard]] const syntax::Schema* schema() const {
    return component != nullptr ? component->arguments : config != nullptr ? config->schema : nullptr;
  }
};

struct Inventory {
  std::vector<Entry> entries;  // source order
  // Names that would have a meaning if their block were good: a reference to one of them is a consequence of
  // an error that is already reported, and is not reported again.
  std::set<std::string, std::less<>> rejected_ids;
  std::set<std::string, std::less<>> custom_namespaces;  // labels of `declare` and `import.*`
};

enum class Purpose { kRun, kValidate };

Inventory take_inventory(const std::vector<syntax::ast::BlockRef>& blocks,
                         const component::Registry& components, const std::vector<ConfigBlock>& config_blocks,
                         syntax::Stability min_stability, Purpose purpose);

// The block's name as far as its opening brace, and its name alone.
syntax::Range header_range(const syntax::ast::BlockRef& ref);
syntax::Range name_range(const syntax::ast::BlockRef& ref);
syntax::Range block_range(const syntax::ast::BlockRef& ref);

// ` (did you mean "x"?)` or nothing. Gives up after many questions: a file of garbage is not worth the time.
class Suggestions {
 public:
  explicit Suggestions(std::vector<std::string> candidates) : candidates_(std::move(candidates)) {}
  std::string for_name(std::string_view name);

 private:
  std::vector<std::string> candidates_;
  int left_ = 64;
};

// `<item> is at stability level "experimental", which is below ...`
std::string below_minimum_stability(const std::string& item, syntax::Stability level,
                                    syntax::Stability minimum);

// "a, b, c" of a cycle's members; of many the first, and how many more: every member may have to name them.
std::string member_list(std::vector<std::string> members);

}  // namespace invar::runtime
