#include "runtime/custom_node.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/strings.h"
#include "runtime/inventory.h"
#include "syntax/evaluator.h"

namespace invar::runtime {
namespace {

constexpr std::string_view kReceiverCapsule = "pyroscope.Appendable";

}  // namespace

std::vector<syntax::Diagnostic> in_instance(const syntax::Diagnostics& diagnostics,
                                            const syntax::ast::BlockRef& instance) {
  std::vector<syntax::Diagnostic> out(diagnostics.begin(), diagnostics.end());
  const std::string where =
      fmt::format(" (in {} at {})", instance.block->id(),
                  syntax::position_at(instance.file->source, instance.span.begin).to_string());
  for (syntax::Diagnostic& diagnostic : out) diagnostic.message += where;
  return out;
}

CustomNode::CustomNode(std::string id, std::string name, std::string label, const ModuleContext& module)
    : TaskNode(std::move(id), module, kCustomWords), name_(std::move(name)), label_(std::move(label)) {}

CustomNode::~CustomNode() = default;

void CustomNode::evaluate(const syntax::Scope& scope, Done done) {
  std::map<std::string, syntax::Value> arguments;
  syntax::Diagnostics mistakes;
  const syntax::ast::BlockRef& block = *this->block();
  if (!syntax::decode_map(block.block->body, block.file->source, scope, arguments, mistakes))
    return done(
        noted(decoding_failure(block, kComponentHeadline, {mistakes.begin(), mistakes.end()}, false)));
  Definition definition;
  Evaluation failure = find_definition(definition);
  if (!failure) failure = refuse_unknown_arguments(definition, arguments);
  if (!failure) {
    const auto& declare = definition.declare;
    auto stray = stray_attributes(declare.block->body, declare.file);
    if (!stray.empty()) failure = EvaluationFailure{stray.front().to_string(), std::move(stray)};
  }
  if (failure) return done(noted(std::move(failure)));

  const bool first = inner_ == nullptr || !inner_->loaded();
  if (inner_ == nullptr) {
    ModuleContext context = module();
    context.id = task_id();
    context.origin = definition.scope->origin();
    inner_ = std::make_unique<Module>(std::move(context), [this] { take_exports(); });
  }
  const std::uint64_t generation = definition.scope->generation();
  Names gone = as_argument_ids(module().gone_arguments(*this));
  const bool same_body = !first && definition == definition_ && generation == generation_ && gone == gone_;
  arguments_ = std::move(arguments);
  definition_ = definition;
  generation_ = generation;
  gone_ = std::move(gone);
  auto end = alive_.bind([this, first, done = std::move(done)](Module::Outcome outcome) mutable {
    Evaluation result = loaded(std::move(outcome), first);
    done(noted(std::move(result)));
  });
  if (same_body) return inner_->give({.arguments = arguments_, .names = {}}, std::move(end));
  inner_->load({.blocks = blocks_of(definition.declare.block->body, definition.declare.file),
                .kind = BodyKind::kDeclare,
                .outer = definition.scope,
                .module_path = definition.scope->module_path(),
                .gone = gone_},
               {.arguments = arguments_, .names = {}}, std::move(end));
}

Evaluation CustomNode::find_definition(Definition& out) const {
  const std::vector<std::string>& name = block()->block->name;
  const Definitions::Found found = module().definitions().find(name);
  if (found.definition.declare.block != nullptr) {
    out = found.definition;
    return std::nullopt;
  }
  if (found.unknown)
    return block_failure(block(), kComponentHeadline,
                         fmt::format("the content of the import {} is not there", quote(name.front())));
  const std::size_t last = name.size() - 1;
  std::vector<std::string> name_space(name.begin(), name.begin() + static_cast<std::ptrdiff_t>(last));
  return block_failure(
      block(), kComponentHeadline,
      fmt::format("custom component config not found in the registry, namespace: {}, componentName: {}",
                  quote(join(name_space, ".")), quote(name[last])));
}

Evaluation CustomNode::refuse_unknown_arguments(const Definition& definition,
                                                const std::map<std::string, syntax::Value>& arguments) const {
  std::set<std::string, std::less<>> known;
  std::optional<EvaluationFailure> failure;
  for (const auto& ref : blocks_of(definition.declare.block->body, definition.declare.file))
    if (ref.block->full_name() == "argument") known.insert(ref.block->label);
  for (const syntax::ast::Statement& statement : block()->block->body.statements) {
    const auto& attribute = std::get<syntax::ast::Attribute>(statement.node);
    if (known.contains(attribute.name) || !arguments.contains(attribute.name)) continue;
    std::string text =
        fmt::format("Provided argument {} is not defined in the module", quote(attribute.name));
    if (!failure) failure.emplace(text);
    failure->diagnostics.push_back({syntax::Severity::kError,
                                    syntax::ast::range_of(block()->file->source, attribute.name_span),
                                    std::move(text)});
  }
  return failure;
}

Evaluation CustomNode::loaded(Module::Outcome outcome, bool first) {
  take_exports();
  if (outcome.diagnostics.empty()) return std::nullopt;
  return EvaluationFailure{(first ? "loading custom component controller: " : "updating custom component: ") +
                               outcome.diagnostics.summary(),
                           in_instance(outcome.diagnostics, *block())};
}

void CustomNode::take_exports() {
  if (exports_ == inner_->exports()) return;
  exports_ = inner_->exports();
  module().exports_changed(*this);
}

bool CustomNode::takes_profiles(const std::string& field) const {
  const syntax::Value* value = exports_.as_object().find(field);
  return value != nullptr && value->type() == syntax::Type::kCapsule &&
         value->as_capsule()->type_name() == kReceiverCapsule;
}

void CustomNode::start_task() {
  note_started();
  inner_->start();
}

std::optional<component::ComponentView> CustomNode::view(bool details) const {
  component::ComponentView view = plain_view(name_, label_);
  if (inner_) view.created_module_ids.push_back(inner_->id());
  if (!details) return view;
  for (const auto& [name, value] : arguments_) view.arguments.attribute(name, value);
  for (const auto& [name, value] : exports_.as_object().fields) view.exports.attribute(name, value);
  return view;
}

void CustomNode::each_module(const std::function<void(const Module&)>& visit) const {
  if (inner_) visit(*inner_);
}

const Module* CustomNode::module_above(std::string_view id) const {
  return inner_ && (id == inner_->id() || id.starts_with(inner_->id() + "/")) ? inner_.get() : nullptr;
}

}  // namespace invar::runtime
