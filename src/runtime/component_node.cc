#include "runtime/component_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "component/shown_arguments.h"
#include "component/target.h"
#include "fs/path.h"
#include "syntax/decode_impl.h"

namespace invar::runtime {
namespace {

constexpr std::string_view kReceiverType = "ProfilesReceiver";

std::string data_path(const std::string& storage, const std::string& id) {
  return storage.empty() ? id : fs::join_path(storage, id);
}

}  // namespace

ComponentNode::ComponentNode(std::string id, std::string label, const component::Registration& registration,
                             const ModuleContext& module)
    : TaskNode(std::move(id), module, kComponentWords),
      registration_(&registration),
      label_(std::move(label)),
      tap_([recent = module.environment->recent, id = task_id()](const pipeline::ProfilePtr& profile) {
        if (recent != nullptr) recent->keep(id, profile);
      }) {
  if (registration.exports != nullptr)
    exports_ = syntax::Boxed(&*registration.exports, registration.exports->make());
}

ComponentNode::~ComponentNode() = default;

Evaluation ComponentNode::evaluate_now(const syntax::Scope& scope) {
  return noted(take_block(scope));
}

Evaluation ComponentNode::take_block(const syntax::Scope& scope) {
  auto arguments = decode_arguments(block(), *registration_->arguments, scope);
  if (!arguments) return decoding_failure(block(), kComponentHeadline, std::move(arguments).error(), false);

  if (component_ == nullptr) {
    const Result<> built = build(*arguments);
    if (!built)
      return block_failure(block(), kComponentHeadline, "building component: " + built.error().message);
    return std::nullopt;
  }
  if (!update_failed_ && *arguments == arguments_) return std::nullopt;
  const Result<> updated = component_->update(*arguments);
  update_failed_ = !updated;
  if (!updated)
    return block_failure(block(), kComponentHeadline, "updating component: " + updated.error().message);
  arguments_ = std::move(*arguments);
  return std::nullopt;
}

Result<> ComponentNode::build(const syntax::Boxed& arguments) {
  metrics_ = module().metrics->scope({{"component_path", module().path()}, {"component_id", id()}});
  auto component = registration_->build(make_options(), arguments);
  if (!component) {
    metrics_.reset();  // with it go the series of the half-built component
    return std::unexpected(std::move(component).error());
  }
  component_ = std::move(*component);
  arguments_ = arguments;
  return {};
}

component::Options ComponentNode::make_options() {
  const Environment& environment = *module().environment;
  component::Options options;
  options.id = task_id();
  options.logger = logger();
  options.metrics = metrics_.get();
  options.data_path = data_path(environment.storage_path, task_id());
  options.min_stability = environment.min_stability;
  options.loop = environment.loop;
  options.pool = environment.pool;
  options.disk_pool = environment.disk_pool;
  options.files = environment.files;
  options.http = environment.http;
  options.listen = environment.listen;
  options.cluster = environment.cluster;
  options.claims = environment.claims.get();
  options.instance_uid = environment.instance_uid;
  options.tap = tap_;
  options.set_exports = alive_.bind([this](syntax::Boxed exports) { publish(std::move(exports)); });
  return options;
}

void ComponentNode::publish(syntax::Boxed exports) {
  INVAR_CHECK(registration_->exports != nullptr && exports.schema() == &*registration_->exports,
              "exports that " + registration_->name + " does not declare");
  if (exports == exports_) {
    tap_.show("exports", [] { return std::string("published again, unchanged"); });
    return;
  }
  exports_ = std::move(exports);
  exports_value_.reset();
  if (tap_.watched()) show_exports();
  module().exports_changed(*this);
}

// Targets one by one, which is what people look for; of anything else that it changed.
void ComponentNode::show_exports() const {
  constexpr std::size_t kMost = 1000;
  for (const auto& [name, value] : exports()->as_object().fields) {
    const auto targets = syntax::Codec<component::Targets>::decode(value);
    if (!targets) {
      tap_.show("exports", [&name] { return name + " has changed"; });
      continue;
    }
    tap_.show("exports", [&] { return fmt::format("{} has {} targets now", name, targets->size()); });
    for (std::size_t i = 0; i < std::min(targets->size(), kMost); ++i)
      tap_.show("target", [&] { return (*targets)[i].to_string(); });
  }
}

std::optional<component::RunningComponent> ComponentNode::running() const {
  return component::RunningComponent{.registration = registration_,
                                     .component = component_.get(),
                                     .tap = tap_,
                                     .arguments = &arguments_,
                                     .exports = &exports_};
}

const syntax::Value* ComponentNode::exports() const {
  if (!exports_value_)
    exports_value_ =
        exports_.empty() ? syntax::Value::object({}, true) : exports_.schema()->to_object(exports_.object());
  return &*exports_value_;
}

bool ComponentNode::takes_profiles(const std::string& field_name) const {
  if (registration_->exports == nullptr) return false;
  const syntax::Field* field = registration_->exports->find(field_name);
  return field != nullptr && field->type_text == kReceiverType;
}

void ComponentNode::start_task() {
  note_started();
  component_->start();
}

void ComponentNode::stop_task(async::Task done) {
  component_->stop(std::move(done));
}

std::optional<component::Health> ComponentNode::own_health() const {
  if (!component_) return std::nullopt;
  std::vector<component::Health> own;
  if (auto health = component_->health()) own.push_back(std::move(*health));
  for (component::Problem& problem : component_->problems(component::Severity::kFailing))
    own.push_back({component::HealthState::kUnhealthy, std::move(problem.sentence), problem.since_unix_ns});
  return own.empty() ? std::nullopt : std::optional(component::combine(own));
}

// Those of the component, and what makes it unhealthy besides.
std::vector<component::Problem> ComponentNode::problems(const component::Health& health) const {
  using component::HealthState;
  using component::Severity;
  std::vector<component::Problem> out;
  if (component_) out = component_->problems(Severity::kDegraded);
  const bool bad = health.state == HealthState::kUnhealthy || health.state == HealthState::kExited;
  const bool said = std::ranges::any_of(out, [&](const component::Problem& problem) {
    return problem.severity == Severity::kFailing && problem.sentence == health.message;
  });
  if (bad && !said) out.insert(out.begin(), {Severity::kFailing, "", health.message, health.updated_unix_ns});
  return out;
}

std::optional<component::ComponentView> ComponentNode::view(bool details) const {
  component::ComponentView view = plain_view(registration_->name, label_);
  if (component_)
    for (const pipeline::Ledger* ledger : component_->ledgers())
      view.ledgers.push_back({ledger->destination(), ledger->rows()});
  if (!details) return view;
  if (!arguments_.empty()) view.arguments = component::shown_arguments(component_.get(), arguments_);
  // All of them: unlike an argument, an export has no default that would go without saying.
  for (const auto& [name, value] : exports()->as_object().fields) view.exports.attribute(name, value);
  view.problems = problems(view.health);
  if (component_) view.debug_info = component_->debug_info();
  return view;
}

}  // namespace invar::runtime
