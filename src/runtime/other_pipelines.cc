#include "runtime/other_pipelines.h"

#include <fmt/core.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "runtime/foreign_components.h"
#include "runtime/inventory.h"
#include "runtime/plan.h"
#include "syntax/evaluator.h"

namespace invar::runtime {
namespace {

using syntax::ast::Attribute;
using syntax::ast::Block;
using syntax::ast::BlockRef;

constexpr std::size_t kNobody = static_cast<std::size_t>(-1);

enum class Role {
  kForeign,
  kHelper,    // serves others: goes when all whom it serves went
  kWorker,    // any other component
  kInstance,  // of a declare
  kForeach,
  kArgument,
  kExport,
  kWritesTo,  // logging, tracing
  kImport,
  kDeclare,
  kOther,
};

struct Use {
  std::size_t target = kNobody;  // none: something from outside that went
  std::string field;             // the exported field that is read
  std::string attribute;         // of the block, in which it stands
  std::string text;
  syntax::Range range;
};

// What is known of an instance's module.
struct Inside {
  bool known = false;
  bool lost_something = false;
  bool has_components = false;  // anything that remains and runs
  bool has_workers = false;
  Names gone_exports;
};

struct Item {
  BlockRef ref;
  std::string id;
  Role role = Role::kOther;
  std::size_t parent = kNobody;  // the foreach in whose template it stands
  std::vector<std::size_t> children;
  std::vector<Use> uses;
  std::vector<std::size_t> made_of;  // declares and imports
  std::vector<std::size_t> users;
  std::shared_ptr<const Definitions> definitions;
  bool went = false;
  Names gone_arguments;
  Inside inside;
};

// The names of a body and of those around it.
struct Surroundings {
  const Surroundings* outer = nullptr;
  std::map<std::string, std::size_t, std::less<>> ids;
  std::map<std::string, std::size_t, std::less<>> namespaces;
  std::optional<std::string> variable;  // of the foreach
};

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out.append(out.empty() ? "" : ".").append(name);
  return out;
}

BlockRef without(const BlockRef& ref, const Names& attributes) {
  auto file = std::make_shared<syntax::ast::File>();
  file->source = ref.file->source;
  Block block = *ref.block;
  std::erase_if(block.body.statements, [&](const syntax::ast::Statement& statement) {
    const auto* attribute = std::get_if<Attribute>(&statement.node);
    return attribute != nullptr && attributes.contains(attribute->name);
  });
  file->body.statements.push_back({ref.span, std::move(block)});
  const Block* copy = &std::get<Block>(file->body.statements.front().node);
  return {std::move(file), copy, ref.span};
}

class Keeper;

// Answers of declares, which are asked for once for each set of arguments that went.
class Insides {
 public:
  explicit Insides(const component::Registry& components) : components_(components) {}
  Inside of(const Definition& definition, const Names& gone);
  [[nodiscard]] const component::Registry& components() const { return components_; }

 private:
  static constexpr int kDeepest = 64;  // declares in declares: beyond, nothing is known
  const component::Registry& components_;
  std::map<std::pair<const Block*, Names>, Inside> answers_;
  int depth_ = 0;
};

class Keeper {
 public:
  Keeper(const ProfilesRequest& request, Insides& insides) : request_(request), insides_(insides) {
    Surroundings root;
    add_body(*request.blocks, request.definitions, root, kNobody);
    for (std::size_t index = 0; index < items_.size(); ++index) consider_later(index);
    while (!open_.empty()) {
      const std::size_t index = open_.front();
      open_.pop_front();
      if (!items_[index].went) consider(index);
    }
  }

  ProfilesPart part() {
    ProfilesPart part;
    part.gone = request_.gone;
    for (std::size_t index = 0; index < items_.size(); ++index) {
      Item& item = items_[index];
      if (item.went && is_component(item.role)) part.left_out.push_back(item.ref);
      if (item.parent == kNobody) note_gone(item, part);
      if (item.role == Role::kDeclare) add_left_out_of(item, part);
      if (item.went && item.role != Role::kDeclare) continue;
      const Names dropped = dropped_attributes(item);
      refuse(item, dropped, part);
      if (item.parent != kNobody) continue;
      part.blocks.push_back(dropped.empty() ? item.ref : without(item.ref, dropped));
      if (item.role == Role::kInstance && !dropped.empty())
        part.gone_arguments.emplace(part.blocks.back().block, dropped);
    }
    return part;
  }

