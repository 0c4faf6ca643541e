// A file of 1,000 components, evaluated as the controller does: every body into its arguments, reading the exports of another.
#include <benchmark/benchmark.h>

#include "syntax/evaluator.h"
#include "syntax/parser.h"

namespace invar::syntax {
namespace {

struct Endpoint {
  std::string url;
  Duration timeout{};
  std::map<std::string, std::string> headers;
  bool operator==(const Endpoint&) const = default;
};
struct Arguments {
  std::vector<std::map<std::string, std::string>> targets;
  Duration interval{};
  std::string job;
  bool enabled = true;
  std::vector<Endpoint> endpoints;
  bool operator==(const Arguments&) const = default;
};

const Schema& endpoint_schema() {
  static const Schema schema = SchemaBuilder<Endpoint>()
                                   .attribute("url", &Endpoint::url, "URL.")
                                   .required()
                                   .attribute("timeout", &Endpoint::timeout, "Limit.")
                                   .attribute("headers", &Endpoint::headers, "Headers.")
                                   .build();
  return schema;
}
const Schema& arguments_schema() {
  static const Schema schema = SchemaBuilder<Arguments>()
                                   .attribute("targets", &Arguments::targets, "Targets.")
                                   .required()
                                   .attribute("interval", &Arguments::interval, "Interval.")
                                   .attribute("job", &Arguments::job, "Job.")
                                   .attribute("enabled", &Arguments::enabled, "On.")
                                   .block("endpoint", &Arguments::endpoints, endpoint_schema(), "Where to.")
                                   .build();
  return schema;
}

constexpr int kComponents = 1000;

std::string make_file() {
  std::string text;
  for (int i = 0; i < kComponents; ++i) {
    const std::string n = std::to_string(i);
    text += "test.scrape \"c" + n +
            "\" {\n  targets = array.concat(source.all.targets, [{\"__address__\" = \"10.0.0." + n +
            ":80\", service_name = \"s" + n +
            "\"}])\n  interval = \"15s\"\n  job = string.format(\"job-%d\", " + n +
            ")\n  enabled = 1 + 2 == 3 && !false\n  endpoint {\n    url = \"http://\" + sys.env(\"HOME\") + "
            "\"/x\"\n"
            "    timeout = \"10s\"\n    headers = {\"X-A\" = \"1\", \"X-B\" = \"2\"}\n  }\n}\n";
  }
  return text;
}

void evaluate_thousand_components(benchmark::State& state) {
  const auto source = make_source("bench.alloy", make_file());
  Diagnostics diagnostics;
  const auto file = parse_file(source, diagnostics);
  Scope scope;
  scope.variables["source"] = Value::object(
      {{"all", Value::object({{"targets",
                               Value(ArrayData{Value::object({{"__address__", Value("10.1.1.1:80")}})})}})}});
  for (auto _ : state) {
    for (const auto& statement : file->body.statements) {
      const auto object = arguments_schema().make();
      const auto& block = std::get<ast::Block>(statement.node);
      if (!decode_body(block.body, source, scope, arguments_schema(), object.get(), diagnostics)) {
        state.SkipWithError(diagnostics.summary().c_str());
        return;
      }
      benchmark::DoNotOptimize(object.get());
    }
  }
  state.SetItemsProcessed(state.iterations() * kComponents);
}
BENCHMARK(evaluate_thousand_components)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace invar::syntax

BENCHMARK_MAIN();
