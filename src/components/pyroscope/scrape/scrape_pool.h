// ScrapePool: keeps one ScrapeLoop per job of the current arguments, and the baselines over a restart.
//
// A change of targets or settings makes the job list anew (on the worker pool) and applies it in slices, so
// that thousands of targets may come and go without a stall of the loop. A loop whose identity stays keeps
// running, with its baseline. Threads: loop thread. Stop: cancels everything in flight, writes the baselines,
// then calls `done`. Spec: pyroscope-scrape.md 10, 14; decision 6.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "component/component.h"
#include "components/pyroscope/scrape/arguments.h"
#include "components/pyroscope/scrape/baseline_store.h"
#include "components/pyroscope/scrape/moves.h"
#include "components/pyroscope/scrape/scrape_loop.h"
#include "components/pyroscope/scrape/sharing.h"

namespace invar::components::pyroscope_scrape {

// The sentence for a place that names the address anyway.
std::string without_request(const std::string& sentence, const std::string& url);

class ScrapePool final : public component::ScrapedTargets, public component::SharedTargets {
 public:
  ScrapePool(component::Options options, const Arguments& arguments, std::shared_ptr<http::Client> client);
  ~ScrapePool() override;

  void start();
  // `client` is null when the client options did not change.
  void update(const Arguments& arguments, std::shared_ptr<http::Client> client);
  void stop(async::Task done);
  [[nodiscard]] std::vector<component::Problem> problems() const;  // one for each target that is not scraped
  [[nodiscard]] component::BodyValue debug_info() const;

  [[nodiscard]] std::size_t count() const override { return loops_.size() + bad_targets_.size(); }
  [[nodiscard]] Totals totals() const override { return context_.totals; }
  std::size_t rows(std::size_t from, std::size_t most, std::vector<component::TargetRow>& out) const override;
  [[nodiscard]] std::optional<component::TargetDetail> detail(std::string_view id) const override;
  Asked scrape_now(std::string_view id) override;
  [[nodiscard]] const component::TargetsByOwner& targets_by_owner() const override { return by_owner_; }

 private:
  [[nodiscard]] std::vector<const ScrapeLoop*> sorted_loops() const;           // by URL and name
  using UpByTarget = std::map<std::pair<std::string, std::string>, TargetUp>;  // by instance and service_name
  using Loops = std::unordered_map<JobKey, std::unique_ptr<ScrapeLoop>, JobKeyHash>;

  void take_over(const Arguments& arguments);
  void make_jobs_anew();
  void say_what_is_wrong(const JobList& list);
  void apply_slice(std::shared_ptr<JobList> list, std::size_t from, std::uint64_t generation);
  void apply_job(JobPtr job, std::uint64_t generation);
  void begin(const JobKey& key, JobPtr job, Handed handed, std::uint64_t generation);
  void give_a_turn(const Job& job, Handed& handed);
  void remove_old_loops(std::size_t bucket, std::uint64_t generation);
  void remove(const JobKey& key);
  // Ends a job that another node goes on with.
  Handed hand_over(Loops::iterator loop);
  void forget_target(const Labels& labels);
  [[nodiscard]] std::size_t still_here(const std::set<std::string>& owners) const;
  [[nodiscard]] Moves::Hooks move_hooks();
  void arm_save();
  void save(std::vector<Baseline> states, async::Task done);
  void collect(std::vector<metrics::Sample>& out) const;

  const component::Options options_;
  ScrapeMetrics metrics_;
  MemoryRoom memory_;
  Context context_;
  component::Targets targets_;
  JobSettings settings_;
  std::shared_ptr<const JobsByTarget> made_ = std::make_shared<JobsByTarget>();  // with these settings
  bool clustered_ = false;
  std::vector<TargetElsewhere> elsewhere_;  // targets that other nodes of the cluster scrape, by instance
  component::TargetsByOwner by_owner_;
  std::set<std::pair<std::string, std::string>> bad_targets_;  // labels in text form, and what is wrong
  std::size_t duplicate_targets_ = 0;
  std::vector<std::string> warnings_;  // of the arguments, each logged once
  UpByTarget up_;
  Loops loops_;
  std::vector<std::unique_ptr<ScrapeLoop>> finishing_;  // of jobs that other nodes go on with
  std::unordered_map<JobKey, pprof::DeltaStatePtr, JobKeyHash> restored_;
  async::TimePoint next_turn_{};  // of a job that missed its instant while it moved
  std::uint64_t generation_ = 0;
  bool started_ = false;  // baselines are loaded, loops run
  bool stopping_ = false;
  bool saving_ = false;
  async::Task next_save_;
  async::Timer save_timer_;
  std::shared_ptr<const component::Ownership>
      ownership_;  // by which the last list was made; null: nothing is shared
  Moves moves_;
  component::Cluster::Subscription cluster_changes_;
  async::Alive alive_;  // last
};

}  // namespace invar::components::pyroscope_scrape
