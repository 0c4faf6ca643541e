// Moves: the jobs of one component that are on their way between nodes of a cluster: let go for another node, given to it, or awaited
// from it.
//
// A job that another node had before is awaited: its state is asked for, and it begins when that is here, or nobody has it. A job that
// is another's now is let go: it rests, not scraped, until it is asked for or kRest has passed. One that is asked for while it runs
// ends at once; for kTrust it stays ended, although our own view of the cluster may come later.
// Threads:  loop thread. Lifetime: what Environment points to outlives it.
// Spec:     clustering.md 11.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "async/worker_pool.h"
#include "base/log.h"
#include "component/hand_over.h"
#include "components/pyroscope/scrape/handed.h"
#include "components/pyroscope/scrape/job_key.h"
#include "components/pyroscope/scrape/jobs.h"
#include "metrics/metrics.h"

namespace invar::components::pyroscope_scrape {

constexpr std::size_t kJobsATurn = 500;  // that begin or end in one turn of the loop: some 2 ms

class Moves final : public component::HandOver::Giver {
 public:
  static constexpr Duration kRest = std::chrono::minutes(1);
  static constexpr Duration kTrust = std::chrono::seconds(5);
  static constexpr Duration kNoticed = std::chrono::seconds(15);  // so late a death is known

  struct Environment {
    async::Loop* loop = nullptr;
    async::WorkerPool* pool = nullptr;
    component::Cluster* cluster = nullptr;
    std::string component;
    log::Logger logger;
    metrics::Scope* metrics = nullptr;
  };
  struct Hooks {
    std::function<std::optional<Handed>(const JobKey&)> end;  // a running job, for another node
    std::function<void(const JobKey&, JobPtr, Handed, std::uint64_t generation)> begin;
    std::function<void()> look_again;  // make the list of jobs anew
    // Running jobs that are these nodes' now, and scrapes of jobs given away that must come to their end.
    std::function<std::size_t(const std::set<std::string>&)> still_here;
  };
  Moves(Environment environment, Hooks hooks);

  // A list of jobs is applied: start, every job that does not run yet, all_taken, what is no longer ours, end. A newer one may begin at any
  // moment.
  // `ownership` null: nothing is shared.
  void start_list(std::shared_ptr<const component::Ownership> ownership, std::uint64_t generation);
  // What the job begins with; nothing: not now, or not here.
  std::optional<Handed> take(const JobKey& key, const JobPtr& job);
  void all_taken();
  void end_list();

  // A job that ended because it is no longer ours; `owner` "": nobody's for now.
  void let_go(const JobKey& key, std::uint64_t target_key, const std::string& owner, Handed handed);
  // What is nobody's, so that it may be kept over a restart.
  [[nodiscard]] std::vector<std::pair<JobKey, pprof::DeltaStatePtr>> resting() const;

  std::optional<Given> give(std::string_view key) override;
  [[nodiscard]] bool expects(std::string_view key) const override;
  [[nodiscard]] std::size_t waiting() const override;

 private:
  struct Resting {
    Handed handed;
    std::uint64_t target_key = 0;
    std::string owner;
    async::TimePoint since;
  };
  struct Awaited {
    JobPtr job;
    std::uint64_t generation = 0;
    std::string former;  // "": whoever it was
    bool asked = false;
  };
  struct GivenAway {
    async::TimePoint at;
    std::uint64_t generation = 0;  // of the last list that named it
  };
  // One question to one node, or to all.
  struct Round {
    std::string former;
    std::vector<JobKey> keys;
    std::size_t decoding = 0, with_state = 0;
    bool all_said = false, former_is_gone = false;
  };
  using Decoded = std::vector<std::pair<std::string, Handed>>;

  void note_peers();
  void ask(const std::string& former, std::vector<JobKey> keys);
  void on_pieces(const std::shared_ptr<Round>& round, std::vector<component::HandOver::Piece> pieces);
  void adopt(Round& round, Decoded pieces);
  void end_round(const std::shared_ptr<Round>& round);
  void begin_rest(const std::shared_ptr<Round>& round, std::size_t from);
  void end_long_rests();
  void arm_trust();
  [[nodiscard]] Given given(Handed handed);

  const Environment env_;
  const Hooks hooks_;
  metrics::Counter &with_state_, &anew_, &given_away_;
  std::shared_ptr<const component::Ownership> before_,
      now_;                       // of the last list of which all was taken, and of this one
  std::uint64_t generation_ = 0;  // of this list
  std::set<std::string> others_;  // nodes that hand over
  std::unordered_map<JobKey, Resting, JobKeyHash> resting_;
  std::unordered_map<JobKey, Awaited, JobKeyHash> awaited_;
  std::unordered_set<JobKey, JobKeyHash> expected_;  // of rounds that have not ended, whosever they are now
  std::unordered_map<JobKey, GivenAway, JobKeyHash> given_;
  async::Timer rest_timer_, trust_timer_;
  component::HandOver::Subscription serving_;
  async::Alive alive_;  // last
};

}  // namespace invar::components::pyroscope_scrape
