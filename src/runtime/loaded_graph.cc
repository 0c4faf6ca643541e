#include "runtime/loaded_graph.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"

namespace invar::runtime {
namespace {

// Exports by the fragments of their ids, to be turned into nested objects.
struct ExportTree {
  const syntax::Value* exports = nullptr;
  std::map<std::string, ExportTree, std::less<>> below;

  void insert(std::string_view id, const syntax::Value& value) {
    ExportTree* at = this;
    for (const std::string_view fragment : split(id, '.'))
      at = &at->below.try_emplace(std::string(fragment)).first->second;
    at->exports = &value;
  }
  [[nodiscard]] syntax::Value value() const {
    if (exports != nullptr) return *exports;
    std::vector<std::pair<std::string, syntax::Value>> fields;
    fields.reserve(below.size());
    for (const auto& [name, tree] : below) fields.emplace_back(name, tree.value());
    return syntax::Value::object(std::move(fields));
  }
};

constexpr std::string_view kReceiverType = "ProfilesReceiver";

// Profiles flow to whoever exports a receiver; everything else flows from the exporter to the user.
bool flows_to_exporter(const component::Registration& exporter, const std::string& field_name) {
  if (exporter.exports == nullptr) return false;
  const syntax::Field* field = exporter.exports->find(field_name);
  return field != nullptr && field->type_text == kReceiverType;
}

class Maker {
 public:
  Maker(const GraphRequest& request, syntax::Diagnostics& diagnostics, std::vector<Warning>& warnings)
      : request_(request),
        environment_(*request.module->environment),
        diagnostics_(diagnostics),
        warnings_(warnings),
        inventory_(take_inventory(*request.blocks, *environment_.components, environment_.blocks,
                                  environment_.min_stability, Purpose::kRun)) {}

  std::optional<LoadedGraph> make() {
    for (const BlockClass reported :
         {BlockClass::kService, BlockClass::kDeclare, BlockClass::kConfig, BlockClass::kComponent})
      report_blocks(reported);
    add_config_nodes();
    add_component_nodes();
    wire();
    report_cycles();
    for (syntax::Diagnostic& self : self_references_) report(std::move(self));
    if (failed_) return std::nullopt;
    graph_.order = graph_.graph.topological_order();
    graph_.place_of.resize(graph_.order.size());
    for (std::size_t place = 0; place < graph_.order.size(); ++place)
      graph_.place_of[graph_.order[place]] = place;
    return std::move(graph_);
  }

 private:
  void report(syntax::Diagnostic diagnostic) {
    failed_ = true;
    diagnostics_.add(std::move(diagnostic));
  }

  void report_blocks(BlockClass reported) {
    for (const Entry& entry : inventory_.entries) {
      if (entry.block_class != reported) continue;
      for (const syntax::Diagnostic& problem : entry.problems) report(problem);
    }
  }

  void add_config_nodes() {
    for (const ConfigBlock& config : environment_.blocks) {
      if (config.schema == nullptr) continue;
      std::optional<syntax::ast::BlockRef> block;
      for (const Entry& entry : inventory_.entries)
        if (entry.config == &config && entry.is_node()) block = entry.block;
      std::shared_ptr<Node> node = previous(config.name);
      if (node == nullptr) node = std::make_shared<ConfigNode>(config);
      add({.node = std::move(node), .block = std::move(block)});
    }
  }

  void add_component_nodes() {
    for (const Entry& entry : inventory_.entries) {
      if (entry.component == nullptr || !entry.is_node()) continue;
      std::shared_ptr<ComponentNode> node = std::dynamic_pointer_cast<ComponentNode>(previous(entry.id));
      if (node == nullptr)
        node = std::make_shared<ComponentNode>(entry.id, entry.block.block->label, *entry.component,
                                               *request_.module);
      add({.node = node, .component = node, .block = entry.block});
    }
  }

