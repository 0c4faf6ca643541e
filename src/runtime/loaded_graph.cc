#include "runtime/loaded_graph.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "runtime/component_node.h"
#include "runtime/config_node.h"
#include "runtime/custom_node.h"
#include "runtime/foreach_node.h"
#include "runtime/import_node.h"
#include "runtime/module_nodes.h"

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

class Maker {
 public:
  Maker(const GraphRequest& request, syntax::Diagnostics& diagnostics, std::vector<Warning>& warnings)
      : request_(request), diagnostics_(diagnostics), warnings_(warnings) {}

  std::optional<LoadedGraph> make() {
    define();
    const Environment& environment = *request_.module->environment;
    const ProfilesPart part = profiles_part();
    PlanRequest request{.body = {.blocks = &part.blocks,
                                 .kind = request_.kind,
                                 .definitions = graph_.definitions.get(),
                                 .components = environment.components,
                                 .config_blocks = &environment.blocks,
                                 .min_stability = environment.min_stability,
                                 .purpose = Purpose::kRun,
                                 .gone = part.gone},
                        .given = request_.given,
                        .variables = {"module_path"}};
    Plan plan = make_plan(request);
    if (!report(plan, part.refusals)) return std::nullopt;
    graph_.gone_arguments = part.gone_arguments;
    graph_.gone = part.gone;
    graph_.left_out = part.left_out;
    for (const PlannedNode& planned : plan.nodes) add(planned);
    graph_.graph = std::move(plan.graph);
    graph_.ids = std::move(plan.ids);
    for (const Flow& flow : plan.flows) {
      graph_.items[flow.user].flows.push_back(flow);
      graph_.items[flow.exporter].flows.push_back(flow);
    }
    graph_.order = graph_.graph.topological_order();
    graph_.place_of.resize(graph_.order.size());
    for (std::size_t place = 0; place < graph_.order.size(); ++place)
      graph_.place_of[graph_.order[place]] = place;
    return std::move(graph_);
  }

 private:
  // What the body may use: an import that was there before keeps its content.
  void define() {
    auto definitions = std::make_shared<Definitions>(request_.outer, request_.module_path);
    for (const syntax::ast::BlockRef& ref : *request_.blocks) {
      const std::string name = ref.block->full_name();
      if (ref.block->label.empty()) continue;
      if (name == "declare") definitions->declare(ref);
      if (name.starts_with("import.")) definitions->import(ref.block->label, import(ref)->slot());
    }
    graph_.definitions = std::move(definitions);
  }

  std::shared_ptr<ImportNode> import(const syntax::ast::BlockRef& ref) {
    std::shared_ptr<ImportNode>& node = imports_[ref.block->id()];
    if (node == nullptr) node = previous<ImportNode>(ref.block->id());
    if (node == nullptr)
      node = std::make_shared<ImportNode>(ref.block->id(), ref.block->full_name(), ref.block->label,
                                          *request_.module);
    return node;
  }

  [[nodiscard]] ProfilesPart profiles_part() const {
    if (!request_.module->environment->skip_other_pipelines) {
      ProfilesPart everything;
      everything.blocks = *request_.blocks;
      return everything;
    }
    return keep_profiles({.blocks = request_.blocks,
                          .definitions = graph_.definitions,
                          .components = request_.module->environment->components,
                          .gone = request_.gone});
  }

  bool report(Plan& plan, const std::vector<syntax::Diagnostic>& refusals) {
    bool good = true;
    std::vector<syntax::Diagnostic> foreign;
    const auto error = [&](syntax::Diagnostic diagnostic) {
      good = false;
      if (diagnostic.foreign)
        foreign.push_back(std::move(diagnostic));
      else
        diagnostics_.add(std::move(diagnostic));
    };
    for (const syntax::Diagnostic& refusal : refusals) error(refusal);
    for (const BlockClass reported :
         {BlockClass::kService, BlockClass::kDeclare, BlockClass::kConfig, BlockClass::kComponent})
      for (const Entry& entry : plan.inventory.entries)
        if (entry.block_class == reported)
          for (const syntax::Diagnostic& problem : entry.problems) error(problem);
    for (std::size_t i = 0; i < plan.references.size(); ++i) {
      if (!plan.inventory.entries[i].is_node()) continue;
      for (syntax::Diagnostic& wrong : plan.references[i].errors) error(std::move(wrong));
      std::ranges::move(plan.references[i].warnings, std::back_inserter(warnings_));
    }
    for (syntax::Diagnostic& circle : plan.circles) error(std::move(circle));
    for (syntax::Diagnostic& last : foreign) diagnostics_.add(std::move(last));
    return good;
  }

