#include "cluster/balancer.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "cluster/messages.h"
#include "cluster/msgpack.h"

namespace invar::cluster {
namespace {

constexpr std::size_t kNamesInLog = 10;

std::string some_of(std::vector<std::string> names) {
  names.resize(std::min(names.size(), kNamesInLog));
  return join(names, ",");
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
      timer_(*env_.loop) {
  env_.metrics->on_collect(alive_.bind([this](std::vector<metrics::Sample>& out) { collect(out); }));
  timer_.arm_after(kTick, [this] { tick(); });
}

void Balancer::note(std::uint64_t key, std::uint64_t bytes, Duration cpu) {
  costs_.note(key, bytes, cpu, env_.loop->now());
}

void Balancer::tick() {
  timer_.arm_after(kTick, [this] { tick(); });
  const SharesPtr shares = env_.engine->shares();
  if (!shares || shares->basis().names.empty()) return;
  const bool by_cost = shares->basis().by_cost;
  if (by_cost_ != by_cost) {
    by_cost_ = by_cost;
    if (by_cost) {
      env_.logger.info("targets are shared out by what they cost");
    } else {
      env_.logger.warn("targets are shared out by the ring: not every node weighs costs",
                       {{"nodes", some_of(env_.engine->not_weighing())}});
    }
  }
  note_participants(shares->basis().names);
  if (!by_cost) return;
  tell(shares);
  maybe_plan(shares);
}

void Balancer::note_participants(const std::vector<std::string>& names) {
  const auto now = env_.loop->now();
  std::erase_if(gone_, [&](const auto& gone) { return now - gone.second > kRemember; });
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
  told_at_ = now;
  if (leader_ == env_.node_name) return hear(report);
  for (const component::ClusterPeer& peer : env_.cluster->peers()) {
    if (peer.name == leader_) env_.send(peer.address, encode(report));
  }
}

void Balancer::hear(const CostReport& report) {
  if (leader_ != env_.node_name || report.cluster != env_.cluster_name ||
      !std::ranges::binary_search(participants_, report.node))
    return;
  told_us_[report.node] |= !report.rates.empty();
  for (const Costs::Rate& rate : report.rates) {
    known_[rate.slot] = {{static_cast<double>(rate.bytes), static_cast<double>(rate.cpu_ns)},
                         env_.loop->now()};
  }
}

void Balancer::maybe_plan(const SharesPtr& shares) {
  const auto now = env_.loop->now();
  if (leader_ != env_.node_name || weighing_ || now - changed_at_ < kSettled) return;
  if (!to_plan_ && now - planned_at_ < kEvery) return;
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
  std::vector<SlotCost> costs(kSlots);
  for (const auto& [slot, known] : known_) costs[slot] = known.cost;
  std::set<std::string> remembered;
  for (const auto& [name, since] : gone_) remembered.insert(name);
  env_.pool->run([shares, costs = std::move(costs),
                  remembered = std::move(remembered)] { return weigh(*shares, costs, remembered); },
                 alive_.bind([this, shares](Weighed weighed) {
                   weighing_ = false;
                   last_ = weighed;
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
                   env_.engine->propose(weighed.plan);
                 }));
}

std::vector<component::Problem> Balancer::problems() const {
  if (by_cost_.value_or(true)) return {};
  const auto others = env_.engine->not_weighing();
  if (others.empty()) return {};
  return {
      {component::Severity::kDegraded, "--cluster.balance=cost",
       "has no effect while nodes of Alloy or without this flag take part: all share by the ring. They are " +
           some_of(others),
       0}};
}

void Balancer::collect(std::vector<metrics::Sample>& out) const {
  const SharesPtr shares = env_.engine->shares();
  const auto gauge = [&](const char* name, const char* help, double value) {
    out.push_back({.name = name, .help = help, .labels = {}, .value = value});
  };
  gauge("cluster_balance_by_cost", "1 while targets are shared out by what they cost, 0 while by the ring.",
        shares && shares->basis().by_cost ? 1 : 0);
  gauge("cluster_balance_plan_epoch", "Number of the plan that holds; 0: none.",
        shares && shares->basis().plan ? static_cast<double>(shares->basis().plan->epoch) : 0);
  if (last_ && leader_ == env_.node_name) {
    gauge(
        "cluster_balance_max_to_mean",
        "Cost of the node that carries most, by the mean, when this node weighed last; of the leader alone.",
        last_->after);
  }
}

}  // namespace invar::cluster
