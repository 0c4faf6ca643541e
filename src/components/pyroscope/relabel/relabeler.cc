#include "components/pyroscope/relabel/relabeler.h"

#include <algorithm>
#include <utility>

#include "codec/gzip.h"
#include "component/relabel_schema.h"
#include "pprof/profile.h"

namespace invar::components::pyroscope_relabel {
namespace {

using pipeline::Answer;
using pipeline::Outcome;
using pipeline::Profile;
using pipeline::ProfilePtr;

constexpr std::uint64_t kMaxRawBytes = std::uint64_t{256} << 20;  // of one unpacked profile: the bomb guard

metrics::Counter& counter(metrics::Scope& scope, const char* name, const char* help) {
  return scope.counter(name, help);
}

// What the worker makes of a profile. The labels are done on the loop, where the rules are.
struct EditResult {
  bool readable = false;  // otherwise the profile goes on as it came
  bool nothing_left = false;
  bool lacks_time = false;
  SharedBytes body;  // null: unchanged
  std::vector<std::pair<std::string, std::string>> promoted;
};

EditResult edit_body(const std::string& body, const pprof::EditPlan& plan) {
  EditResult result;
  std::string raw;
  const auto summary = pprof::validate_body(body, "", kMaxRawBytes, raw);
  if (!summary) return result;
  auto edited = pprof::edit(raw, plan);
  if (!edited) return result;
  result.readable = true;
  result.lacks_time = summary->time_unix_ns == 0;
  result.nothing_left = edited->nothing_left;
  result.promoted = std::move(edited->promoted);
  if (!edited->changed || edited->nothing_left) return result;
  if (codec::is_gzip(body)) {
    thread_local codec::Deflater deflater;
    std::string packed;
    deflater.gzip(edited->raw, packed);
    result.body = share(std::move(packed));
  } else {
    result.body = share(std::move(edited->raw));
  }
  return result;
}

// A key of a sample label as the name of a series label: what servers do not take becomes "_".
std::string label_name(std::string_view key) {
  std::string name(key);
  std::ranges::replace_if(
      name,
      [](char c) {
        return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                 c == '.');
      },
      '_');
  return name;
}

}  // namespace

struct Relabeler::EditJob {
  ProfilePtr profile;
  std::shared_ptr<const pprof::EditPlan> plan;
  pipeline::Kept kept;  // may be empty: nobody waits
  pipeline::Ledger::Entry entry;
  EditResult result;
};

Relabeler::Relabeler(Environment environment)
    : env_(std::move(environment)),
      cache_(Arguments().max_cache_size),
      outlets_(*env_.metrics, *env_.loop, env_.tap),
      processed_(counter(*env_.metrics, "pyroscope_relabel_profiles_processed",
                         "Total number of profiles processed.")),
      written_(counter(*env_.metrics, "pyroscope_relabel_profiles_written",
                       "Total number of profiles forwarded.")),
      dropped_(counter(*env_.metrics, "pyroscope_relabel_profiles_dropped",
                       "Total number of profiles dropped by relabeling rules.")),
      hits_(counter(*env_.metrics, "pyroscope_relabel_cache_hits", "Total number of cache hits.")),
      misses_(counter(*env_.metrics, "pyroscope_relabel_cache_misses", "Total number of cache misses.")),
      cache_size_(env_.metrics->gauge("pyroscope_relabel_cache_size", "Number of label sets in the cache.")),
      stop_timer_(*env_.loop),
      intake_(std::make_shared<pipeline::Intake<Relabeler>>(this, env_.component_id, env_.tap)) {}

Relabeler::~Relabeler() {
  intake_->close();
}

void Relabeler::configure(const Arguments& arguments) {
  outlets_.set(arguments.forward_to);
  if (arguments.rules != rule_configs_) {
    rule_configs_ = arguments.rules;
    rules_ = component::compile_rules(arguments.rules, relabel::Names::kIdentifiers);
    for (const auto& sentence : component::name_warnings(arguments.rules)) env_.logger.warn(sentence);
    cache_.clear();
  }
  cache_.resize(static_cast<std::size_t>(arguments.max_cache_size));
  cache_size_.set(static_cast<double>(cache_.size()));
  plan_ = arguments.pprof.empty() ? nullptr : std::make_shared<const pprof::EditPlan>(arguments.pprof);
  if (plan_ && !ledger_) ledger_ = std::make_unique<pipeline::Ledger>(*env_.metrics, "edit", env_.logger);
}

ProfilePtr Relabeler::relabel(const ProfilePtr& profile) {
  if (profile->labels.empty()) return profile;
  const std::optional<Labels>* outcome = cache_.find(profile->labels);
  std::optional<Labels> fresh;
  if (outcome) {
    hits_.add();
  } else {
    misses_.add();
    fresh = relabel::process(profile->labels, rules_);
    if (fresh && fresh->empty()) fresh.reset();  // nothing is left to send it under
    cache_.insert(profile->labels, fresh);
    cache_size_.set(static_cast<double>(cache_.size()));
    outcome = &fresh;
  }
  if (!*outcome) {
    dropped_.add();
    env_.tap.passed(profile, "", "dropped by a rule");
    return nullptr;
  }
  auto changed = std::make_shared<Profile>(*profile);
  changed->labels = **outcome;
  return changed;
}

