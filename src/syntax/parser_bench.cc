// A configuration of 1,000 components: parsing and formatting speed.
#include <benchmark/benchmark.h>

#include <string>

#include "syntax/parser.h"
#include "syntax/printer.h"

namespace invar::syntax {
namespace {

std::string thousand_components() {
  std::string out;
  for (int i = 0; i < 1000; ++i) {
    const std::string n = std::to_string(i);
    out += "// team " + n + "\npyroscope.scrape \"service_" + n +
           "\" {\n"
           "\ttargets = [\n"
           "\t\t{\"__address__\" = \"10.0.0." +
           n + ":4040\", \"service_name\" = \"service-" + n +
           "\"},\n"
           "\t\t{\"__address__\" = \"10.0.1." +
           n + ":4040\", \"service_name\" = \"service-" + n +
           "\"},\n"
           "\t]\n"
           "\tforward_to      = [pyroscope.write.out.receiver]\n"
           "\tscrape_interval = \"15s\" // default\n\n"
           "\tprofiling_config {\n"
           "\t\tprofile.process_cpu {\n\t\t\tenabled = true\n\t\t}\n\n"
           "\t\tprofile.memory {\n\t\t\tenabled = sys.env(\"MEMORY\") != \"off\" && " +
           n +
           " % 2 == 0\n\t\t}\n"
           "\t}\n}\n\n";
  }
  return out + "pyroscope.write \"out\" {\n\tendpoint {\n\t\turl = \"http://localhost:4040\"\n\t}\n}\n";
}

void BM_Parse(benchmark::State& state) {
  const SourcePtr source = make_source("bench", thousand_components());
  for (auto _ : state) {
    Diagnostics diagnostics;
    benchmark::DoNotOptimize(parse_file(source, diagnostics));
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * source->text.size()));
}
BENCHMARK(BM_Parse)->Unit(benchmark::kMillisecond);

void BM_Print(benchmark::State& state) {
  const SourcePtr source = make_source("bench", thousand_components());
  Diagnostics diagnostics;
  const ast::FilePtr file = parse_file(source, diagnostics);
  for (auto _ : state) benchmark::DoNotOptimize(print_file(*file));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * source->text.size()));
}
BENCHMARK(BM_Print)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace invar::syntax

BENCHMARK_MAIN();
