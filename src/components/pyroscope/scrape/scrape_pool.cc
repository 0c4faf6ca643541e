#include "components/pyroscope/scrape/scrape_pool.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/strings.h"
#include "components/pyroscope/scrape/profiling_warnings.h"

namespace invar::components::pyroscope_scrape {
namespace {

constexpr std::size_t kBadTargetLines = 20;                 // in the log, of one list
constexpr Duration kApart = std::chrono::milliseconds(10);  // of first scrapes that come out of turn
constexpr Duration kSaveEvery = std::chrono::minutes(5);

}  // namespace

std::string without_request(const std::string& sentence, const std::string& url) {
  const std::string get = "Get " + quote(url) + ": ";
  return sentence.starts_with(get) ? sentence.substr(get.size()) : sentence;
}

ScrapePool::ScrapePool(component::Options options, const Arguments& arguments,
                       std::shared_ptr<http::Client> client)
    : options_(std::move(options)),
      metrics_(*options_.metrics),
      memory_(*options_.loop, *options_.disk_pool, options_.files, options_.logger),
      save_timer_(*options_.loop),
      moves_({.loop = options_.loop,
              .pool = options_.pool,
              .cluster = options_.cluster.get(),
              .component = options_.id,
              .logger = options_.logger,
              .metrics = options_.metrics},
             move_hooks()) {
  context_.loop = options_.loop;
  context_.outlets.emplace(*options_.metrics, *options_.loop, options_.tap);
  context_.pool = options_.pool;
  context_.logger = options_.logger;
  context_.metrics = &metrics_;
  context_.scope = options_.metrics;
  context_.tap = options_.tap;
  context_.client = std::move(client);
  take_over(arguments);
  cluster_changes_ = options_.cluster->on_change(alive_.bind([this] {
    if (clustered_ && started_ && !stopping_) make_jobs_anew();
  }));
  options_.metrics->on_collect(alive_.bind([this](std::vector<metrics::Sample>& out) { collect(out); }));
}

ScrapePool::~ScrapePool() = default;

void ScrapePool::take_over(const Arguments& arguments) {
  targets_ = arguments.targets.targets;
  settings_ = job_settings(arguments, options_.id);
  clustered_ = arguments.clustering.enabled;
  context_.outlets->set(arguments.forward_to);
  context_.scrape_interval = arguments.interval();
  context_.max_profile_bytes = arguments.max_profile_bytes;
  context_.sample_limit = arguments.sample_limit;
  context_.per_target_metrics = arguments.per_target_metrics;
  context_.memory = clustered_ ? &memory_ : nullptr;
  context_.costs = clustered_ ? options_.cluster->costs() : nullptr;
  std::vector<std::string> sentences = warnings(arguments);
  std::ranges::move(warnings(arguments.profiling), std::back_inserter(sentences));
  for (const auto& sentence : sentences) {
    if (std::ranges::find(warnings_, sentence) == warnings_.end()) options_.logger.warn(sentence);
  }
  warnings_ = std::move(sentences);
}

void ScrapePool::start() {
  options_.disk_pool->run(
      [files = options_.files, path = options_.data_path, now = options_.loop->unix_ns()] {
        return load_baselines_blocking(*files, path, now);
      },
      alive_.bind([this](LoadedBaselines loaded) {
        if (!loaded.problem.empty()) {
          options_.logger.warn("stored baselines could not be read whole: affected targets start anew",
                               {{"path", options_.data_path + "/baselines"}, {"err", loaded.problem}});
        }
        for (auto& b : loaded.baselines) restored_[{b.identity, std::move(b.name)}] = std::move(b.state);
        started_ = true;
        make_jobs_anew();
        arm_save();
      }));
}

void ScrapePool::update(const Arguments& arguments, std::shared_ptr<http::Client> client) {
  const auto old_targets = targets_;
  const auto old_settings = settings_;
  const auto old_interval = context_.scrape_interval;
  const bool was_clustered = clustered_;
  take_over(arguments);
  if (settings_ != old_settings) made_ = std::make_shared<JobsByTarget>();
  if (client) context_.client = std::move(client);
  if (!started_) return;
  if (context_.scrape_interval != old_interval) {
    for (auto& [key, loop] : loops_) loop->interval_changed();
  }
  if (targets_ != old_targets || settings_ != old_settings || clustered_ != was_clustered) make_jobs_anew();
}

void ScrapePool::make_jobs_anew() {
  const std::uint64_t generation = ++generation_;
  options_.logger.debug("passed new targets to scrape manager",
                        {{"targets", static_cast<std::uint64_t>(targets_.size())}});
  struct Made {
    std::shared_ptr<const JobsByTarget> by_target;
    std::shared_ptr<JobList> list;
    std::vector<TargetElsewhere> elsewhere;
    component::TargetsByOwner by_owner;
    std::shared_ptr<const component::Ownership> ownership;
  };
  options_.pool->run(
      [targets = targets_, settings = settings_, before = made_,
       ownership = clustered_ ? options_.cluster->ownership() : nullptr] {
        Made made;
        made.by_target = std::make_shared<const JobsByTarget>(make_target_jobs(targets, settings, *before));
        made.list = std::make_shared<JobList>(list_jobs(*made.by_target));
        if (ownership) {
          made.by_owner = count_by_owner(made.list->jobs, *ownership);
          made.elsewhere = take_out_of_others(made.list->jobs, *ownership);
        }
        made.ownership = ownership;
        return made;
      },
      alive_.bind([this, generation](Made made) {
        if (generation != generation_ || stopping_) return;
        made_ = std::move(made.by_target);
        elsewhere_ = std::move(made.elsewhere);
        by_owner_ = std::move(made.by_owner);
        ownership_ = std::move(made.ownership);
        moves_.start_list(ownership_, generation);
        say_what_is_wrong(*made.list);
        apply_slice(std::move(made.list), 0, generation);
      }));
}

// Each once, although the list is made anew with every change of any target.
void ScrapePool::say_what_is_wrong(const JobList& list) {
  std::set<std::pair<std::string, std::string>> bad;
  std::size_t said = 0, more = 0;
  for (const auto& [target, message] : list.bad) {
    const bool known = bad_targets_.contains({target, message});
    if (!bad.emplace(target, message).second || known) continue;
    if (said == kBadTargetLines) {
      ++more;
      continue;
    }
    ++said;
    options_.logger.error("creating targets failed", {{"target", target}, {"err", message}});
  }
  if (more > 0) {
    options_.logger.error("creating more targets failed", {{"targets", static_cast<std::uint64_t>(more)}});
  }
  bad_targets_ = std::move(bad);
  if (list.duplicate_targets > duplicate_targets_) {
    options_.logger.warn("targets that differ only in __meta_ labels are scraped once",
                         {{"duplicates", static_cast<std::uint64_t>(list.duplicate_targets)}});
  }
  duplicate_targets_ = list.duplicate_targets;
}

void ScrapePool::apply_slice(std::shared_ptr<JobList> list, std::size_t from, std::uint64_t generation) {
  if (generation != generation_ || stopping_) return;  // a newer list is on its way
  const std::size_t to = std::min(list->jobs.size(), from + kJobsATurn);
  for (std::size_t i = from; i < to; ++i) apply_job(std::move(list->jobs[i]), generation);
  if (to == list->jobs.size()) {
    moves_.all_taken();
    return remove_old_loops(0, generation);
  }
  options_.loop->post(alive_.bind([this, list = std::move(list), to, generation]() mutable {
    apply_slice(std::move(list), to, generation);
  }));
}

void ScrapePool::apply_job(JobPtr job, std::uint64_t generation) {
  const JobKey key{job->identity, job->names};
  if (const auto it = loops_.find(key); it != loops_.end()) {
    it->second->set_job(std::move(job));
    it->second->generation = generation;
  } else if (auto handed = moves_.take(key, job)) {
    begin(key, std::move(job), *std::move(handed), generation);
  }
}

void ScrapePool::begin(const JobKey& key, JobPtr job, Handed handed, std::uint64_t generation) {
  if (stopping_) return;
  if (const auto restored = restored_.find(key); restored != restored_.end()) {
    // What another node knew is newer.
    if (!handed.baseline) handed.baseline = std::move(restored->second);
    restored_.erase(restored);
  }
  TargetUp& up = up_[{std::string(job->labels.get("instance")), std::string(job->labels.get(kServiceName))}];
  give_a_turn(*job, handed);
  auto& loop = loops_[key];
  loop = std::make_unique<ScrapeLoop>(context_, up, std::move(job), handed.baseline);
  loop->start(handed);
  loop->generation = generation;
}

// One after the other, and only those that missed their instant: of many that move at once these are few.
void ScrapePool::give_a_turn(const Job& job, Handed& handed) {
  if (!missed_its_instant(job.identity, options_.loop->unix_ns(), context_.scrape_interval, handed)) return;
  const auto now = options_.loop->now();
  next_turn_ = std::max(next_turn_, now);
  handed.turn = next_turn_ - now;
  next_turn_ += kApart;
}

// Bucket by bucket, so that a turn is bounded whether many loops go or none. Nothing else adds or removes loops
// meanwhile: a newer list has another generation.
void ScrapePool::remove_old_loops(std::size_t bucket, std::uint64_t generation) {
  if (generation != generation_ || stopping_) return;
  std::vector<const JobKey*> old;
  std::size_t seen = 0;
  for (; bucket < loops_.bucket_count() && seen < 4 * kJobsATurn && old.size() < kJobsATurn;
       ++bucket, ++seen) {
    for (auto it = loops_.begin(bucket); it != loops_.end(bucket); ++it, ++seen) {
      if (it->second->generation != generation) old.push_back(&it->first);
    }
  }
  for (const JobKey* key : old) remove(JobKey(*key));
  if (bucket == loops_.bucket_count()) return moves_.end_list();
  options_.loop->post(alive_.bind([this, bucket, generation] { remove_old_loops(bucket, generation); }));
}

void ScrapePool::remove(const JobKey& key) {
  const auto loop = loops_.find(key);
  const std::uint64_t target = loop->second->job().target_key;
  if (ownership_ && !ownership_->owns(target))
    return moves_.let_go(key, target, std::string(ownership_->owner(target)), hand_over(loop));
  const Labels labels = loop->second->job().labels;
  loops_.erase(loop);
  forget_target(labels);
}

Handed ScrapePool::hand_over(Loops::iterator loop) {
  Handed handed = loop->second->hand_over();
  const Labels labels = loop->second->job().labels;
  std::unique_ptr<ScrapeLoop> ended = std::move(loop->second);
  loops_.erase(loop);
  if (ended->must_finish()) {
    ended->when_finished(alive_.bind([this, done = ended.get(), labels] {
      std::erase_if(finishing_, [&](const auto& one) { return one.get() == done; });
      forget_target(labels);
    }));
    finishing_.push_back(std::move(ended));
  }
  ended.reset();
  forget_target(labels);
  return handed;
}

void ScrapePool::forget_target(const Labels& labels) {
  const auto up = up_.find({std::string(labels.get("instance")), std::string(labels.get(kServiceName))});
  if (up != up_.end() && up->second.loops == 0) up_.erase(up);
}

Moves::Hooks ScrapePool::move_hooks() {
  return {.end = [this](const JobKey& key) -> std::optional<Handed> {
            const auto loop = loops_.find(key);
            if (loop == loops_.end()) return std::nullopt;
            return hand_over(loop);
          },
          .begin =
              [this](const JobKey& key, JobPtr job, Handed handed, std::uint64_t generation) {
                begin(key, std::move(job), std::move(handed), generation);
              },
          .look_again = [this] { make_jobs_anew(); },
          .still_here = [this](const auto& owners) { return still_here(owners); }};
}

std::size_t ScrapePool::still_here(const std::set<std::string>& owners) const {
  if (!clustered_) return 0;
  const auto ownership = options_.cluster->ownership();
  const auto running = std::ranges::count_if(loops_, [&](const auto& entry) {
    return owners.contains(std::string(ownership->owner(entry.second->job().target_key)));
  });
  // A CPU profile takes its whole interval: it is not waited for.
  const auto finishing =
      std::ranges::count_if(finishing_, [](const auto& loop) { return !loop->job().asks_for_seconds; });
  return static_cast<std::size_t>(running + finishing);
}

void ScrapePool::arm_save() {
  save_timer_.arm_after(kSaveEvery, [this] {
    restored_.clear();  // of targets that did not come back
    std::vector<Baseline> states;
    for (const auto& [key, loop] : loops_) {
      if (loop->baseline())
        states.push_back({key.identity, key.name, loop->baseline(), loop->baseline_good_until()});
    }
    save(std::move(states), [this] { arm_save(); });
  });
}

// One at a time: both would write to the same file. Only stop() can come while another is under way.
void ScrapePool::save(std::vector<Baseline> states, async::Task done) {
  if (saving_) {
    next_save_ = [this, states = std::move(states), done = std::move(done)]() mutable {
      save(std::move(states), std::move(done));
    };
    return;
  }
  saving_ = true;
  options_.disk_pool->run(
      [files = options_.files, path = options_.data_path, states = std::move(states)] {
        return save_baselines_blocking(*files, path, states);
      },
      alive_.bind([this, done = std::move(done)](Result<> saved) mutable {
        saving_ = false;
        if (!saved) options_.logger.warn("baselines could not be stored", {{"err", saved.error()}});
        if (next_save_) return std::exchange(next_save_, nullptr)();
        done();
      }));
}

void ScrapePool::stop(async::Task done) {
  stopping_ = true;
  save_timer_.cancel();
  std::vector<Baseline> states;
  // What others go on with would be counted twice.
  const auto ownership = clustered_ ? options_.cluster->ownership() : nullptr;
  for (const auto& [key, loop] : loops_) {
    const std::uint64_t target = loop->job().target_key;
    if (ownership && !ownership->owns(target) && !ownership->owner(target).empty()) continue;
    if (loop->baseline()) states.push_back({key.identity, key.name, loop->baseline()});
  }
  for (const auto& [key, baseline] : moves_.resting()) states.push_back({key.identity, key.name, baseline});
  // What was loaded and not yet taken is as good as before.
  for (auto& [key, state] : restored_) states.push_back({key.identity, key.name, std::move(state)});
  loops_.clear();
  finishing_.clear();
  if (states.empty()) return options_.loop->post(std::move(done));
  save(std::move(states), std::move(done));
}

void ScrapePool::collect(std::vector<metrics::Sample>& out) const {
  for (const auto& [target, state] : up_) {
    if (state.up + state.down == 0) continue;  // not tried yet: an alert on 0 would be wrong
    out.push_back({.name = "pyroscope_scrape_up",
                   .help = "1 while a target's profiles are scraped well.",
                   .labels = {{"instance", target.first}, {"service_name", target.second}},
                   .value = state.up > 0 ? 1.0 : 0.0});
  }
  out.push_back({.name = "pyroscope_scrape_jobs",
                 .help = "Targets times profile types that are scraped.",
                 .value = static_cast<double>(loops_.size())});
  out.push_back({.name = "pyroscope_scrape_shared_addresses",
                 .help = "Jobs at whose address several processes answer in turn.",
                 .value = static_cast<double>(std::ranges::count_if(
                     loops_, [](const auto& loop) { return loop.second->status().processes > 1; }))});
  out.push_back({.name = "pyroscope_scrape_bad_targets",
                 .help = "Targets that cannot be scraped as configured.",
                 .value = static_cast<double>(bad_targets_.size())});
  out.push_back({.name = "pyroscope_scrape_targets_elsewhere",
                 .help = "Targets that other nodes of the cluster scrape.",
                 .value = static_cast<double>(elsewhere_.size())});
  out.push_back(
      {.name = "pyroscope_scrape_jobs_without_memory",
       .help = "Jobs that came from other nodes of the cluster and do not begin for want of memory.",
       .value = static_cast<double>(context_.jobs_without_memory)});
  out.push_back({.name = "pyroscope_scrape_duplicate_targets",
                 .help = "Targets left out because they differ from another in __meta_ labels only.",
                 .value = static_cast<double>(duplicate_targets_)});
}

std::vector<const ScrapeLoop*> ScrapePool::sorted_loops() const {
  std::vector<const ScrapeLoop*> sorted;
  for (const auto& [key, loop] : loops_) sorted.push_back(loop.get());
  std::ranges::sort(sorted, {},
                    [](const ScrapeLoop* loop) { return std::pair(loop->job().url, loop->job().name); });
  return sorted;
}

std::vector<component::Problem> ScrapePool::problems() const {
  std::vector<component::Problem> out;
  for (const auto& [target, message] : bad_targets_)
    out.push_back({component::Severity::kDegraded, target, message, 0});
  for (const ScrapeLoop* loop : sorted_loops()) {
    const LoopStatus& status = loop->status();
    if (status.last_error.empty()) continue;
    out.push_back({component::Severity::kDegraded, loop->job().url,
                   without_request(status.last_error, loop->job().url), status.failing_since_unix_ns});
  }
  return out;
}

component::BodyValue ScrapePool::debug_info() const {
  component::BodyValue info;
  for (const auto& [target, message] : bad_targets_) {
    component::BodyValue row;
    row.attribute("target", target).attribute("last_error", message);
    info.block("bad_target", "", std::move(row));
  }
  for (const auto* loop : sorted_loops()) {
    const auto& job = loop->job();
    const auto& status = loop->status();
    component::BodyValue row;
    row.attribute("job", job.labels.get("job")).attribute("profile", job.name).attribute("url", job.url);
    row.attribute("health", to_string(status.health));
    if (!status.last_error.empty()) row.attribute("last_error", status.last_error);
    if (status.last_scrape_unix_ns != 0) {
      row.attribute("last_scrape", format_rfc3339(status.last_scrape_unix_ns));
      row.attribute(
          "last_scrape_duration",
          format_duration(std::chrono::duration_cast<std::chrono::microseconds>(status.last_duration)));
    }
    if (status.last_success_unix_ns != 0) {
      row.attribute("last_success", format_rfc3339(status.last_success_unix_ns));
      row.attribute("bytes", status.last_bytes).attribute("samples", status.last_samples);
    }
    if (!status.problem.empty()) row.attribute("problem", status.problem);
    if (status.processes > 1) row.attribute("processes", std::uint64_t{status.processes});
    std::vector<std::pair<std::string, syntax::Value>> labels;
    for (const auto& label : job.labels) labels.emplace_back(label.name, label.value);
    row.attribute("labels", syntax::Value::object(std::move(labels)));
    info.block("target", "", std::move(row));
  }
  for (const TargetElsewhere& target : elsewhere_) {
    component::BodyValue row;
    row.attribute("instance", target.instance).attribute("service_name", target.service_name);
    row.attribute("owner", target.owner);
    if (ownership_) row.attribute("reason", ownership_->why(target.key));
    info.block("target_elsewhere", "", std::move(row));
  }
  return info;
}

}  // namespace invar::components::pyroscope_scrape
