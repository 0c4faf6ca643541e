#include "runtime/controller.h"

#include <fmt/core.h>

#include <memory>

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
      : environment_(std::move(environment)),
        metrics_(*environment_.metrics),
        root_(context(""), [] {}),
        remote_(context(std::string(kRemote)), [] {}) {}

  void load(const std::vector<SourceFile>& sources, const std::string& module_path, LoadDone done) override {
    metrics_.note_sources(sources_hash(sources));
    LoadResult result;
    auto blocks = parse_sources(sources, result.diagnostics);
    if (!blocks) {
      result.sources_rejected = true;
      metrics_.note_loaded(false, environment_.loop->unix_ns());
      return done(std::move(result));
    }
    module_path_ = module_path;
    root_.load(
        {.blocks = *std::move(blocks), .kind = BodyKind::kRoot, .outer = {}, .module_path = module_path}, {},
        [this, done = std::move(done)](Module::Outcome outcome) mutable {
          metrics_.note_loaded(!outcome.diagnostics.has_errors(), environment_.loop->unix_ns());
          done({.diagnostics = std::move(outcome.diagnostics), .applied = outcome.applied});
        });
  }

  void load_remote(const std::string& text, LoadDone done) override {
    LoadResult result;
    auto blocks = parse_sources({{"", text}}, result.diagnostics);
    if (!blocks) {
      result.sources_rejected = true;
      return done(std::move(result));
    }
    remote_.load(
        {.blocks = *std::move(blocks), .kind = BodyKind::kRemote, .outer = {}, .module_path = module_path_},
        {}, [done = std::move(done)](Module::Outcome outcome) mutable {
          done({.diagnostics = std::move(outcome.diagnostics), .applied = outcome.applied});
        });
  }

  void note_read_failure() override {
    metrics_.note_sources("");
    metrics_.note_loaded(false, environment_.loop->unix_ns());
  }

  void start() override {
    root_.start();
    remote_.start();
  }
  void stop(async::Task done) override {
    const auto all = std::make_shared<async::Task>(std::move(done));
    const auto left = std::make_shared<int>(2);
    for (Module* module : {&root_, &remote_}) {
      module->stop([all, left] {
        if (--*left == 0) (*all)();
      });
    }
  }

  bool ready() const override { return root_.loaded(); }
  bool has_module(std::string_view module_id) const override { return find(module_id) != nullptr; }
  std::vector<ComponentView> list(std::string_view module_id) const override {
    const Module* module = find(module_id);
    return module == nullptr ? std::vector<ComponentView>() : module->list();
  }
  std::vector<ComponentView> list_all() const override {
    std::vector<ComponentView> views;
    each_module([&](const Module& module) {
      for (ComponentView& view : module.list()) views.push_back(std::move(view));
    });
    return views;
  }
  std::optional<ComponentView> details(std::string_view id) const override {
    const auto [module, local] = locate(id);
    return module == nullptr ? std::nullopt : module->details(local);
  }
  std::optional<component::RunningComponent> running(std::string_view id) const override {
    const auto [module, local] = locate(id);
    return module == nullptr ? std::nullopt : module->running(local);
  }
  std::vector<std::string> unhealthy_component_names() const override {
    return root_.unhealthy_component_names();
  }
  component::OtherPipelines other_pipelines() const override {
    OtherPipelinesView view;
    if (!environment_.skip_other_pipelines) return {};
    each_module([&](const Module& module) { module.tell(view); });
    return view.take();
  }

 private:
  // The module of a component's whole id, and its id there.
  std::pair<const Module*, std::string_view> locate(std::string_view id) const {
    const auto slash = id.rfind('/');
    const bool nested = slash != std::string_view::npos;
    return {find(nested ? id.substr(0, slash) : std::string_view()), nested ? id.substr(slash + 1) : id};
  }

  static constexpr std::string_view kRemote = "remotecfg";

  [[nodiscard]] const Module* find(std::string_view module_id) const {
    const bool remote = module_id == kRemote || module_id.starts_with(std::string(kRemote) + "/");
    return (remote ? remote_ : root_).find(module_id);
  }
  void each_module(const std::function<void(const Module&)>& visit) const {
    for (const Module* root : {&root_, &remote_}) {
      visit(*root);
      root->each_module(visit);
    }
  }
  ModuleContext context(std::string id) const {
    ModuleContext context;
    context.id = std::move(id);
    context.environment = &environment_;
    context.metrics = environment_.metrics;
    return context;
  }

  const Environment environment_;
  ConfigMetrics metrics_;
  Module root_, remote_;
  std::string module_path_;
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
