#include "convert/scrape_jobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "base/strings.h"
#include "base/time.h"
#include "convert/yaml_fields.h"

namespace invar::convert {
namespace {

using syntax::Schema;
using syntax::Type;
using syntax::Value;

struct ProfileType {
  std::string_view written, block;
};
// By the names that Parca and Phlare have for them, and by the last part of their paths.
constexpr auto kTypes = std::to_array<ProfileType>({
    {"memory", "profile.memory"},
    {"heap", "profile.memory"},
    {"allocs", "profile.memory"},
    {"block", "profile.block"},
    {"goroutine", "profile.goroutine"},
    {"mutex", "profile.mutex"},
    {"process_cpu", "profile.process_cpu"},
    {"profile", "profile.process_cpu"},
    {"fgprof", "profile.fgprof"},
    {"godeltaprof_memory", "profile.godeltaprof_memory"},
    {"godeltaprof_mutex", "profile.godeltaprof_mutex"},
    {"godeltaprof_block", "profile.godeltaprof_block"},
});
constexpr std::array<std::string_view, 5> kOnByDefault = {
    "profile.memory", "profile.block", "profile.goroutine", "profile.mutex", "profile.process_cpu"};

// Where a job's targets come from, and the component for it.
constexpr std::string_view kSuffix = "_sd_configs";

std::string label_of(std::string_view text) {
  std::string label;
  for (const char c : text) label += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  if (label.empty() || std::isdigit(static_cast<unsigned char>(label.front())) != 0) label.insert(0, "job_");
  return label;
}

std::string_view block_of(std::string_view written) {
  const auto found = std::ranges::find(kTypes, written, &ProfileType::written);
  return found == kTypes.end() ? std::string_view() : found->block;
}

class Job {
 public:
  // `interval`: that of all jobs that say none; "" where there is none either.
  Job(const Value& job, std::string interval, const component::Registry& components, TextWriter& out,
      std::set<std::string>& labels)
      : job_(job),
        interval_(std::move(interval)),
        components_(components),
        out_(out),
        name_(text_at(job, "job_name")),
        labels_(labels),
        label_(free_label()) {}

  void write() {
    write_discovery();
    write_relabeling();
    out_.begin("pyroscope.scrape", label_);
    out_.attribute("targets", targets_);
    out_.attribute("forward_to", "[pyroscope.write.default.receiver]");
    if (!name_.empty()) out_.attribute("job_name", quote(name_));
    write_profiling();
    const component::Registration* scrape = components_.find("pyroscope.scrape");
    std::set<std::string, std::less<>> done = {"job_name",     "relabel_configs",  "static_configs",
                                               "metrics_path", "profiling_config", "sample_limit"};
    for (const auto& [key, value] : job_.as_object().fields)
      if (key.ends_with(kSuffix)) done.insert(key);
    if (find(job_, "sample_limit") != nullptr)
      out_.comment(
          "sample_limit is not carried over: it counts the series of a target, not the samples of a "
          "profile.");
    write_fields(job_, *scrape->arguments, done, out_);
    if (find(job_, "scrape_interval") == nullptr && !interval_.empty())
      out_.attribute("scrape_interval", duration_expression(interval_));
    out_.end_component();
  }

 private:
  std::string free_label() {
    std::string label = label_of(name_);
    for (int n = 2; !labels_.insert(label).second; ++n) label = fmt::format("{}_{}", label_of(name_), n);
    return label;
  }

  void write_discovery() {
    std::vector<std::string> sources;
    if (const Value* groups = find(job_, "static_configs"))
      for (const Value& group : list_of(*groups)) write_static(group, sources);
    for (const auto& [key, value] : job_.as_object().fields) {
      if (!key.ends_with(kSuffix)) continue;
      const std::string name = "discovery." + key.substr(0, key.size() - kSuffix.size());
      bool first = true;
      for (const Value& settings : list_of(value)) {
        write_found(name, settings, first ? label_ : free_label(), sources);
        first = false;
      }
    }
    if (sources.empty()) {
      targets_ = "[]";
      return;
    }
    targets_ = sources.size() == 1 ? sources.front() : fmt::format("array.concat({})", join(sources, ", "));
  }

  static void write_static(const Value& group, std::vector<std::string>& sources) {
    std::string labels;
    if (const Value* own = find(group, "labels"); own != nullptr && own->type() == Type::kObject)
      for (const auto& [name, value] : own->as_object().fields)
        if (value.type() != Type::kNull)
          labels += fmt::format(", {} = {}", quote(name), quote(printed(value)));
    std::vector<std::string> targets;
    if (const Value* addresses = find(group, "targets"))
      for (const Value& address : list_of(*addresses))
        targets.push_back(fmt::format("{{\"__address__\" = {}{}}},\n", quote(printed(address)), labels));
    if (!targets.empty()) sources.push_back(fmt::format("[\n{}]", join(targets, "")));
  }

  void write_found(const std::string& name, const Value& settings, const std::string& label,
                   std::vector<std::string>& sources) {
    const component::Registration* found = components_.find(name);
    if (found == nullptr || settings.type() != Type::kObject) {
      out_.comment(fmt::format("{}: Invar has no {}: its targets are missing in what follows.", name_, name));
      return;
    }
    out_.begin(name, label);
    if (name == "discovery.azure") {
      write_azure_identity(settings, *found->arguments);
      write_fields(settings, *found->arguments,
                   {"authentication_method", "tenant_id", "client_id", "client_secret"}, out_);
    } else {
      write_fields(settings, *found->arguments, {}, out_);
    }
    out_.end_component();
    sources.push_back(fmt::format("{}.{}.targets", name, label));
  }

