// Inventory: what every block of a body is, and what is wrong with it before anything refers to it: unknown
// names, labels, duplicates, stability, blocks that do not belong here. Shared by load() and validate(),
// which differ in order and in a few words. Spec: runtime.md 2 (classes), language.md 10.4 (texts),
// formatting.md 6.   Threads: any; pure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "component/component.h"
#include "runtime/controller.h"
#include "runtime/definitions.h"
#include "syntax/ast.h"
#include "syntax/diagnostics.h"

namespace invar::runtime {

// What a body is, and so what may stand in it.
enum class BodyKind { kRoot, kRemote, kDeclare, kTemplate, kImport };

// The classes of blocks; a block is reported with its class.
enum class BlockClass { kDeclare, kConfig, kService, kComponent };

enum class EntryKind {
  kNothing,  // unknown, or refused
  kConfig,
  kComponent,
  kCustom,
  kDeclare,
  kArgument,
  kExport,
  kForeach,
  kImport,
};

struct Entry {
  syntax::ast::BlockRef block;
  std::string id;  // node id; config blocks and services are singletons and go by their name
  BlockClass block_class = BlockClass::kComponent;
  EntryKind kind = EntryKind::kNothing;
  const component::Registration* component = nullptr;  // kComponent
  const ConfigBlock* config = nullptr;                 // kConfig
  bool duplicate = false;                              // an earlier block has the same id
  std::vector<syntax::Diagnostic> problems;

  // A vertex of the graph, which expressions may refer to.
  [[nodiscard]] bool is_node() const {
    return !duplicate && kind != EntryKind::kNothing &&
           (kind == EntryKind::kConfig || !block.block->label.empty());
  }
  // What the block's body is described by; null when it is described by nothing, or by its declare.
  [[nodiscard]] const syntax::Schema* schema() const;
};

struct Inventory {
  std::vector<Entry> entries;  // source order
  // Names that would have a meaning if their block were good: a reference to one of them is a consequence of
  // an error that is already reported, and is not reported again.
  std::set<std::string, std::less<>> rejected_ids;
};

enum class Purpose { kRun, kValidate };

struct InventoryRequest {
  const std::vector<syntax::ast::BlockRef>* blocks = nullptr;
  BodyKind kind = BodyKind::kRoot;
  const Definitions* definitions = nullptr;  // with the declares and imports among the blocks
  const component::Registry* components = nullptr;
  const std::vector<ConfigBlock>* config_blocks = nullptr;
  syntax::Stability min_stability = syntax::Stability::kExperimental;
  Purpose purpose = Purpose::kRun;
  std::set<std::string, std::less<>> gone = {};  // ids that were left out: who refers to them has been told
};
Inventory take_inventory(const InventoryRequest& request);

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