Answer Relabeler::counted(const Answer& answer) {
  if (answer.accepted()) written_.add();
  return answer;
}

Answer Relabeler::accept(const ProfilePtr& profile) {
  if (edits(*profile)) {
    if (!begin_edit(profile, nullptr)) return {Outcome::kRefused, "queue full"};
    return {};
  }
  processed_.add();
  const ProfilePtr next = relabel(profile);
  if (!next) return {};
  return counted(outlets_.offer(next));
}

void Relabeler::accept_kept(const ProfilePtr& profile, pipeline::Kept kept) {
  if (edits(*profile)) {
    if (!begin_edit(profile, kept)) kept({Outcome::kRefused, "queue full"});
    return;
  }
  processed_.add();
  const ProfilePtr next = relabel(profile);
  if (!next) return kept({});
  outlets_.offer_kept(next, [this, token = alive_.token(), kept = std::move(kept)](const Answer& answer) {
    if (!token.expired()) counted(answer);
    kept(answer);
  });
}

bool Relabeler::begin_edit(const ProfilePtr& profile, pipeline::Kept kept) {
  const std::uint64_t size = profile->body->size();
  if (editing_bytes_ > 0 && editing_bytes_ + size > kMaxEditingBytes) {
    env_.tap.passed(profile, "", "refused: queue full");
    return false;
  }
  processed_.add();
  editing_bytes_ += size;
  auto job = std::make_shared<EditJob>();
  job->profile = profile;
  job->plan = plan_;
  job->kept = std::move(kept);
  job->entry = ledger_->take(profile->type());
  editing_.push_back(job);
  env_.pool->submit([job] { job->result = edit_body(*job->profile->body, *job->plan); },
                    alive_.bind([this, job] { edited(job); }));
  return true;
}

void Relabeler::edited(const std::shared_ptr<EditJob>& job) {
  if (!job->entry.open()) return;  // given up at stop
  editing_bytes_ -= job->profile->body->size();
  if (job->result.nothing_left) {
    dropped_.add();
    env_.tap.passed(job->profile, "", "dropped: no sample is left");
    return finish(job, {});
  }
  ProfilePtr next = job->profile;
  if (job->result.readable) {
    auto changed = std::make_shared<Profile>(*next);
    if (job->result.body) {
      changed->body = job->result.body;
      changed->checked = false;  // what is left may have no positive value
    }
    changed->lacks_time = job->result.lacks_time;
    LabelsBuilder labels(changed->labels);
    for (const auto& [key, value] : job->result.promoted)
      if (const std::string name = label_name(key); labels.get(name).empty()) labels.set(name, value);
    changed->labels = labels.build();
    next = std::move(changed);
  }
  next = relabel(next);
  if (!next) return finish(job, {});
  outlets_.offer_kept(next, alive_.bind([this, job](const Answer& answer) { finish(job, counted(answer)); }));
}

void Relabeler::finish(const std::shared_ptr<EditJob>& job, const Answer& answer) {
  if (!job->entry.open()) return;
  if (answer.accepted()) {
    job->entry.sent();
  } else {
    job->entry.dropped("refused downstream");  // the reason names labels: too many values for a metric
    env_.logger.warn("a profile was refused after it was edited", {{"err", answer.reason}});
  }
  std::erase(editing_, job);
  if (job->kept) job->kept(answer);
  check_stopped();
}

void Relabeler::stop(async::Task done) {
  intake_->close();
  on_stopped_ = std::move(done);
  stop_timer_.arm_after(kStopDeadline, alive_.bind([this] {
    for (const auto& job : std::vector(editing_)) finish(job, {Outcome::kRefused, "component stopped"});
  }));
  check_stopped();
}

void Relabeler::check_stopped() {
  if (!on_stopped_ || !editing_.empty()) return;
  stop_timer_.cancel();
  env_.loop->post(std::exchange(on_stopped_, {}));
}

syntax::BodyValue Relabeler::debug_info() const {
  syntax::BodyValue info;
  info.attribute("cached_label_sets", std::uint64_t{cache_.size()});
  info.attribute("cache_hits", hits_.value());
  info.attribute("cache_misses", misses_.value());
  for (const auto& sentence : component::name_warnings(rule_configs_)) {
    syntax::BodyValue row;
    row.attribute("problem", sentence);
    info.block("rule", "", std::move(row));
  }
  if (plan_) info.attribute("profiles_being_edited", std::uint64_t{editing_.size()});
  return info;
}

}  // namespace invar::components::pyroscope_relabel
