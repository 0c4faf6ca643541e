#include "runtime/plan.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <utility>

#include "runtime/reference_types.h"

namespace invar::runtime {
namespace {

using syntax::ast::Block;
using syntax::ast::BlockRef;

// A block in a nested body whose name begins with `first`, which means nothing in that body itself.
struct NameUse {
  std::string first;
  syntax::Range range;
};

void collect_uses(const syntax::ast::Body& body, const syntax::ast::FilePtr& file,
                  std::set<std::string, std::less<>> own, std::vector<NameUse>& out) {
  const std::vector<BlockRef> blocks = blocks_of(body, file);
  for (const BlockRef& ref : blocks) {
    const std::string name = ref.block->full_name();
    if (name == "declare" || name.starts_with("import.")) own.insert(ref.block->label);
  }
  for (const BlockRef& ref : blocks) {
    const std::string name = ref.block->full_name();
    if (name == "declare") {
      collect_uses(ref.block->body, file, own, out);
    } else if (name == "foreach") {
      if (const Block* children = foreach_template(*ref.block)) collect_uses(children->body, file, own, out);
    } else if (!own.contains(ref.block->name.front())) {
      out.push_back({ref.block->name.front(), name_range(ref)});
    }
  }
}

class Planner {
 public:
  explicit Planner(const PlanRequest& request) : request_(request) {}

  Plan make() {
    plan_.inventory = take_inventory(request_.body);
    add_nodes();
    plan_.graph = Graph(plan_.nodes.size());
    resolve_references();
    for (Graph::Index node = 0; node < plan_.nodes.size(); ++node) wire_uses(node);
    wire_imports();
    find_circles();
    return std::move(plan_);
  }

 private:
  [[nodiscard]] bool validating() const { return request_.body.purpose == Purpose::kValidate; }

  void add_nodes() {
    if (request_.body.kind == BodyKind::kRoot) {
      for (const ConfigBlock& config : *request_.body.config_blocks) {
        if (config.schema == nullptr) continue;
        const Entry* written = nullptr;
        for (const Entry& entry : plan_.inventory.entries)
          if (entry.config == &config && entry.is_node()) written = &entry;
        if (written != nullptr || !validating()) add({config.name, written, &config});
      }
    }
    for (const std::string& name : request_.given) add({name});
    for (const Entry& entry : plan_.inventory.entries) {
      if (!entry.is_node() || entry.kind == EntryKind::kConfig) continue;
      if (entry.kind == EntryKind::kDeclare || entry.kind == EntryKind::kImport)
        namespaces_.try_emplace(entry.block.block->label, plan_.nodes.size());
      add({entry.id, &entry});
    }
  }

  // A name of the body's own hides one that is given.
  void add(PlannedNode node) {
    plan_.ids[node.id] = plan_.nodes.size();
    plan_.nodes.push_back(std::move(node));
  }

  void resolve_references() {
    ReferenceResolver resolver(plan_.ids, plan_.inventory, request_.variables, request_.body.min_stability);
    for (const PlannedNode& node : plan_.nodes)
      exports_.push_back(node.entry != nullptr ? export_types_of(*node.entry, *request_.body.definitions,
                                                                 *request_.body.components)
                                               : ExportTypes{});
    for (const Entry& entry : plan_.inventory.entries) {
      References& references = plan_.references.emplace_back();
      const bool nested = entry.kind == EntryKind::kForeach;
      if (entry.kind == EntryKind::kNothing || entry.kind == EntryKind::kDeclare) continue;
      references = nested ? resolver.resolve_attributes(entry.block) : resolver.resolve(entry.block);
      const auto& source = entry.block.file->source;
      ReferenceTypes types(references.found, source, exporter_of(), references.errors);
      types.check_exports();
      if (entry.schema() != nullptr) types.check_body(entry.block.block->body, *entry.schema());
      if (!entry.is_node()) continue;
      const Graph::Index user = plan_.ids.find(entry.id)->second;
      for (const Reference& reference : references.found) connect(user, reference);
      const Block* children = nested ? foreach_template(*entry.block.block) : nullptr;
      if (children == nullptr) continue;
      const std::vector<Reference> inside =
          resolver.seen_from(children->body, source, names_in(*children, entry.block));
      for (const Reference& reference : inside) connect(user, reference);
      ReferenceTypes inner_types(inside, source, exporter_of(), references.errors);
      inner_types.check_exports();
      check_template(children->body, inner_types);
      std::ranges::stable_sort(references.errors, {},
                               [](const auto& error) { return error.range.start.offset; });
    }
  }

  [[nodiscard]] ReferenceTypes::ExporterOf exporter_of() const {
    return [this](Graph::Index node) {
      return ReferenceTypes::Exporter{&plan_.nodes[node].id, &exports_[node]};
    };
  }

  // What a template takes from around it; its own blocks among each other are a matter of its own plan.
  void check_template(const syntax::ast::Body& body, ReferenceTypes& types) const {
    for (const syntax::ast::Statement& statement : body.statements) {
      const auto* block = std::get_if<Block>(&statement.node);
      if (block == nullptr) continue;
      const Block* children = block->full_name() == "foreach" ? foreach_template(*block) : nullptr;
      if (children != nullptr) check_template(children->body, types);
      const component::Registration* component = request_.body.components->find(block->full_name());
      if (component != nullptr && !request_.body.definitions->has_namespace(block->name.front()))
        types.check_body(block->body, *component->arguments);
    }
  }