  [[nodiscard]] Inside inside() const {
    Inside inside{.known = true};
    for (const Item& item : items_) {
      if (item.role == Role::kExport && item.went) inside.gone_exports.insert(item.ref.block->label);
      if (item.role != Role::kArgument && item.role != Role::kDeclare && item.went)
        inside.lost_something = true;
      if (item.went || !runs(item.role)) continue;
      inside.has_components = true;
      inside.has_workers = inside.has_workers || item.role == Role::kWorker ||
                           (item.role == Role::kInstance && (!item.inside.known || item.inside.has_workers));
    }
    return inside;
  }

 private:
  static bool is_component(Role role) { return role == Role::kForeign || role == Role::kHelper; }
  static bool runs(Role role) {
    return is_component(role) || role == Role::kWorker || role == Role::kInstance || role == Role::kForeach;
  }

  void add_body(const std::vector<BlockRef>& blocks, const std::shared_ptr<const Definitions>& definitions,
                Surroundings& here, std::size_t parent) {
    const std::size_t first = items_.size();
    for (const BlockRef& ref : blocks) {
      Item item{.ref = ref, .id = ref.block->id(), .parent = parent, .definitions = definitions};
      item.role = role_of(*ref.block, *definitions);
      here.ids.try_emplace(item.id, items_.size());
      if (item.role == Role::kDeclare || item.role == Role::kImport)
        here.namespaces.try_emplace(ref.block->label, items_.size());
      if (parent != kNobody) items_[parent].children.push_back(items_.size());
      items_.push_back(std::move(item));
    }
    const std::size_t end = items_.size();
    for (std::size_t index = first; index < end; ++index) {
      connect(index, here);
      if (items_[index].role != Role::kForeach) continue;
      const BlockRef foreach = items_[index].ref;
      const Block* children = foreach_template(*foreach.block);
      if (children == nullptr) continue;
      Surroundings inner{
          .outer = &here, .ids = {}, .namespaces = {}, .variable = foreach_variable(*foreach.block)};
      const std::vector<BlockRef> inside = blocks_of(children->body, foreach.file);
      add_body(inside, define(inside, definitions), inner, index);
    }
  }

  [[nodiscard]] Role role_of(const Block& block, const Definitions& definitions) const {
    const std::string name = block.full_name();
    if (name == "declare") return Role::kDeclare;
    if (name == "argument") return Role::kArgument;
    if (name == "export") return Role::kExport;
    if (name == "foreach") return Role::kForeach;
    if (name == "logging" || name == "tracing") return Role::kWritesTo;
    if (name.starts_with("import.")) return Role::kImport;
    if (definitions.has_namespace(block.name.front())) return Role::kInstance;
    const bool built_in = insides_.components().find(name) != nullptr;
    if (is_helper_family(block.name.front()))
      return built_in || is_missing_helper(name) ? Role::kHelper : Role::kOther;
    if (built_in || block.name.front() == "pyroscope") return Role::kWorker;
    return is_foreign_component(name) ? Role::kForeign : Role::kOther;
  }

  void connect(std::size_t index, const Surroundings& here) {
    const Block& block = *items_[index].ref.block;
    const syntax::SourcePtr& source = items_[index].ref.file->source;
    if (items_[index].role == Role::kDeclare) {
      std::vector<std::string> namespaces;
      collect_namespaces(block.body, namespaces);
      for (const std::string& name : namespaces) make_of(index, name, here);
      return;
    }
    if (items_[index].role == Role::kInstance) make_of(index, block.name.front(), here);
    for (const syntax::ast::Statement& statement : block.body.statements) {
      std::vector<syntax::Traversal> chains;
      std::string attribute_name;
      if (const auto* attribute = std::get_if<Attribute>(&statement.node)) {
        attribute_name = attribute->name;
        syntax::collect_traversals(*attribute->value, chains);
      } else if (items_[index].role != Role::kForeach) {
        syntax::collect_traversals(std::get<Block>(statement.node).body, chains);
      }
      for (const syntax::Traversal& chain : chains) {
        std::optional<Use> use = resolve(chain, here);
        if (!use) continue;
        use->attribute = attribute_name;
        use->range = syntax::ast::range_of(source, {chain.spans.front().begin, chain.spans.back().end});
        if (use->target != kNobody) items_[use->target].users.push_back(index);
        items_[index].uses.push_back(std::move(*use));
      }
    }
  }