  std::shared_ptr<Node> previous(const std::string& id) const {
    if (request_.previous == nullptr) return nullptr;
    const auto found = request_.previous->ids.find(id);
    return found == request_.previous->ids.end() ? nullptr : request_.previous->items[found->second].node;
  }

  void add(LoadedGraph::Item item) {
    const Graph::Index index = graph_.items.size();
    graph_.ids.emplace(item.node->id(), index);
    graph_.index_of.emplace(item.node.get(), index);
    graph_.items.push_back(std::move(item));
  }

  void wire() {
    graph_.graph = Graph(graph_.items.size());
    ReferenceResolver resolver(graph_.ids, inventory_, request_.variables, environment_.min_stability);
    for (Graph::Index user = 0; user < graph_.items.size(); ++user) {
      const LoadedGraph::Item& item = graph_.items[user];
      if (!item.block) continue;
      References references = resolver.resolve(*item.block);
      for (syntax::Diagnostic& error : references.errors) report(std::move(error));
      std::ranges::move(references.warnings, std::back_inserter(warnings_));
      for (const Reference& reference : references.found) connect(user, reference);
    }
  }

  void connect(Graph::Index user, const Reference& reference) {
    const Graph::Index exporter = reference.target;
    if (exporter == user) {
      if (!graph_.graph.depends_on_itself(user))
        self_references_.push_back(
            {syntax::Severity::kError, reference.range, "self reference: " + graph_.items[user].node->id()});
      graph_.graph.add_edge(user, user);
      return;
    }
    graph_.graph.add_edge(user, exporter);
    const auto& component = graph_.items[exporter].component;
    if (component == nullptr || graph_.items[user].component == nullptr) return;
    const bool backwards = flows_to_exporter(component->registration(), reference.field);
    auto& edges = graph_.items[backwards ? user : exporter].data_flow_edges_to;
    const Graph::Index to = backwards ? exporter : user;
    if (std::ranges::find(edges, to) == edges.end()) edges.push_back(to);
  }

  void report_cycles() {
    for (const std::vector<Graph::Index>& cycle : graph_.graph.cycles()) {
      std::vector<std::string> members;
      members.reserve(cycle.size());
      for (const Graph::Index member : cycle) members.push_back(graph_.items[member].node->id());
      // A member of a cycle has references, so it was written.
      report({syntax::Severity::kError, header_range(*graph_.items[cycle.front()].block),
              "cycle: " + member_list(std::move(members))});
    }
  }

  const GraphRequest& request_;
  const Environment& environment_;
  syntax::Diagnostics& diagnostics_;
  std::vector<Warning>& warnings_;
  Inventory inventory_;
  LoadedGraph graph_;
  std::vector<syntax::Diagnostic> self_references_;
  bool failed_ = false;
};

}  // namespace

syntax::Scope LoadedGraph::scope_for(Graph::Index node, std::shared_ptr<const syntax::Scope> module) const {
  ExportTree tree;
  for (const Graph::Index dependency : graph.dependencies(node)) {
    const Node& target = *items[dependency].node;
    if (const syntax::Value* exports = target.exports()) tree.insert(target.id(), *exports);
  }
  syntax::Scope scope;
  scope.parent = std::move(module);
  for (const auto& [name, below] : tree.below) scope.variables.emplace(name, below.value());
  return scope;
}

std::vector<std::vector<RunnablePtr>> LoadedGraph::task_groups() const {
  std::vector<std::vector<RunnablePtr>> out;
  for (const std::vector<Graph::Index>& group : graph.groups()) {
    std::vector<RunnablePtr> tasks;
    for (const Graph::Index index : group)
      if (items[index].component) tasks.push_back(items[index].component);
    if (!tasks.empty()) out.push_back(std::move(tasks));
  }
  return out;
}

std::optional<LoadedGraph> make_graph(const GraphRequest& request, syntax::Diagnostics& diagnostics,
                                      std::vector<Warning>& warnings) {
  return Maker(request, diagnostics, warnings).make();
}

}  // namespace invar::runtime
