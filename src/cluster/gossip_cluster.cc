#include "cluster/gossip_cluster.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "cluster/names_in_log.h"
#include "component/hand_over.h"

namespace invar::cluster {
namespace {

constexpr Duration kFirstRetry = std::chrono::seconds(1);
constexpr Duration kHandOverTime = std::chrono::seconds(5);
constexpr Duration kLookAgain = std::chrono::milliseconds(50);

class SharedOwnership final : public component::Ownership {
 public:
  SharedOwnership(SharesPtr shares, std::string self) : shares_(std::move(shares)), self_(std::move(self)) {}
  [[nodiscard]] bool owns(std::uint64_t key) const override { return owner(key) == self_; }
  [[nodiscard]] std::string_view owner(std::uint64_t key) const override {
    return shares_ == nullptr ? std::string_view() : shares_->owner(key);
  }
  [[nodiscard]] std::string why(std::uint64_t key) const override {
    return shares_ == nullptr ? "the cluster is not ready" : shares_->why(key);
  }

 private:
  const SharesPtr shares_;  // null while the cluster is not ready
  const std::string self_;
};

}  // namespace

struct GossipCluster::Counters {
  explicit Counters(metrics::Scope& scope)
      : update(scope.histogram("cluster_node_update_duration_seconds",
                               "From a change of peers until all who listen have heard of it.",
                               {0.01, 0.1, 0.5, 1, 2, 5})) {
    for (std::size_t i = 0; i < events.size(); ++i) {
      events[i] = &scope.counter("cluster_node_gossip_received_events_total", "What came by gossip.",
                                 {{"event", std::string(kGossipEventNames[i])}});
    }
  }
  std::array<metrics::Counter*, kGossipEventNames.size()> events{};
  metrics::Histogram& update;
};

GossipCluster::GossipCluster(Config config, Environment environment)
    : config_(std::move(config)),
      env_(std::move(environment)),
      counters_(std::make_unique<Counters>(*env_.metrics)),
      swim_(*env_.loop, *env_.network,
            {config_.node_name,
             config_.address,
             config_.cluster_name,
             {},
             config_.by_cost ? kWeighingMeta : kOurMeta},
            {.changed = [this] { nodes_changed(); },
             .happened = [this](GossipEvent e) { counters_->events[static_cast<std::size_t>(e)]->add(); },
             .random = env_.random,
             .logger = env_.logger,
             .plan = [this](std::string_view plan) { return config_.by_cost && take(plan); }}),
      minimum_(config_.minimum_size),
      ownership_(std::make_shared<SharedOwnership>(nullptr, config_.node_name)),
      announcer_(*env_.loop, [this] { note_change(); }),
      join_timer_(*env_.loop),
      alone_timer_(*env_.loop),
      minimum_timer_(*env_.loop) {
  env_.metrics->on_collect(alive_.bind([this](std::vector<metrics::Sample>& out) { collect(out); }));
}

GossipCluster::~GossipCluster() = default;

void GossipCluster::start() {
  swim_.start();
  if (config_.minimum_size > 0 && config_.minimum_timeout > Duration::zero()) {
    minimum_timer_.arm_after(config_.minimum_timeout, [this] {
      env_.logger.warn("the cluster stays below its minimum size: work begins all the same",
                       {{"minimum", static_cast<std::uint64_t>(config_.minimum_size)}});
      minimum_.time_passed();
      publish();
    });
  }
  if (config_.join_addresses.empty()) return met_somebody();
  alone_timer_.arm_after(kAloneAfter, [this] {
    env_.logger.warn("no other node answered: this one works alone until one does");
    met_somebody();
  });
  next_try_ = kFirstRetry;
  join();
}

void GossipCluster::join() {
  env_.disk_pool->run(
      [entries = config_.join_addresses, port = config_.default_port, lookup = env_.lookup] {
        return resolve_join_addresses_blocking(entries, port, lookup);
      },
      alive_.bind([this](Result<JoinAddresses> found) {
        if (stopping_) return;
        if (!found) return on_joined(0, found.error());
        for (const std::string& failure : found->failures)
          env_.logger.warn("a join address cannot be resolved", {{"err", failure}});
        std::erase(found->addresses, config_.address.text());
        auto chosen = choose(std::move(found->addresses), config_.max_join_peers, env_.random);
        env_.logger.debug("joining peers", {{"peers", invar::join(chosen, ",")}});
        swim_.join(chosen, [this](std::size_t joined, const Error& last) { on_joined(joined, last); });
      }));
}

void GossipCluster::on_joined(std::size_t joined, const Error& last) {
  if (stopping_) return;
  if (joined > 0) {
    if (next_try_) {
      env_.logger.info("joined the cluster", {{"peers_count", static_cast<std::uint64_t>(joined)}});
    }
    next_try_.reset();
    met_somebody();
    return join_again(config_.rejoin_interval);
  }
  if (!last.message.empty()) env_.logger.warn("failed to join peers", {{"err", last}});
  if (!next_try_) return join_again(config_.rejoin_interval);
  const Duration after = *next_try_;
  next_try_ = 2 * after;
  if (config_.rejoin_interval > Duration::zero() && after >= config_.rejoin_interval) next_try_.reset();
  join_again(after);
}

void GossipCluster::join_again(Duration after) {
  if (after > Duration::zero()) join_timer_.arm_after(after, [this] { join(); });
}

void GossipCluster::met_somebody() {
  alone_timer_.cancel();
  if (!std::exchange(met_, true)) publish();
}

void GossipCluster::take_part() {
  if (state_ != NodeState::kViewer) return;
  state_ = NodeState::kParticipant;
  swim_.become(state_, {});
}

void GossipCluster::stop(async::Task done) {
  stopping_ = true;
  for (async::Timer* timer : {&join_timer_, &alone_timer_, &minimum_timer_}) timer->cancel();
  const auto leave = [this, shared = std::make_shared<async::Task>(std::move(done))] {
    swim_.leave([shared] { (*shared)(); });
  };
  if (state_ != NodeState::kParticipant) return leave();
  // Others must know before we go, and take what we know; but not for ever.
  state_ = NodeState::kTerminating;
  const auto hand_over_and_leave = [this, leave] {
    if (hand_over() == nullptr) return leave();
    drain_until(env_.loop->now() + kHandOverTime, leave);
  };
  auto once = std::make_shared<std::function<void()>>(hand_over_and_leave);
  const auto go_on = [this, once] {
    if (auto task = std::exchange(*once, nullptr)) {
      join_timer_.cancel();
      task();
    }
  };
  join_timer_.arm_after(Settings{}.leave_timeout, go_on);
  swim_.become(state_, alive_.bind(go_on));
}

// Not before the shares without this node are made: until then nothing of its own seems to be expected by others.
void GossipCluster::drain_until(async::TimePoint end, async::Task leave) {
  const auto now = env_.loop->now();
  if (making_shares_ && now < end) {
    return join_timer_.arm_after(
        kLookAgain, [this, end, leave = std::move(leave)]() mutable { drain_until(end, std::move(leave)); });
  }
  hand_over()->drain(end - now, alive_.bind(std::move(leave)));
}

void GossipCluster::nodes_changed() {
  std::vector<std::string> participants;
  std::size_t active = 0;
  bool by_cost = config_.by_cost;
  for (const Swim::Node& node : swim_.nodes()) {
    if (node.state == NodeState::kParticipant) {
      participants.push_back(node.name);
      by_cost = by_cost && node.weighs;
    }
    if (node.state != NodeState::kViewer) ++active;
  }
  switch (minimum_.see(active)) {
    case MinimumSize::Then::kStopTimer:
      if (config_.minimum_size > 0) minimum_timer_.cancel();
      break;
    case MinimumSize::Then::kStartTimer:
      if (config_.minimum_timeout > Duration::zero() && !stopping_) {
        minimum_timer_.arm_after(config_.minimum_timeout, [this] {
          minimum_.time_passed();
          publish();
        });
      }
      break;
    case MinimumSize::Then::kNothing:
      break;
  }
  Basis basis{std::move(participants), by_cost, by_cost ? plan_ : nullptr};
  if (!(basis == basis_)) {
    if (!changed_at_) changed_at_ = env_.loop->now();
    basis_ = std::move(basis);
    make_shares();
  }
  publish();
}

void GossipCluster::make_shares() {
  if (std::exchange(making_shares_, true)) return;
  env_.pool->run([basis = basis_] { return std::make_shared<const Shares>(basis); },
                 alive_.bind([this](SharesPtr made) {
                   making_shares_ = false;
                   if (!(made->basis() == basis_)) return make_shares();  // it has changed again
                   shares_ = std::move(made);
                   publish();
                 }));
}

bool GossipCluster::take(std::string_view bytes) {
  const auto plan = decode_plan(bytes);
  if (!plan) {
    env_.logger.debug("a plan of a peer dropped", {{"err", plan.error()}});
    return false;
  }
  if (!is_newer(*plan, plan_)) return false;
  plan_ = *plan;
  nodes_changed();
  return true;
}

void GossipCluster::propose(PlanPtr plan) {
  if (take(plan->bytes)) swim_.spread(plan->bytes);
}

std::vector<std::string> GossipCluster::not_weighing() const {
  std::vector<std::string> out;
  for (const Swim::Node& node : swim_.nodes()) {
    if (node.state == NodeState::kParticipant && !node.weighs) out.push_back(node.name);
  }
  return out;
}

bool GossipCluster::ready() const {
  return met_ && minimum_.lets_work();
}

// Ownership as it is now; who listens hears of it, at most once a second. While shares are being made what was published stays,
// also for those who are told of an earlier change meanwhile.
void GossipCluster::publish() {
  if (making_shares_) return;
  Stand now{basis_, ready()};
  if (now == published_) return;
  published_ = std::move(now);
  ownership_ = std::make_shared<SharedOwnership>(published_.ready ? shares_ : nullptr, config_.node_name);
  announcer_.announce();
}

void GossipCluster::note_change() {
  if (changed_at_)
    counters_->update.observe(std::chrono::duration<double>(env_.loop->now() - *changed_at_).count());
  changed_at_.reset();
  const bool only_plan =
      announced_.basis.names == published_.basis.names && announced_.ready == published_.ready;
  announced_ = published_;
  if (only_plan) return;
  env_.logger.info("peers changed",
                   {{"peers_count", static_cast<std::uint64_t>(announced_.basis.names.size())},
                    {"peers", names_in_log(announced_.basis.names)},
                    {"ready", announced_.ready}});
}

std::vector<component::ClusterPeer> GossipCluster::peers() const {
  std::vector<component::ClusterPeer> out;
  for (const Swim::Node& node : swim_.nodes()) {
    out.push_back({node.name, node.address.text(), std::string(to_string(node.state)),
                   node.name == config_.node_name, node.ours});
  }
  return out;
}

void GossipCluster::collect(std::vector<metrics::Sample>& out) const {
  const auto gauge = [&](const char* name, const char* help, double value, metrics::LabelPairs labels = {}) {
    out.push_back({.name = name, .help = help, .labels = std::move(labels), .value = value});
  };
  std::array<double, 3> by_state{};
  double alive = 0;
  for (const Swim::Node& node : swim_.nodes()) {
    ++by_state[static_cast<std::size_t>(node.state)];
    ++alive;
  }
  for (const NodeState state : {NodeState::kViewer, NodeState::kParticipant, NodeState::kTerminating}) {
    gauge("cluster_node_peers", "Nodes by what they are.", by_state[static_cast<std::size_t>(state)],
          {{"state", std::string(to_string(state))}});
  }
  gauge("cluster_node_info", "What this node is.", 1, {{"state", std::string(to_string(state_))}});
  gauge("cluster_node_updating", "1 while a change of peers is on its way to who listens.",
        making_shares_ || announcer_.about_to_tell() ? 1 : 0);
  gauge("cluster_node_update_observers", "Components that hear of changes of peers.",
        static_cast<double>(announcer_.listeners()));
  out.push_back({.name = "cluster_node_gossip_broadcasts_total",
                 .help = "News of this node's layer of states that were given out to be told.",
                 .kind = metrics::SampleKind::kCounter,
                 .labels = {{"event", "state_change_message"}},
                 .value = static_cast<double>(swim_.state_broadcasts())});
  gauge("cluster_node_gossip_proto_version", "Version of the protocol that is spoken.", kOurVersions[2]);
  gauge("cluster_node_gossip_health_score", "How badly this node hears, from 0 (well) to 7.",
        swim_.members().unhealth());
  gauge("cluster_node_gossip_alive_peers", "Nodes that are there.", alive);
  gauge("cluster_node_gossip_waiting_broadcasts", "News that others have not been told yet.",
        static_cast<double>(swim_.waiting_broadcasts()));
  gauge("cluster_node_lamport_time", "Lamport time of this node.", static_cast<double>(swim_.lamport_time()));
  gauge("cluster_minimum_size", "Nodes that have to be there before work begins.",
        static_cast<double>(config_.minimum_size));
  gauge("cluster_ready_for_traffic", "1 while this node does its part of the work.", ready() ? 1 : 0);
}

}  // namespace invar::cluster
