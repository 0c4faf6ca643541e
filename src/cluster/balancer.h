// Balancer: shares the work of a cluster out by what it costs, with --cluster.balance=cost.
//
// Every node measures its own work and tells the leader each minute; the leader, the first of the participants by name, weighs, and
// proposes a plan that the engine carries to all. Until a plan is there, and for nodes that it does not know, the ring decides; so a
// node that dies is taken over without a leader. One node that does not weigh (Alloy's, or one without the flag) and all go by the ring.
//
// The leader plans when nodes came or went kSettled ago, and kEvery after its last plan; once all have told it, or kWait have passed.
// Threads:  loop thread; weighing is work for the pool. Lifetime: the cluster, the engine and the metrics outlive it.
// Spec:     clustering.md 13.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "async/loop.h"
#include "async/worker_pool.h"
#include "base/log.h"
#include "cluster/costs.h"
#include "cluster/shares.h"
#include "component/balance.h"
#include "component/cluster.h"
#include "component/problem.h"
#include "metrics/metrics.h"

namespace invar::cluster {

// What an engine offers that can follow a plan.
class Balanced {
 public:
  virtual ~Balanced() = default;
  // As ownership goes by them now; null while nobody owns anything.
  [[nodiscard]] virtual SharesPtr shares() const = 0;
  virtual void propose(PlanPtr plan) = 0;
  // Participants that do not weigh: because of them nobody does.
  [[nodiscard]] virtual std::vector<std::string> not_weighing() const = 0;
};

// What a node tells the leader. Errors: bytes that are none, or of more than kSlots slots.
struct CostReport {
  std::string cluster, node;
  std::vector<Costs::Rate> rates;
  bool operator==(const CostReport&) const = default;
};
std::string encode(const CostReport& report);
Result<CostReport> decode_cost_report(std::string_view bytes);

class Balancer final : public component::CostSink {
 public:
  static constexpr Duration kTick = std::chrono::seconds(5);
  static constexpr Duration kTell = std::chrono::minutes(1);
  static constexpr Duration kSettled = std::chrono::seconds(10);
  static constexpr Duration kWait = std::chrono::minutes(2);
  static constexpr Duration kEvery = std::chrono::minutes(5);
  static constexpr Duration kRemember =
      std::chrono::hours(1);  // nodes that are gone, and costs that nobody tells any more

  struct Environment {
    async::Loop* loop = nullptr;
    async::WorkerPool* pool = nullptr;
    component::Cluster* cluster = nullptr;
    Balanced* engine = nullptr;
    std::string cluster_name, node_name;
    // `refused`, if the leader does not take it; not from inside. It may get lost.
    std::function<void(const std::string& address, std::string report, async::Task refused)> send;
    log::Logger logger;
    metrics::Scope* metrics = nullptr;
  };
  explicit Balancer(Environment environment);

  void note(std::uint64_t key, std::uint64_t bytes, Duration cpu) override;
  // False: not to be taken by this node now.
  bool hear(const CostReport& report);
  [[nodiscard]] component::Balance balance() const;
  [[nodiscard]] std::vector<component::Problem> problems() const;

 private:
  struct Known {
    SlotCost cost;
    async::TimePoint at;
  };

  void tick();
  void follow(const SharesPtr& shares);
  void note_participants(const std::vector<std::string>& names);
  void tell(const SharesPtr& shares);
  void maybe_plan(const SharesPtr& shares);
  [[nodiscard]] bool is_known(const SharesPtr& shares) const;
  void weigh_all(const SharesPtr& shares);
  void collect(std::vector<metrics::Sample>& out) const;

  const Environment env_;
  Costs costs_;
  metrics::Counter &moved_, &bytes_, &cpu_;
  SharesPtr followed_;  // as they were last; null: nobody owned anything yet
  UnixNanos plan_since_ = 0;
  std::size_t plan_moved_ = 0;
  std::vector<std::string> participants_;
  std::string leader_;
  async::TimePoint changed_at_{}, told_at_{}, planned_at_{};
  bool to_plan_ = false;              // participants changed since the last plan, or that got lost
  std::uint64_t proposed_epoch_ = 0;  // of our last plan
  bool weighing_ = false;
  std::map<std::size_t, Known> known_;   // by slot, while we lead
  std::map<std::string, bool> told_us_;  // since we lead; whether anything was measured
  std::map<std::string, async::TimePoint> gone_;
  std::optional<Weighed> last_;
  std::vector<std::string> weighed_names_;  // its nodes
  async::Timer timer_;
  async::Alive alive_;  // last
};

}  // namespace invar::cluster