  // First names of the components of a body and of those in it.
  static void collect_namespaces(const syntax::ast::Body& body, std::vector<std::string>& out) {
    for (const syntax::ast::Statement& statement : body.statements) {
      const auto* block = std::get_if<Block>(&statement.node);
      if (block == nullptr) continue;
      const std::string name = block->full_name();
      if (name == "declare")
        collect_namespaces(block->body, out);
      else if (name == "foreach" && foreach_template(*block) != nullptr)
        collect_namespaces(foreach_template(*block)->body, out);
      else
        out.push_back(block->name.front());
    }
  }

  void make_of(std::size_t index, const std::string& name, const Surroundings& here) {
    for (const Surroundings* scope = &here; scope != nullptr; scope = scope->outer) {
      const auto found = scope->namespaces.find(name);
      if (found == scope->namespaces.end()) continue;
      items_[index].made_of.push_back(found->second);
      if (found->second != index) items_[found->second].users.push_back(index);
      return;
    }
  }

  [[nodiscard]] std::optional<Use> resolve(const syntax::Traversal& chain, const Surroundings& here) const {
    for (const Surroundings* scope = &here; scope != nullptr; scope = scope->outer) {
      std::string prefix;
      for (std::size_t count = 0; count < chain.names.size(); ++count) {
        prefix.append(count > 0 ? "." : "").append(chain.names[count]);
        const auto found = scope->ids.find(prefix);
        if (found == scope->ids.end()) continue;
        return Use{.target = found->second,
                   .field = count + 1 < chain.names.size() ? chain.names[count + 1] : "",
                   .text = joined(chain.names)};
      }
      if (scope->variable == chain.names.front()) return std::nullopt;
    }
    std::string prefix;
    for (const std::string& name : chain.names) {
      prefix.append(prefix.empty() ? "" : ".").append(name);
      if (request_.gone.contains(prefix)) return Use{.text = joined(chain.names)};
    }
    return std::nullopt;
  }

  [[nodiscard]] bool hangs(const Use& use) const {
    if (use.target == kNobody) return true;
    const Item& target = items_[use.target];
    return target.went || target.inside.gone_exports.contains(use.field);
  }
  [[nodiscard]] bool hangs(const Item& item) const {
    return std::ranges::any_of(item.uses, [this](const Use& use) { return hangs(use); });
  }
  // Somebody used it, and none of them remains.
  [[nodiscard]] bool serves_nobody(const Item& item) const {
    return !item.users.empty() &&
           std::ranges::all_of(item.users, [this](std::size_t user) { return items_[user].went; });
  }

  void consider(std::size_t index) {
    Item& item = items_[index];
    switch (item.role) {
      case Role::kForeign:
        return go(index);
      case Role::kHelper:
        if (serves_nobody(item) || (item.users.empty() && hangs(item))) go(index);
        return;
      case Role::kInstance:
        look_inside(index);
        if (serves_nobody_inside_either(item) || (nothing_remains(item.inside) && !remainder_is_used(index)))
          go(index);
        return;
      case Role::kForeach:
        if (std::ranges::any_of(item.children, [&](std::size_t child) { return runs(items_[child].role); }) &&
            std::ranges::all_of(item.children, [&](std::size_t child) {
              return items_[child].went || !runs(items_[child].role);
            }))
          go(index);
        return;
      case Role::kArgument:
        if (request_.gone.contains(item.id) || hangs(item)) go(index);
        return;
      case Role::kExport:
        if (hangs(item)) go(index);
        return;
      case Role::kImport:
      case Role::kDeclare:
        if (serves_nobody(item)) go(index);
        return;
      case Role::kWorker:
      case Role::kWritesTo:
      case Role::kOther:
        return;
    }
  }

  void go(std::size_t index) {
    items_[index].went = true;
    look_around(index);
  }

  void look_around(std::size_t index) {
    const Item& item = items_[index];
    for (const Use& use : item.uses)
      if (use.target != kNobody) consider_later(use.target);
    for (const std::size_t made_of : item.made_of) consider_later(made_of);
    for (const std::size_t user : item.users) consider_later(user);
    if (item.parent != kNobody) consider_later(item.parent);
  }