  void add(const PlannedNode& planned) {
    std::shared_ptr<Node> node = planned.config != nullptr  ? config_node(*planned.config)
                                 : planned.entry != nullptr ? node_of(*planned.entry)
                                                            : given_node(planned.id);
    graph_.index_of.emplace(node.get(), graph_.items.size());
    graph_.items.push_back({.node = std::move(node), .block = {}, .flows = {}});
    if (planned.entry != nullptr) graph_.items.back().block = planned.entry->block;
  }

  std::shared_ptr<Node> config_node(const ConfigBlock& config) {
    if (auto node = previous<ConfigNode>(config.name)) return node;
    return std::make_shared<ConfigNode>(config);
  }

  std::shared_ptr<Node> given_node(const std::string& id) {
    auto node = previous<GivenNode>(id);
    if (node == nullptr) node = std::make_shared<GivenNode>(id);
    graph_.given[id] = node.get();
    return node;
  }

  std::shared_ptr<Node> node_of(const Entry& entry) {
    const syntax::ast::Block& block = *entry.block.block;
    const ModuleContext& module = *request_.module;
    switch (entry.kind) {
      case EntryKind::kComponent:
        return kept_or_new<ComponentNode>(entry.id, block.label, *entry.component, module);
      case EntryKind::kCustom:
        return kept_or_new<CustomNode>(entry.id, block.full_name(), block.label, module);
      case EntryKind::kForeach:
        return kept_or_new<ForeachNode>(entry.id, block.label, module);
      case EntryKind::kArgument: {
        auto node = kept_or_new<ArgumentNode>(entry.id, block.label, module);
        graph_.arguments[block.label] = node.get();
        return node;
      }
      case EntryKind::kExport: {
        auto node = kept_or_new<ExportNode>(entry.id, block.label, module);
        graph_.exports[block.label] = node.get();
        return node;
      }
      case EntryKind::kImport:
        return import(entry.block);
      case EntryKind::kDeclare:
        return kept_or_new<DeclareNode>(entry.id);
      case EntryKind::kNothing:
      case EntryKind::kConfig:
        break;
    }
    return nullptr;
  }

  template <class T>
  std::shared_ptr<T> previous(const std::string& id) const {
    if (request_.previous == nullptr) return nullptr;
    const auto found = request_.previous->ids.find(id);
    if (found == request_.previous->ids.end()) return nullptr;
    return std::dynamic_pointer_cast<T>(request_.previous->items[found->second].node);
  }

  template <class T, class... More>
  std::shared_ptr<T> kept_or_new(const std::string& id, More&&... more) const {
    if (auto node = previous<T>(id)) return node;
    return std::make_shared<T>(id, std::forward<More>(more)...);
  }

  const GraphRequest& request_;
  syntax::Diagnostics& diagnostics_;
  std::vector<Warning>& warnings_;
  LoadedGraph graph_;
  std::map<std::string, std::shared_ptr<ImportNode>> imports_;
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
      if (Runnable* task = items[index].node->task()) tasks.emplace_back(items[index].node, task);
    if (!tasks.empty()) out.push_back(std::move(tasks));
  }
  return out;
}

std::vector<Graph::Index> LoadedGraph::data_flow_edges_to(Graph::Index node) const {
  std::vector<Graph::Index> out;
  for (const Flow& flow : items[node].flows) {
    const bool backwards = items[flow.exporter].node->takes_profiles(flow.field);
    if ((backwards ? flow.user : flow.exporter) != node) continue;
    const Graph::Index to = backwards ? flow.exporter : flow.user;
    if (std::ranges::find(out, to) == out.end()) out.push_back(to);
  }
  return out;
}

std::optional<LoadedGraph> make_graph(const GraphRequest& request, syntax::Diagnostics& diagnostics,
                                      std::vector<Warning>& warnings) {
  return Maker(request, diagnostics, warnings).make();
}

}  // namespace invar::runtime
