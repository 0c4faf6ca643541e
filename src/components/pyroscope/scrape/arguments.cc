#include "components/pyroscope/scrape/arguments.h"

#include <fmt/format.h>

#include <array>

#include "base/shown_text.h"
#include "base/strings.h"
#include "component/choice_rule.h"
#include "component/http_client_schema.h"
#include "component/receiver.h"
#include "component/whole_number.h"
#include "components/pyroscope/scrape/profile_types.h"
#include "components/pyroscope/scrape/profiling_warnings.h"

namespace invar::components::pyroscope_scrape {
namespace {

using std::chrono::seconds;
using syntax::Schema;
using syntax::SchemaBuilder;

constexpr std::string_view kEnabledDoc = "Whether this profile type is scraped.";
constexpr std::string_view kPathDoc = "Path of the profile on the target.";
constexpr std::string_view kDeltaDoc =
    "Let the target measure for a while: adds the query parameter `seconds`.";

// A member of the base as a member of the block's own type, which is what the schema describes.
template <class T, class M>
constexpr M T::* own(M ProfileSettings::* member) {
  return member;
}

template <FixedType kType>
const Schema& fixed_schema() {
  using T = FixedProfile<kType>;
  static const Schema schema =
      SchemaBuilder<T>()
          .attribute("enabled", own<T>(&ProfileSettings::enabled), std::string(kEnabledDoc))
          .attribute("path", own<T>(&ProfileSettings::path), std::string(kPathDoc))
          .attribute("delta", own<T>(&ProfileSettings::delta), std::string(kDeltaDoc))
          .shown_from_zero()
          .build();
  return schema;
}

const Schema& custom_schema() {
  static const Schema schema =
      SchemaBuilder<CustomProfile>()
          .label(&CustomProfile::name, "the name of the profile type, which becomes `__name__`.")
          .attribute("enabled", own<CustomProfile>(&ProfileSettings::enabled), std::string(kEnabledDoc))
          .required()
          .attribute("path", own<CustomProfile>(&ProfileSettings::path), std::string(kPathDoc))
          .required()
          .attribute("delta", own<CustomProfile>(&ProfileSettings::delta), std::string(kDeltaDoc))
          .build();
  return schema;
}

Result<> check_names(const ProfilingConfig& config) {
  for (auto it = config.custom.begin(); it != config.custom.end(); ++it) {
    if (is_fixed_name(it->name)) {
      return fail(
          ErrorCode::kInvalidArgument,
          fmt::format("profile.custom {} has the name of a fixed profile type: use the block profile.{}",
                      quote(it->name), it->name));
    }
    for (auto earlier = config.custom.begin(); earlier != it; ++earlier) {
      if (earlier->name == it->name) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("profile.custom {} is defined twice", quote(it->name)));
      }
    }
  }
  return {};
}

}  // namespace

const Schema& profiling_schema() {
  using P = ProfilingConfig;
  static const Schema schema =
      SchemaBuilder<P>()
          .attribute("path_prefix", &P::path_prefix, "Path in front of every profile's path.")
          .block("profile.memory", &P::memory, fixed_schema<FixedType::kMemory>(), "Memory profiles.")
          .block("profile.block", &P::block, fixed_schema<FixedType::kBlock>(),
                 "Profiles of blocking operations.")
          .block("profile.goroutine", &P::goroutine, fixed_schema<FixedType::kGoroutine>(),
                 "Goroutine profiles.")
          .block("profile.mutex", &P::mutex, fixed_schema<FixedType::kMutex>(), "Mutex contention profiles.")
          .block("profile.process_cpu", &P::process_cpu, fixed_schema<FixedType::kProcessCpu>(),
                 "CPU profiles.")
          .block("profile.fgprof", &P::fgprof, fixed_schema<FixedType::kFgprof>(),
                 "Wall-clock profiles of fgprof.")
          .block("profile.godeltaprof_memory", &P::godeltaprof_memory,
                 fixed_schema<FixedType::kGodeltaprofMemory>(),
                 "Memory profiles of godeltaprof, whose delta is computed by the target.")
          .block("profile.godeltaprof_mutex", &P::godeltaprof_mutex,
                 fixed_schema<FixedType::kGodeltaprofMutex>(),
                 "Mutex profiles of godeltaprof, whose delta is computed by the target.")
          .block("profile.godeltaprof_block", &P::godeltaprof_block,
                 fixed_schema<FixedType::kGodeltaprofBlock>(),
                 "Block profiles of godeltaprof, whose delta is computed by the target.")
          .block("profile.custom", &P::custom, custom_schema(), "A profile type of your own.")
          .check(&check_names)
          .build();
  return schema;
}

