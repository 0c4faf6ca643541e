#include "components/pyroscope/scrape/jobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "base/build_info.h"
#include "base/strings.h"
#include "codec/hash.h"
#include "components/pyroscope/scrape/job_key.h"
#include "components/pyroscope/scrape/profile_types.h"
#include "components/pyroscope/scrape/type_choice.h"
#include "pprof/delta.h"

namespace invar::components::pyroscope_scrape {
namespace {

constexpr std::string_view kScopeName = "invar/pyroscope.scrape";

void set_if_absent(LabelsBuilder& labels, std::string_view name, std::string_view value) {
  if (labels.get(name).empty()) labels.set(name, value);
}

void add_scope_labels(LabelsBuilder& labels) {
  set_if_absent(labels, "otel.scope.name", kScopeName);
  const std::string_view version = build_info().version;
  if (labels.get("otel.scope.name") == kScopeName && version != "v0.0.0")
    set_if_absent(labels, "otel.scope.version", version);
}

Result<Job> make_job(const Labels& target, const ProfileType& type, const JobSettings& settings) {
  LabelsBuilder labels(target);
  set_if_absent(labels, "__profile_path__", type.path);
  set_if_absent(labels, kMetricName, type.name);
  if (type.name.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "no profile name: the path has none, so the label __name__ must say it");
  }
  set_if_absent(labels, "__profile_path_prefix__", settings.profiling.path_prefix);
  set_if_absent(labels, "job", settings.job_name);
  set_if_absent(labels, "__scheme__", settings.scheme);
  for (const auto& [key, values] : settings.params) {
    if (!values.empty()) labels.set("__param_" + key, values.front());
  }
  INVAR_ASSIGN_OR_RETURN(
      const std::string address,
      complete_address(labels.get("__address__"), labels.get("__scheme__"), settings.scheme));
  labels.set("__address__", address);
  set_if_absent(labels, "instance", address);
  set_if_absent(labels, kServiceName, infer_service_name(target));
  for (const auto& label : labels.sorted()) {
    if (!valid_utf8(label.value)) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("invalid label value for {}: {}", quote(label.name), quote(label.value)));
    }
  }

  Job job;
  Params params = settings.params;
  job.timeout = settings.scrape_timeout;
  if (type.delta)
    params["seconds"].push_back(fmt::format("{}", settings.delta_duration / std::chrono::seconds(1)));
  if (params.contains("seconds"))
    job.timeout += std::max(Duration::zero(), settings.scrape_interval - std::chrono::seconds(1));

  const Labels all = labels.build();
  job.url = scrape_url(all, params);
  job.asks_for_seconds = params.contains("seconds") || all.has("__param_seconds");
  job.identity = job_identity(all, job.url);
  const std::string_view computed = computed_delta_name(type.name);
  job.delta_by_target = !computed.empty();
  job.name = job.delta_by_target ? computed : type.name;
  if (all.get(kMetricName) == type.name) labels.set(kMetricName, job.name);
  job.agent_delta = !job.delta_by_target && pprof::has_delta_columns(job.name);
  if (job.agent_delta || job.delta_by_target) labels.set(kDelta, "false");
  if (settings.scope_labels) add_scope_labels(labels);
  job.labels = labels.build();
  const std::string_view sent_as = job.labels.get(kMetricName);
  job.names = sent_as == job.name ? job.name : fmt::format("{} {}", job.name, sent_as);
  return job;
}

}  // namespace

JobSettings job_settings(const Arguments& a, std::string_view component_id) {
  return {.job_name = a.job_name.value_or(std::string(component_id)),
          .params = a.params,
          .scrape_interval = a.interval(),
          .scrape_timeout = a.timeout(),
          .delta_duration = a.delta_duration(),
          .scheme = a.scheme,
          .profiling = a.profiling,
          .scope_labels = a.scope_labels};
}

JobsByTarget make_target_jobs(const component::Targets& targets, const JobSettings& settings,
                              const JobsByTarget& before) {
  const auto types = scraped_types(settings.profiling);
  JobsByTarget made(targets, before);
  made.complete([&](const component::Target& target) {
    auto of_target = std::make_shared<TargetJobs>();
    const Labels labels = target.to_labels();
    of_target->target_key = target_key(labels);
    for (const auto& type : types_of_target(labels.get(kMetricName), labels.get("__profile_path__"), types)) {
      auto job = make_job(labels, type, settings);
      if (!job) {
        of_target->bad = {target.to_string(), job.error().message};
        break;  // the same mistake for every type
      }
      job->target_key = of_target->target_key;
      of_target->jobs.push_back(std::make_shared<const Job>(std::move(*job)));
    }
    return of_target;
  });
  return made;
}

JobList list_jobs(const JobsByTarget& made) {
  JobList list;
  std::unordered_set<std::uint64_t> seen_targets;
  std::unordered_set<JobKey, JobKeyHash> seen_jobs;
  for (const TargetJobsPtr& of_target : made.made()) {
    if (!seen_targets.insert(of_target->target_key).second) {
      ++list.duplicate_targets;
      continue;
    }
    for (const JobPtr& job : of_target->jobs) {
      if (seen_jobs.insert({job->identity, job->names}).second) list.jobs.push_back(job);
    }
    if (of_target->bad) list.bad.push_back(*of_target->bad);
  }
  return list;
}

std::uint64_t target_key(const Labels& target) {
  std::vector<Label> kept;
  for (const auto& label : target) {
    if (!label.name.starts_with("__meta_")) kept.push_back(label);
  }
  return Labels::from(std::move(kept)).stable_hash();
}

std::string infer_service_name(const Labels& target) {
  const auto first = [&](std::initializer_list<std::string_view> names) -> std::string_view {
    for (const auto name : names) {
      if (const auto value = target.get(name); !value.empty()) return value;
    }
    return "";
  };
  if (const auto named = first({kServiceName, "__meta_kubernetes_pod_annotation_pyroscope_io_service_name"});
      !named.empty()) {
    return std::string(named);
  }
  const auto space = target.get("__meta_kubernetes_namespace");
  const auto container = target.get("__meta_kubernetes_pod_container_name");
  if (!space.empty() && !container.empty()) return fmt::format("{}/{}", space, container);
  const auto docker =
      first({"__meta_docker_container_name", "__meta_dockerswarm_container_label_service_name",
             "__meta_dockerswarm_service_name"});
  return docker.empty() ? "unspecified" : std::string(docker);
}

std::uint64_t job_identity(const Labels& labels, std::string_view url) {
  std::vector<Label> visible;
  for (const auto& label : labels) {
    if (!label.name.starts_with("__")) visible.push_back(label);
  }
  return codec::fnv1a(url, codec::fnv1a(fmt::format("{:x}", Labels::from(std::move(visible)).stable_hash())));
}

Duration until_phase(std::uint64_t identity, UnixNanos unix_ns, Duration interval) {
  const auto period = static_cast<std::uint64_t>(interval.count());
  const auto step = static_cast<std::uint64_t>(phase_step(interval).count());
  const std::uint64_t phase = identity % period / step * step;
  const std::uint64_t now = static_cast<std::uint64_t>(unix_ns) % period;
  return Duration(static_cast<Duration::rep>((phase + period - now) % period));
}

}  // namespace invar::components::pyroscope_scrape
