#include "cluster/balancer.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "cluster/messages.h"
#include "cluster/msgpack.h"
#include "cluster/names_in_log.h"

namespace invar::cluster {
namespace {

std::uint64_t epoch_of(const Shares& shares) {
  return shares.basis().plan ? shares.basis().plan->epoch : 0;
}

std::size_t moved_slots(const Shares& before, const Shares& now) {
  if (before.slots().empty() || now.slots().empty()) return 0;
  std::size_t moved = 0;
  for (std::size_t slot = 0; slot < kSlots; ++slot)
    moved += before.basis().names[before.slots()[slot]] != now.basis().names[now.slots()[slot]];
  return moved;
}

}  // namespace

std::string encode(const CostReport& report) {
  std::string out;
  MsgpackWriter writer(out);
  writer.array(3);
  writer.raw(report.cluster);
  writer.raw(report.node);
  writer.array(3 * report.rates.size());
  for (const Costs::Rate& rate : report.rates) {
    writer.number(rate.slot);
    writer.number(rate.bytes);
    writer.number(rate.cpu_ns);
  }
  return out;
}

Result<CostReport> decode_cost_report(std::string_view bytes) {
  const auto broken = [] { return fail(ErrorCode::kDataLoss, "broken report of costs"); };
  MsgpackReader reader(bytes);
  if (reader.array() != 3) return broken();
  CostReport report;
  for (std::string* text : {&report.cluster, &report.node}) *text = reader.raw();
  const std::size_t numbers = reader.array();
  if (numbers % 3 != 0 || numbers > 3 * kSlots || report.node.size() > kMaxName) return broken();
  for (std::size_t i = 0; i < numbers / 3 && reader.good(); ++i) {
    const std::uint64_t slot = reader.number();
    if (slot >= kSlots) return broken();
    const std::uint64_t rate = reader.number();
    report.rates.push_back({static_cast<std::size_t>(slot), rate, reader.number()});
  }
  if (!reader.good() || !reader.rest().empty()) return broken();
  return report;
}

Balancer::Balancer(Environment environment)
    : env_(std::move(environment)),
      moved_(env_.metrics->counter("cluster_balance_moved_slots_total",
                                   "Slots of keys that plans of this node have moved, of 16,384.")),
      bytes_(env_.metrics->counter("cluster_balance_profile_bytes_total",
                                   "Bytes of the profiles that this node fetched, as they are weighed.")),
      cpu_(env_.metrics->counter("cluster_balance_work_seconds_total",
                                 "CPU time of the work on them, as it is weighed.")),
      timer_(*env_.loop) {
  env_.metrics->on_collect(alive_.bind([this](std::vector<metrics::Sample>& out) { collect(out); }));
  timer_.arm_after(kTick, [this] { tick(); });
}

void Balancer::note(std::uint64_t key, std::uint64_t bytes, Duration cpu) {
  costs_.note(key, bytes, cpu, env_.loop->now());
  bytes_.add(static_cast<double>(bytes));
  cpu_.add(std::chrono::duration<double>(cpu).count());
}

void Balancer::tick() {
  timer_.arm_after(kTick, [this] { tick(); });
  const SharesPtr shares = env_.engine->shares();
  if (!shares || shares->basis().names.empty()) return;
  follow(shares);
  if (!shares->basis().by_cost) return;
  tell(shares);
  maybe_plan(shares);
}

void Balancer::follow(const SharesPtr& shares) {
  if (shares == followed_) return;
  const SharesPtr before = std::exchange(followed_, shares);
  const Basis& now = shares->basis();
  if (!before || before->basis().by_cost != now.by_cost) {
    if (now.by_cost) {
      env_.logger.info("targets are shared out by what they cost");
    } else {
      env_.logger.warn("targets are shared out by the ring: not every node weighs costs",
                       {{"nodes", names_in_log(env_.engine->not_weighing())}});
    }
  }
  const std::uint64_t epoch = epoch_of(*shares);
  if (epoch == 0) {
    plan_since_ = 0;
    plan_moved_ = 0;
  } else if (before && epoch_of(*before) != epoch) {
    plan_since_ = env_.loop->unix_ns();
    plan_moved_ = moved_slots(*before, *shares);
  }
  note_participants(now.names);
}

void Balancer::note_participants(const std::vector<std::string>& names) {
  const auto now = env_.loop->now();
  if (names == participants_) return;
  for (const std::string& name : participants_) gone_.try_emplace(name, now);
  for (const std::string& name : names) gone_.erase(name);
  participants_ = names;
  changed_at_ = now;
  to_plan_ = true;
  if (names.front() == leader_) return;
  leader_ = names.front();
  told_at_ = {};
  known_.clear();
  told_us_.clear();
}

void Balancer::tell(const SharesPtr& shares) {
  const auto now = env_.loop->now();
  if (told_at_ != async::TimePoint{} && now - told_at_ < kTell) return;
  const auto is_ours = [&](std::size_t slot) {
    return shares->basis().names[shares->slots()[slot]] == env_.node_name;
  };
  CostReport report{env_.cluster_name, env_.node_name, costs_.rates(now, is_ours)};
  if (leader_ == env_.node_name) {
    told_at_ = now;
    hear(report);
    return;
  }
  for (const component::ClusterPeer& peer : env_.cluster->peers()) {
    if (peer.name != leader_) continue;
    told_at_ = now;
    env_.send(peer.address, encode(report),
              alive_.bind([this] { told_at_ = {}; }));  // again at the next tick
  }
}

// Another node may know sooner than the last tick who leads.
bool Balancer::hear(const CostReport& report) {
  if (const SharesPtr shares = env_.engine->shares(); shares && !shares->basis().names.empty())
    follow(shares);
  if (leader_ != env_.node_name || report.cluster != env_.cluster_name ||
      !std::ranges::binary_search(participants_, report.node))
    return false;
  told_us_[report.node] |= !report.rates.empty();
  for (const Costs::Rate& rate : report.rates) {
    known_[rate.slot] = {{static_cast<double>(rate.bytes), static_cast<double>(rate.cpu_ns)},
                         env_.loop->now()};
  }
  return true;
}

void Balancer::maybe_plan(const SharesPtr& shares) {
  const auto now = env_.loop->now();
  if (leader_ != env_.node_name || weighing_ || now - changed_at_ < kSettled) return;
  const bool got_lost = epoch_of(*shares) < proposed_epoch_ && now - planned_at_ >= kSettled;
  if (!to_plan_ && !got_lost && now - planned_at_ < kEvery) return;
  if (!is_known(shares) && now - changed_at_ < kWait) return;
  weigh_all(shares);
}

// All have told, and where some have measured something, all have that own something: else their work would seem to cost nothing.
bool Balancer::is_known(const SharesPtr& shares) const {
  std::set<std::uint32_t> owners(shares->slots().begin(), shares->slots().end());
  for (std::uint32_t node = 0; node < shares->basis().names.size(); ++node) {
    const auto told = told_us_.find(shares->basis().names[node]);
    if (told == told_us_.end()) return false;
    if (!known_.empty() && !told->second && owners.contains(node)) return false;
  }
  return true;
}

void Balancer::weigh_all(const SharesPtr& shares) {
  weighing_ = true;
  to_plan_ = false;
  planned_at_ = env_.loop->now();
  std::erase_if(known_, [&](const auto& known) { return planned_at_ - known.second.at > kRemember; });
  std::erase_if(gone_, [&](const auto& gone) { return planned_at_ - gone.second > kRemember; });
  std::vector<SlotCost> costs(kSlots);
  for (const auto& [slot, known] : known_) costs[slot] = known.cost;
  std::set<std::string> remembered;
  for (const auto& [name, since] : gone_) remembered.insert(name);
  env_.pool->run([shares, costs = std::move(costs),
                  remembered = std::move(remembered)] { return weigh(*shares, costs, remembered); },
                 alive_.bind([this, shares](Weighed weighed) {
                   weighing_ = false;
                   last_ = weighed;
                   weighed_names_ = shares->basis().names;
                   const SharesPtr present = env_.engine->shares();
                   if (!present || !(present->basis() == shares->basis())) {
                     to_plan_ = true;  // of what is no longer so
                     return;
                   }
                   if (!weighed.plan) return;
                   moved_.add(static_cast<double>(weighed.moved));
                   env_.logger.info("a new plan shares the targets out",
                                    {{"epoch", weighed.plan->epoch},
                                     {"moved_slots", static_cast<std::uint64_t>(weighed.moved)},
                                     {"max_to_mean_before", weighed.before},
                                     {"max_to_mean", weighed.after}});
                   proposed_epoch_ = weighed.plan->epoch;
                   env_.engine->propose(weighed.plan);
                 }));
}

component::Balance Balancer::balance() const {
  if (!followed_) return {};
  const Basis& basis = followed_->basis();
  component::Balance out{.by_cost = basis.by_cost,
                         .leader = leader_,
                         .plan = epoch_of(*followed_),
                         .since_unix_ns = plan_since_,
                         .moved = static_cast<double>(plan_moved_) / kSlots,
                         .nodes = {}};
  if (!basis.by_cost) return out;
  for (const std::string& name : basis.names) out.nodes.push_back({name, 0, std::nullopt});
  for (const std::uint32_t node : followed_->slots()) out.nodes[node].keys += 1.0 / kSlots;
  if (!last_ || leader_ != env_.node_name || weighed_names_ != basis.names) return out;
  for (std::size_t node = 0; node < out.nodes.size(); ++node) out.nodes[node].cost = last_->parts[node];
  return out;
}

std::vector<component::Problem> Balancer::problems() const {
  if (!followed_ || followed_->basis().by_cost) return {};
  const auto others = env_.engine->not_weighing();
  if (others.empty()) return {};
  return {
      {component::Severity::kDegraded, "--cluster.balance=cost",
       "has no effect while nodes of Alloy or without this flag take part: all share by the ring. They are " +
           names_in_log(others),
       0}};
}

void Balancer::collect(std::vector<metrics::Sample>& out) const {
  const component::Balance now = balance();
  const auto gauge = [&](const char* name, const char* help, double value) {
    out.push_back({.name = name, .help = help, .labels = {}, .value = value});
  };
  gauge("cluster_balance_by_cost", "1 while targets are shared out by what they cost, 0 while by the ring.",
        now.by_cost ? 1 : 0);
  gauge("cluster_balance_plan_epoch", "Number of the plan that holds; 0: none.",
        static_cast<double>(now.plan));
  gauge("cluster_balance_leads", "1 while this node is the one that makes plans.",
        now.by_cost && leader_ == env_.node_name ? 1 : 0);
  const auto ours = std::ranges::find(now.nodes, env_.node_name, &component::Balance::Node::name);
  gauge("cluster_balance_keys_ratio", "This node's part of all keys, from 0 to 1.",
        ours == now.nodes.end() ? 0 : ours->keys);
  if (last_ && leader_ == env_.node_name) {
    gauge(
        "cluster_balance_max_to_mean",
        "Cost of the node that carries most, by the mean, when this node weighed last; of the leader alone.",
        last_->after);
  }
}

}  // namespace invar::cluster