namespace {

const Schema& clustering_schema() {
  static const Schema schema = SchemaBuilder<Clustering>()
                                   .attribute("enabled", &Clustering::enabled,
                                              "Share the targets with the other nodes of a cluster. While "
                                              "Invar runs without a cluster, every target stays here.")
                                   .required()
                                   .build();
  return schema;
}

// Order and texts: pyroscope-scrape.md 3.
Result<> check_arguments(const Arguments& a) {
  if (a.timeout() <= Duration::zero()) return invalid("scrape_timeout must be greater than 0");
  if (a.scrape_interval <= Duration::zero()) return invalid("scrape_interval must be greater than 0");
  for (const auto& type : profile_types(a.profiling)) {
    if (!type.enabled || !type.delta) continue;
    if (a.scrape_interval < seconds(2))
      return invalid("scrape_interval must be at least 2 seconds when using delta profiling");
    if (!a.delta_profiling_duration) continue;
    if (*a.delta_profiling_duration <= seconds(1)) {
      return invalid("delta_profiling_duration must be larger than 1 second when using delta profiling");
    }
    if (*a.delta_profiling_duration > a.scrape_interval - seconds(1)) {
      return invalid(
          "delta_profiling_duration must be at least 1 second smaller than scrape_interval when using delta "
          "profiling");
    }
  }
  if (a.max_profile_bytes == 0) return invalid("max_profile_bytes must be greater than 0");
  return {};
}

}  // namespace

const Schema& arguments_schema() {
  using A = Arguments;
  static const Schema schema =
      SchemaBuilder<A>()
          .attribute("targets", &A::targets, "Targets to scrape; a list within the list is flattened.")
          .required()
          .attribute("forward_to", &A::forward_to, "Receivers of the profiles.")
          .required()
          .attribute("job_name", &A::job_name, "Value of the label `job`; an empty text adds no label.")
          .default_text("component name")
          .attribute("params", &A::params, "Query parameters of every request.")
          .attribute("scrape_interval", &A::scrape_interval,
                     "How often each target is scraped. At least 100ms.")
          .attribute(
              "scrape_timeout", &A::scrape_timeout,
              "Time limit of a scrape; a request with `seconds` may take `scrape_interval - 1s` longer.")
          .default_text(fmt::format("\"{}\"", format_duration(kDefaultTimeout)))
          .attribute("delta_profiling_duration", &A::delta_profiling_duration,
                     "How long a profile type with `delta = true` is measured. At least 1 second shorter "
                     "than `scrape_interval`.")
          .default_text("scrape_interval - 1s")
          .attribute("scheme", &A::scheme, "URL scheme, `http` or `https`.")
          .valid([](const A& a) {
            constexpr std::array<std::string_view, 2> kSchemes = {"http", "https"};
            return component::check_choice(a.scheme, "unknown scheme", kSchemes);
          })
          .attribute_with<component::WholeNumberCodec>("max_profile_bytes", &A::max_profile_bytes,
                                                       "Largest profile accepted, measured uncompressed.")
          .invar_only()
          .attribute_with<component::WholeNumberCodec>(
              "sample_limit", &A::sample_limit, "Most samples that a profile may have; 0 means no limit.")
          .invar_only()
          .attribute("scope_labels", &A::scope_labels,
                     "Add the labels `otel.scope.name` and `otel.scope.version`.")
          .invar_only()
          .attribute("per_target_metrics", &A::per_target_metrics,
                     "Give the scrape metrics a label per target.")
          .invar_only()
          .squash(&A::client, component::http_client_schema())
          .block("clustering", &A::clustering, clustering_schema(), "Settings for running in a cluster.")
          .block("profiling_config", &A::profiling, profiling_schema(),
                 "Which profiles are scraped, and where.")
          .check(&check_arguments)
          .build();
  return schema;
}

std::vector<std::string> warnings(const Arguments& a) {
  std::vector<std::string> sentences;
  if (a.scrape_interval < kMinInterval) {
    sentences.push_back(fmt::format("scrape_interval {} is too short: {} is used",
                                    format_duration(a.scrape_interval), format_duration(a.interval())));
  }
  if (a.scrape_timeout && *a.scrape_timeout <= a.interval()) {
    sentences.push_back(
        fmt::format("scrape_timeout {} is not larger than scrape_interval {}: a slow answer is cut before "
                    "the next scrape "
                    "is due",
                    format_duration(*a.scrape_timeout), format_duration(a.interval())));
  }
  return sentences;
}

std::vector<std::string> warnings(const ProfilingConfig& profiling) {
  std::vector<std::string> sentences;
  const auto types = profile_types(profiling);
  for (const auto& type : types) {
    if (!type.enabled || type.path.find_first_of("?#") == std::string::npos) continue;
    sentences.push_back(fmt::format(
        "profile.{} has the path {}: what follows the ? or # is asked for as a part of the path; a query is "
        "written as in params = {{\"gc\" = [\"1\"]}}",
        is_fixed_name(type.name) ? type.name : "custom", quote(shown_text(type.path))));
  }
  for (const auto& type : types) {
    const std::string_view same = computed_delta_name(type.name);
    const auto twin = std::ranges::find(types, same, &ProfileType::name);
    if (!type.enabled || twin == types.end() || !twin->enabled) continue;
    sentences.push_back(
        fmt::format("profile.{0} and profile.{1} are both enabled, and both are sent as {1}: only "
                    "profile.{0} is scraped, whose "
                    "difference the target computes; set profile.{1} {{ enabled = false }}",
                    type.name, same));
  }
  return sentences;
}

}  // namespace invar::components::pyroscope_scrape
