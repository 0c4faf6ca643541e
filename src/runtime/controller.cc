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
      : environment_(std::move(environment)), metrics_(*environment_.metrics), root_(environment_, "") {}

  LoadResult load(const std::vector<SourceFile>& sources, const std::string& module_path) override {
    metrics_.note_sources(sources_hash(sources));
    LoadResult result;
    const auto blocks = parse_sources(sources, result.diagnostics);
    if (blocks) {
      result.applied = root_.load(*blocks, {{"module_path", syntax::Value(module_path)}}, result.diagnostics);
    } else {
      result.sources_rejected = true;
    }
    metrics_.note_loaded(!result.diagnostics.has_errors(), environment_.loop->unix_ns());
    return result;
  }

  void note_read_failure() override {
    metrics_.note_sources("");
    metrics_.note_loaded(false, environment_.loop->unix_ns());
  }

  void start() override { root_.start(); }
  void stop(async::Task done) override { root_.stop(std::move(done)); }

  bool ready() const override { return root_.loaded(); }
  bool has_module(std::string_view module_id) const override { return module_id.empty(); }
  std::vector<ComponentView> list(std::string_view module_id) const override {
    return has_module(module_id) ? root_.list() : std::vector<ComponentView>();
  }
  std::optional<ComponentView> details(std::string_view id) const override { return root_.details(id); }
  std::vector<std::string> unhealthy_component_names() const override {
    return root_.unhealthy_component_names();
  }

 private:
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