  // With those in templates inside.
  static std::set<std::string, std::less<>> names_in(const Block& children, const BlockRef& foreach) {
    std::set<std::string, std::less<>> names;
    for (const BlockRef& ref : blocks_of(children.body, foreach.file)) {
      names.insert(ref.block->id());
      if (const Block* more = foreach_template(*ref.block)) names.merge(names_in(*more, ref));
    }
    if (const auto var = foreach_variable(*foreach.block)) names.insert(*var);
    return names;
  }

  void connect(Graph::Index user, const Reference& reference) {
    if (reference.target == user) {
      if (!plan_.graph.depends_on_itself(user)) refers_to_itself(user, reference.range);
      plan_.graph.add_edge(user, user);
      return;
    }
    plan_.graph.add_edge(user, reference.target);
    plan_.flows.push_back({user, reference.target, reference.field});
  }

  void wire_uses(Graph::Index user) {
    const Entry* entry = plan_.nodes[user].entry;
    if (entry == nullptr) return;
    std::vector<NameUse> uses;
    const Block& block = *entry->block.block;
    if (entry->kind == EntryKind::kCustom)
      uses.push_back({block.name.front(), name_range(entry->block)});
    else if (entry->kind == EntryKind::kDeclare)
      collect_uses(block.body, entry->block.file, {}, uses);
    else if (entry->kind == EntryKind::kForeach && foreach_template(block) != nullptr)
      collect_uses(foreach_template(block)->body, entry->block.file, {}, uses);
    for (const NameUse& use : uses) {
      const auto found = namespaces_.find(use.first);
      if (found == namespaces_.end()) continue;
      if (found->second == user && !plan_.graph.depends_on_itself(user)) refers_to_itself(user, use.range);
      plan_.graph.add_edge(user, found->second);
    }
  }

  // Who depends on a declare is to hear of the imports that the declare's body uses.
  void wire_imports() {
    const auto is = [&](Graph::Index node, EntryKind kind) {
      return plan_.nodes[node].entry != nullptr && plan_.nodes[node].entry->kind == kind;
    };
    bool any = false;
    for (Graph::Index node = 0; node < plan_.nodes.size(); ++node) any = any || is(node, EntryKind::kImport);
    if (!any) return;
    for (Graph::Index user = 0; user < plan_.nodes.size(); ++user) {
      if (!is(user, EntryKind::kCustom) && !is(user, EntryKind::kForeach)) continue;
      std::set<Graph::Index> seen;
      std::vector<Graph::Index> open = plan_.graph.dependencies(user);
      while (!open.empty()) {
        const Graph::Index node = open.back();
        open.pop_back();
        if (!seen.insert(node).second) continue;
        if (is(node, EntryKind::kImport)) plan_.graph.add_edge(user, node);
        if (!is(node, EntryKind::kDeclare)) continue;
        const auto& more = plan_.graph.dependencies(node);
        open.insert(open.end(), more.begin(), more.end());
      }
    }
  }

  void refers_to_itself(Graph::Index node, syntax::Range range) {
    self_references_.push_back(
        {syntax::Severity::kError, std::move(range),
         validating() ? "cannot reference self" : "self reference: " + plan_.nodes[node].id});
  }

  // load() says a cycle once, validate() at each member with the members in the order of the alphabet.
  void find_circles() {
    for (const std::vector<Graph::Index>& cycle : plan_.graph.cycles()) {
      std::vector<std::string> members;
      members.reserve(cycle.size());
      for (const Graph::Index member : cycle) members.push_back(plan_.nodes[member].id);
      if (validating()) std::ranges::sort(members);
      const std::string message =
          (validating() ? "cycle detected: " : "cycle: ") + member_list(std::move(members));
      for (const Graph::Index member : cycle) {
        // A member of a cycle has references, so it was written.
        plan_.circles.push_back(
            {syntax::Severity::kError, header_range(plan_.nodes[member].entry->block), message});
        if (!validating()) break;
      }
    }
    std::ranges::move(self_references_, std::back_inserter(plan_.circles));
  }

  const PlanRequest& request_;
  Plan plan_;
  std::vector<ExportTypes> exports_;  // of each node
  std::map<std::string, Graph::Index, std::less<>> namespaces_;
  std::vector<syntax::Diagnostic> self_references_;
};

}  // namespace

std::optional<std::string> foreach_variable(const Block& foreach) {
  for (const syntax::ast::Statement& statement : foreach.body.statements) {
    const auto* attribute = std::get_if<syntax::ast::Attribute>(&statement.node);
    if (attribute == nullptr || attribute->name != "var") continue;
    const auto* literal = std::get_if<syntax::ast::Literal>(&attribute->value->node);
    if (literal == nullptr || literal->text.size() < 2 || literal->text.front() != '"') return std::nullopt;
    return literal->text.substr(1, literal->text.size() - 2);
  }
  return std::nullopt;
}

const Block* foreach_template(const Block& foreach) {
  for (const syntax::ast::Statement& statement : foreach.body.statements)
    if (const auto* block = std::get_if<Block>(&statement.node))
      if (block->full_name() == "template") return block;
  return nullptr;
}

Plan make_plan(const PlanRequest& request) {
  return Planner(request).make();
}

}  // namespace invar::runtime