  // What stands beside the rest there is in a block of its own here.
  void write_azure_identity(const Value& settings, const Schema& schema) {
    const std::string method = text_at(settings, "authentication_method");
    const std::string_view block = method == "ManagedIdentity"    ? "managed_identity"
                                   : method == "SDK"              ? "sdk_auth"
                                   : method == "WorkloadIdentity" ? "workload_identity"
                                                                  : "oauth";
    out_.begin(block);
    for (const std::string_view key : {"tenant_id", "client_id", "client_secret"}) {
      const std::string value = text_at(settings, key);
      if (!value.empty() && schema.find(block)->block->find(key) != nullptr)
        out_.attribute(key, quote(value));
    }
    out_.end();
  }

  void write_relabeling() {
    const Value* rules = find(job_, "relabel_configs");
    if (rules == nullptr || list_of(*rules).empty()) return;
    const component::Registration* relabel = components_.find("discovery.relabel");
    out_.begin("discovery.relabel", label_);
    out_.attribute("targets", targets_);
    for (const Value& rule : list_of(*rules)) {
      out_.begin("rule");
      write_fields(rule, *relabel->arguments->find("rule")->block, {}, out_);
      out_.end();
    }
    out_.end_component();
    targets_ = fmt::format("discovery.relabel.{}.output", label_);
  }

  void write_profiling() {
    if (const Value* settings = find(job_, "profiling_config")) return write_settings(*settings);
    const std::string path = text_at(job_, "metrics_path");
    if (path.empty()) return;
    const std::string last = path.substr(path.rfind('/') + 1);
    out_.begin("profiling_config");
    const std::string_view block = block_of(last);
    for (const std::string_view type : kOnByDefault) {
      if (type == block) continue;
      out_.begin(type);
      out_.attribute("enabled", "false");
      out_.end();
    }
    begin_type(block, last);
    out_.attribute("enabled", "true");
    out_.attribute("path", quote(path));
    out_.end();
    out_.end();
  }

  void write_settings(const Value& settings) {
    out_.begin("profiling_config");
    if (const std::string prefix = text_at(settings, "path_prefix"); !prefix.empty())
      out_.attribute("path_prefix", quote(prefix));
    const Value* types = find(settings, "pprof_config");
    std::set<std::string_view> written;
    if (types != nullptr && types->type() == Type::kObject)
      for (const auto& [type, own] : types->as_object().fields) {
        const std::string_view block = block_of(type);
        if (!block.empty() && !written.insert(block).second) {
          out_.comment(fmt::format("{}: there is a {} already.", type, block));
          continue;
        }
        begin_type(block, type);
        if (find(own, "enabled") == nullptr) out_.attribute("enabled", "true");
        if (own.type() == Type::kObject) write_type(own);
        out_.end();
      }
    out_.end();
  }

  void begin_type(std::string_view block, std::string_view name) {
    if (block.empty())
      out_.begin("profile.custom", name.empty() ? "index" : label_of(name));
    else
      out_.begin(block);
  }

  void write_type(const Value& settings) {
    for (const auto& [key, value] : settings.as_object().fields) {
      if (key == "enabled" || key == "delta")
        out_.attribute(key, printed(value));
      else if (key == "path")
        out_.attribute(key, quote(printed(value)));
      else
        out_.comment(fmt::format("{}: {} is not carried over", key, printed(value)));
    }
  }

  const Value& job_;
  const std::string interval_;
  const component::Registry& components_;
  TextWriter& out_;
  const std::string name_;
  std::set<std::string>& labels_;
  const std::string label_;
  std::string targets_;
};

bool is_profiling(const Value& job) {
  const std::string path = text_at(job, "metrics_path");
  return find(job, "profiling_config") != nullptr || path.find("/pprof/") != std::string::npos;
}

}  // namespace

void write_scrape_jobs(const Value& configuration, Jobs jobs, const component::Registry& components,
                       TextWriter& out) {
  std::string interval;
  if (const Value* global = find(configuration, "global")) interval = text_at(*global, "scrape_interval");
  for (const auto& [key, value] : configuration.as_object().fields) {
    if (key == "global" && !interval.empty())
      out.comment("Of global only scrape_interval is carried over.");
    else if (key != "scrape_configs")
      out.comment(fmt::format("{} is not carried over.", key));
  }
  std::set<std::string> labels;
  bool any = false;
  if (const Value* all = find(configuration, "scrape_configs"))
    for (const Value& job : list_of(*all)) {
      if (job.type() != Type::kObject) continue;
      if (jobs == Jobs::kOfMetrics && !is_profiling(job)) {
        out.comment(fmt::format("The job {} does not scrape profiles.", quote(text_at(job, "job_name"))));
        continue;
      }
      any = true;
      Job(job, interval, components, out, labels).write();
    }
  if (!any) return;
  out.comment("Where the profiles go: the address of your Pyroscope.");
  out.begin("pyroscope.write", "default");
  out.begin("endpoint");
  out.attribute("url", "\"http://localhost:4040\"");
  out.end();
  out.end_component();
}

}  // namespace invar::convert
