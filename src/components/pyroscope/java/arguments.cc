#include "components/pyroscope/java/arguments.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/shown_text.h"
#include "base/strings.h"
#include "component/receiver.h"
#include "components/pyroscope/java/agent_options.h"

namespace invar::components::pyroscope_java {
namespace {

using syntax::Schema;
using syntax::SchemaBuilder;

// A number and the first letter of a unit, as async-profiler reads it; "" is off.
std::optional<syntax::DecodeError> check_amount(std::string_view text, std::string_view units,
                                                std::string_view example) {
  const std::string_view unit = text.substr(std::min(text.find_first_not_of("0123456789"), text.size()));
  const bool has_number = unit.size() < text.size();
  if (text.empty() || (has_number && (unit.empty() || units.contains(to_lower_ascii(unit.substr(0, 1))))))
    return std::nullopt;
  return syntax::decode_failure(fmt::format("{} is no amount that async-profiler knows; write it as in {}",
                                            quote(shown_text(text)), quote(example)));
}

Result<> check_profiling(const ProfilingConfig& config) {
  if (config.interval < std::chrono::seconds(1))
    return invalid("profiling_config.interval must be at least 1s");
  if (config.sample_rate < 1 || config.sample_rate > 1000)
    return invalid("profiling_config.sample_rate must be between 1 and 1000");
  INVAR_TRY(agent_options(config));
  return {};
}

Result<> check_arguments(const Arguments& arguments) {
  if (!arguments.tmp_dir.starts_with('/')) return invalid("tmp_dir must be an absolute path");
  return {};
}

const Schema& profiling_schema() {
  using P = ProfilingConfig;
  static const Schema schema =
      SchemaBuilder<P>()
          .attribute("interval", &P::interval, "How long a round of recording lasts. At least 1s.")
          .attribute("sample_rate", &P::sample_rate, "CPU samples per second, 1 to 1000.")
          .attribute("cpu", &P::cpu, "Profile CPU time, or what `event` says.")
          .attribute(
              "event", &P::event,
              "What CPU profiling samples by: `itimer`, `cpu`, `ctimer`, `wall`, a perf event, or a method "
              "as `Class.method`.")
          .attribute("per_thread", &P::per_thread, "Give every sample the label `thread`.")
          .attribute("span_labels", &P::span_labels,
                     "Give samples taken in a span of async-profiler's Java API the label `span_name`.")
          .invar_only()
          .attribute("alloc", &P::alloc, "Allocated bytes between two samples; an empty text turns it off.")
          .valid([](const P& config) { return check_amount(config.alloc, "bkmg", "512k"); })
          .attribute("tlab", &P::tlab, "Sample allocations by new TLABs. Needs `alloc`.")
          .attribute("lock", &P::lock,
                     "Shortest wait for a lock that is recorded; an empty text turns it off.")
          .valid([](const P& config) { return check_amount(config.lock, "nums", "10ms"); })
          .attribute("log_level", &P::log_level,
                     "What async-profiler logs: `TRACE`, `DEBUG`, `INFO`, `WARN`, `ERROR`, or `NONE`.")
          .valid([](const P& config) -> std::optional<syntax::DecodeError> {
            const auto level = log_level(config.log_level);
            if (level) return std::nullopt;
            return syntax::decode_failure(level.error().message);
          })
          .attribute(
              "quiet", &P::quiet,
              "Accepted for the sake of existing configurations; nothing is printed by the JVM anyway.")
          .attribute("custom_arguments", &P::custom_arguments,
                     "Options of async-profiler's launcher, used in place of `cpu`, `event`, `sample_rate`, "
                     "`alloc`, "
                     "`tlab`, `lock`, `log_level` and `per_thread`.")
          .check(&check_profiling)
          .build();
  return schema;
}

}  // namespace

const Schema& arguments_schema() {
  using A = Arguments;
  static const Schema schema =
      SchemaBuilder<A>()
          .attribute("targets", &A::targets, "Processes to profile: each needs `__process_pid__`.")
          .required()
          .attribute("forward_to", &A::forward_to, "Receivers of the profiles.")
          .required()
          .attribute(
              "tmp_dir", &A::tmp_dir,
              "Where the profiler's files are put in the file system of the JVM; others are tried when it "
              "cannot be used.")
          .attribute("dist", &A::dist,
                     "An async-profiler to use instead of the one built in: its folder, or the path of its "
                     "`libasyncProfiler.so`.")
          .attribute("scope_labels", &A::scope_labels,
                     "Add the labels `otel.scope.name` and `otel.scope.version`.")
          .invar_only()
          .block("profiling_config", &A::profiling, profiling_schema(), "What is recorded, and how often.")
          .check(&check_arguments)
          .build();
  return schema;
}

}  // namespace invar::components::pyroscope_java
