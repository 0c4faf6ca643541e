#include "runtime/controller.h"

#include <fmt/core.h>

#include "base/check.h"
#include "base/strings.h"
#include "runtime/controller_metrics.h"
#include "runtime/module.h"
#include "runtime/sources.h"

namespace invar::runtime {
namespace {

class RootController final : public Controller {
 public:
  explicit RootController(Environment environment)
      : environment_(std::move(environment)), metrics_(*environment_.metrics), root_(context(), [] {}) {}

  void load(const std::vector<SourceFile>& sources, const std::string& module_path, LoadDone done) override {
    metrics_.note_sources(sources_hash(sources));
    LoadResult result;
    auto blocks = parse_sources(sources, result.diagnostics);
    if (!blocks) {
      result.sources_rejected = true;
      metrics_.note_loaded(false, environment_.loop->unix_ns());
      return done(std::move(result));
    }
    root_.load(
        {.blocks = *std::move(blocks), .kind = BodyKind::kRoot, .outer = {}, .module_path = module_path}, {},
        [this, done = std::move(done)](Module::Outcome outcome) mutable {
          metrics_.note_loaded(!outcome.diagnostics.has_errors(), environment_.loop->unix_ns());
          done({.diagnostics = std::move(outcome.diagnostics), .applied = outcome.applied});
        });
  }

  void note_read_failure() override {
    metrics_.note_sources("");
    metrics_.note_loaded(false, environment_.loop->unix_ns());
  }

  void start() override { root_.start(); }
  void stop(async::Task done) override { root_.stop(std::move(done)); }

  bool ready() const override { return root_.loaded(); }
  bool has_module(std::string_view module_id) const override { return root_.find(module_id) != nullptr; }
  std::vector<ComponentView> list(std::string_view module_id) const override {
    const Module* module = root_.find(module_id);
    return module == nullptr ? std::vector<ComponentView>() : module->list();
  }
  std::vector<ComponentView> list_all() const override {
    std::vector<ComponentView> views = root_.list();
    root_.each_module([&](const Module& module) {
      for (ComponentView& view : module.list()) views.push_back(std::move(view));
    });
    return views;
  }
  std::optional<ComponentView> details(std::string_view id) const override {
    const auto [module, local] = find(id);
    return module == nullptr ? std::nullopt : module->details(local);
  }
  std::optional<component::RunningComponent> running(std::string_view id) const override {
    const auto [module, local] = find(id);
    return module == nullptr ? std::nullopt : module->running(local);
  }
  std::vector<std::string> unhealthy_component_names() const override {
    return root_.unhealthy_component_names();
  }
  component::OtherPipelines other_pipelines() const override {
    OtherPipelinesView view;
    if (!environment_.skip_other_pipelines) return {};
    root_.tell(view);
    root_.each_module([&](const Module& module) { module.tell(view); });
    return view.take();
  }

 private:
  // The module of a component's whole id, and its id there.
  std::pair<const Module*, std::string_view> find(std::string_view id) const {
    const auto slash = id.rfind('/');
    const bool nested = slash != std::string_view::npos;
    return {root_.find(nested ? id.substr(0, slash) : std::string_view()),
            nested ? id.substr(slash + 1) : id};
  }

  ModuleContext context() const {
    ModuleContext context;
    context.environment = &environment_;
    context.metrics = environment_.metrics;
    return context;
  }

  const Environment environment_;
  ConfigMetrics metrics_;
  Module root_;
};

}  // namespace

std::unique_ptr<Controller> Controller::create(Environment environment) {
  INVAR_CHECK(
      environment.loop != nullptr && environment.metrics != nullptr && environment.components != nullptr,
      "a controller needs a loop, a metrics registry and a component registry");
  if (!environment.claims) environment.claims = std::make_shared<component::Claims>(*environment.loop);
  return std::make_unique<RootController>(std::move(environment));
}

std::string reading_error_text(const std::string& config_path, std::string_view error) {
  return fmt::format("reading config path {}: {}", quote(config_path), error);
}

std::string load_error_text(const std::string& config_path, const Controller::LoadResult& result) {
  if (result.diagnostics.empty()) return {};
  const std::string summary = result.diagnostics.summary();
  return result.sources_rejected ? reading_error_text(config_path, summary)
                                 : "error during the initial load: " + summary;
}

}  // namespace invar::runtime