  void consider_later(std::size_t index) { open_.push_back(index); }

  void look_inside(std::size_t index) {
    Item& item = items_[index];
    Names gone;
    for (const Use& use : item.uses)
      if (hangs(use)) gone.insert(use.attribute);
    const bool first = !looked_inside_.contains(index);
    if (!first && gone == item.gone_arguments) return;
    looked_inside_.insert(index);
    item.gone_arguments = gone;
    const Definitions::Found found = item.definitions->find(item.ref.block->name);
    if (found.definition.declare.block != nullptr)
      item.inside = insides_.of(found.definition, as_argument_ids(gone));
    if (!first || !item.inside.gone_exports.empty())
      for (const std::size_t user : items_[index].users) consider_later(user);
  }

  static bool nothing_remains(const Inside& inside) {
    return inside.known && inside.lost_something && !inside.has_components;
  }
  [[nodiscard]] bool serves_nobody_inside_either(const Item& item) const {
    return serves_nobody(item) && !(item.inside.known && item.inside.has_workers);
  }
  // Does what remains need an export of it that remains?
  [[nodiscard]] bool remainder_is_used(std::size_t index) const {
    return std::ranges::any_of(items_[index].users, [&](std::size_t user) {
      return !items_[user].went && std::ranges::any_of(items_[user].uses, [&](const Use& use) {
        return use.target == index && !hangs(use);
      });
    });
  }

  // Attributes that go alone, without their block.
  [[nodiscard]] Names dropped_attributes(const Item& item) const {
    if (item.role == Role::kInstance) return item.gone_arguments;
    Names dropped;
    if (item.role != Role::kWritesTo) return dropped;
    for (const Use& use : item.uses)
      if (use.attribute == "write_to" && hangs(use)) dropped.insert(use.attribute);
    return dropped;
  }

  void refuse(const Item& item, const Names& dropped, ProfilesPart& part) const {
    for (const Use& use : item.uses)
      if (hangs(use) && !dropped.contains(use.attribute))
        part.refusals.push_back(
            {syntax::Severity::kError, use.range,
             fmt::format("{} hangs on {}, which --skip-other-pipelines leaves to the other agent", item.id,
                         use.text)});
  }

  static void note_gone(const Item& item, ProfilesPart& part) {
    if (item.went && item.role != Role::kDeclare) part.gone.insert(item.id);
    for (const std::string& name : item.inside.gone_exports) part.gone.insert(item.id + "." + name);
  }

  // Once for each text, whoever uses it.
  void add_left_out_of(const Item& declare, ProfilesPart& part) const {
    ProfilesPart inside = keep_profiles_in({declare.ref, declare.definitions}, {}, *request_.components);
    std::ranges::move(inside.left_out, std::back_inserter(part.left_out));
  }

  const ProfilesRequest& request_;
  Insides& insides_;
  std::vector<Item> items_;
  std::deque<std::size_t> open_;
  std::set<std::size_t> looked_inside_;
};

Inside Insides::of(const Definition& definition, const Names& gone) {
  const auto [answer, added] = answers_.try_emplace({definition.declare.block, gone});
  if (!added || depth_ >= kDeepest) return answer->second;  // of a declare made of itself: not known
  ++depth_;
  const std::vector<BlockRef> blocks = blocks_of(definition.declare.block->body, definition.declare.file);
  const ProfilesRequest request{.blocks = &blocks,
                                .definitions = define(blocks, definition.scope),
                                .components = &components_,
                                .gone = gone};
  const Inside inside = Keeper(request, *this).inside();
  --depth_;
  return answer->second = inside;
}

}  // namespace

ProfilesPart keep_profiles(const ProfilesRequest& request) {
  Insides insides(*request.components);
  return Keeper(request, insides).part();
}

ProfilesPart keep_profiles_in(const Definition& definition, Names gone,
                              const component::Registry& components) {
  const std::vector<BlockRef> blocks = blocks_of(definition.declare.block->body, definition.declare.file);
  return keep_profiles({.blocks = &blocks,
                        .definitions = define(blocks, definition.scope),
                        .components = &components,
                        .gone = std::move(gone)});
}

Names as_argument_ids(const Names& arguments) {
  Names ids;
  for (const std::string& name : arguments) ids.insert("argument." + name);
  return ids;
}

}  // namespace invar::runtime
