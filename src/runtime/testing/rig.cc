#include "runtime/testing/rig.h"

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"
#include "runtime/logging_block.h"
#include "runtime/tracing_block.h"

namespace invar::runtime::testing {
namespace {

ConfigBlock recording_block(std::string name, bool is_service, std::vector<std::string>& given) {
  return {.name = std::move(name),
          .schema = &knob_schema(),
          .is_service = is_service,
          .apply = [&given](const syntax::Boxed& boxed) -> Result<> {
            const std::string& text = boxed.as<KnobArguments>().text;
            given.push_back(text);
            if (text == "refuse") return fail(ErrorCode::kInvalidArgument, "told to refuse");
            return {};
          }};
}

}  // namespace

const syntax::Schema& knob_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<KnobArguments>().attribute("text", &KnobArguments::text, "Any text.").build();
  return schema;
}

Rig::Rig(Options options) : registry(metrics::Registry::create()) {
  auto sink = log::Sink::create([log = log_](std::string_view line) { log->append(line); });
  sink->configure({.level = log::Level::kDebug});
  blocks = {logging_block(sink), tracing_block(), recording_block("knob", false, knob),
            recording_block("service", true, service)};
  Environment environment;
  environment.loop = &loop;
  environment.pool = &pool;
  environment.disk_pool = &pool;
  environment.files = files;
  environment.http = http;
  environment.metrics = registry.get();
  environment.logger = log::Logger(sink);
  environment.components = &toys.registry();
  environment.blocks = blocks;
  environment.storage_path = "data";
  environment.min_stability = options.min_stability;
  environment.shutdown_deadline = options.shutdown_deadline;
  environment.skip_other_pipelines = options.skip_other_pipelines;
  controller = Controller::create(std::move(environment));
}

Rig::~Rig() {
  controller.reset();
  loop.run_until_idle();
}

Controller::LoadResult Rig::load_files(const std::vector<SourceFile>& sources) {
  std::optional<Controller::LoadResult> result;
  controller->load(sources, "conf", [&](Controller::LoadResult done) { result = std::move(done); });
  if (!result) loop.run_until_idle();  // for what is imported
  INVAR_CHECK(result.has_value(), "the load waits for something");
  return *std::move(result);
}

Controller::LoadResult Rig::load(const std::string& text) {
  return load_files({{"main.alloy", text}});
}

void Rig::run(const std::string& text) {
  const auto result = load(text);
  INVAR_CHECK(result.applied && result.diagnostics.empty(), result.diagnostics.render(false));
  controller->start();
  loop.run_until_idle();
}

Controller::LoadResult Rig::reload(const std::string& text) {
  auto result = load(text);
  loop.run_until_idle();
  return result;
}

void Rig::stop() {
  bool done = false;
  controller->stop([&] { done = true; });
  loop.run_until_idle();
  for (int i = 0; i < 1000 && !done; ++i) loop.advance(std::chrono::seconds(10));
  INVAR_CHECK(done, "the controller does not stop");
}

std::string Rig::exported(const std::string& id, const std::string& field) const {
  const auto view = controller->details(id);
  if (!view) return "no such component";
  for (const auto& statement : view->exports.statements)
    if (statement.name == field && statement.value) return statement.value->to_text();
  return "no such export";
}

std::string Rig::health(const std::string& id) const {
  const auto view = controller->details(id);
  if (!view) return "no such component";
  return std::string(component::to_string(view->health.state)) + ": " + view->health.message;
}

std::vector<std::string> Rig::ids() const {
  std::vector<std::string> out;
  for (const auto& view : controller->list("")) out.push_back(view.local_id);
  return out;
}

bool Rig::metric_line(const std::string& line) const {
  const std::string page = metrics_page();
  return std::ranges::any_of(split(page, '\n'), [&](std::string_view have) { return have == line; });
}

std::string printed(const syntax::Diagnostics& diagnostics) {
  std::string text = diagnostics.render(false);
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string validated(const std::string& text, syntax::Stability min_stability, fs::FileSystem* files) {
  ToyBox toys;
  std::vector<std::string> given;
  const std::vector<ConfigBlock> blocks = {logging_block(log::Sink::create([](std::string_view) {})),
                                           tracing_block(), recording_block("knob", false, given),
                                           recording_block("service", true, given)};
  return printed(validate({{"main.alloy", text}}, {.components = &toys.registry(),
                                                   .blocks = &blocks,
                                                   .min_stability = min_stability,
                                                   .files = files,
                                                   .module_path = "conf"}));
}

}  // namespace invar::runtime::testing
