#include "cluster/swim.h"

#include <algorithm>
#include <utility>

#include "cluster/packet.h"

namespace invar::cluster {
namespace {

constexpr std::size_t kLargestTogether = 0xffff;

// Large messages go alone, the others together, all in order.
std::vector<std::string> pack_all(const std::string& label, std::vector<std::string> messages) {
  std::vector<std::string> packets, together;
  const auto flush = [&] {
    if (!together.empty()) packets.push_back(pack(label, std::exchange(together, {})));
  };
  for (std::string& message : messages) {
    if (message.size() > kLargestTogether) {
      flush();
      packets.push_back(pack(label, {std::move(message)}));
      continue;
    }
    together.push_back(std::move(message));
    if (together.size() == kMaxTogether) flush();
  }
  flush();
  return packets;
}

}  // namespace

Swim::Swim(async::Loop& loop, Network& network, Config config, Hooks hooks)
    : loop_(loop),
      network_(network),
      config_(std::move(config)),
      hooks_(std::move(hooks)),
      states_(
          config_.name,
          [this](const std::string& node, std::string message, async::Task told) {
            ++state_broadcasts_;
            state_news_.add(node, encode(User{std::move(message)}), std::move(told));
            arm_gossip();
          },
          [this] { hooks_.changed(); }),
      members_(loop, config_.figures, config_.name, config_.address, member_hooks()),
      prober_(
          loop, members_,
          [this](const std::string& to, const std::vector<Message>& messages) { send(to, messages); },
          hooks_.random),
      gossip_timer_(loop),
      exchange_timer_(loop),
      leave_timer_(loop) {}

Members::Hooks Swim::member_hooks() {
  Members::Hooks hooks;
  hooks.joined = [this](const Member& member) {
    hooks_.logger.debug("node has joined", {{"node", member.name}, {"addr", member.address.text()}});
    hooks_.happened(GossipEvent::kJoin);
    hooks_.changed();
  };
  hooks.left = [this](const Member& member) {
    hooks_.logger.debug("node has left", {{"node", member.name}, {"addr", member.address.text()}});
    states_.forget(member.name);
    hooks_.happened(GossipEvent::kLeave);
    hooks_.changed();
  };
  hooks.updated = [this](const Member&) {
    hooks_.happened(GossipEvent::kUpdate);
    hooks_.changed();
  };
  hooks.conflict = [this](const Member& known, const Address& other) {
    hooks_.logger.warn("two nodes have one name; give each its own with --cluster.node-name",
                       {{"node", known.name}, {"addr", known.address.text()}, {"other", other.text()}});
    hooks_.happened(GossipEvent::kConflict);
  };
  hooks.broadcast = [this](const std::string& node, const Message& message, async::Task told) {
    news_.add(node, encode(message), std::move(told));
    arm_gossip();
  };
  hooks.random = hooks_.random;
  return hooks;
}

void Swim::start() {
  members_.begin(config_.meta);
  prober_.begin();
  arm_exchange(Duration(hooks_.random() %
                        static_cast<std::uint64_t>(config_.figures.usual.exchange_interval.count())));
}

void Swim::join(const std::vector<std::string>& addresses,
                std::function<void(std::size_t joined, Error last)> done) {
  struct Progress {
    std::size_t left = 0, joined = 0;
    Error last;
    std::function<void(std::size_t, Error)> done;
  };
  auto progress = std::make_shared<Progress>(Progress{addresses.size(), 0, {}, std::move(done)});
  if (addresses.empty()) {
    loop_.post(alive_.bind([progress] { progress->done(0, {}); }));
    return;
  }
  for (const std::string& address : addresses) {
    exchange_with(address, true, [progress, address](const Result<>& result) {
      if (result) {
        ++progress->joined;
      } else {
        progress->last = result.error().wrapped(address);
      }
      if (--progress->left == 0) progress->done(progress->joined, progress->last);
    });
  }
}

void Swim::become(NodeState state, async::Task told) {
  // Without others there is nobody to tell.
  if (members_.present() > 1 || !told) return states_.become(state, std::move(told));
  states_.become(state, {});
  loop_.post(std::move(told));
}

void Swim::leave(async::Task done) {
  leaving_ = true;
  prober_.stop();
  exchange_timer_.cancel();
  left_ = std::move(done);
  const auto finish = [this] {
    leave_timer_.cancel();
    if (auto task = std::exchange(left_, {})) loop_.post(std::move(task));
  };
  if (members_.present() <= 1) return finish();
  leave_timer_.arm_after(config_.figures.usual.leave_timeout, finish);
  members_.leave(finish);
}

void Swim::receive(std::string_view packet, const std::string& from) {
  const auto messages = unpack(config_.label, packet);
  if (!messages) {
    hooks_.logger.debug("packet of a peer dropped", {{"peer", from}, {"err", messages.error()}});
    return;
  }
  for (const std::string& message : *messages) hear(message, from);
}

void Swim::hear(const std::string& message, const std::string& from) {
  const auto decoded = decode(message);
  if (!decoded) {
    hooks_.happened(GossipEvent::kUnknown);
    hooks_.logger.debug("message of a peer dropped", {{"peer", from}, {"err", decoded.error()}});
    return;
  }
  std::visit(
      [&]<class M>(const M& m) {
        if constexpr (std::is_same_v<M, User>) {
          if (const auto plan = plan_of(m.bytes)) return hear_plan(*plan);
          const auto state = decode_state(m.bytes);
          hooks_.happened(state ? GossipEvent::kStateChange : GossipEvent::kUnknown);
          if (state) states_.hear(*state);
        } else if constexpr (std::is_same_v<M, Ping> || std::is_same_v<M, IndirectPing>) {
          prober_.hear(m, from);
        } else if constexpr (std::is_same_v<M, Ack> || std::is_same_v<M, Nack>) {
          prober_.hear(m);
        } else {
          members_.hear(m);
        }
      },
      *decoded);
}

std::vector<std::string> Swim::take_news(std::size_t room) {
  const unsigned limit = transmit_limit(members_.size());
  auto news = news_.take(room, kMaxPacket / 4, limit);
  for (auto& state : state_news_.take(room - news.size(), kMaxPacket / 4, limit))
    news.push_back(std::move(state));
  return news;
}

// News ride along.
void Swim::send(const std::string& to, const std::vector<Message>& messages) {
  std::vector<std::string> encoded;
  for (const Message& message : messages) encoded.push_back(encode(message));
  for (auto& news : take_news(kMaxTogether - encoded.size())) encoded.push_back(std::move(news));
  for (auto& packet : pack_all(config_.label, std::move(encoded))) network_.send(to, std::move(packet));
}

void Swim::arm_gossip() {
  if (!gossip_timer_.armed())
    gossip_timer_.arm_after(config_.figures.usual.gossip_interval, [this] { gossip(); });
}

void Swim::gossip() {
  const auto hears = [this](const Member& m) {
    return m.present() || (m.liveness == Liveness::kDead &&
                           loop_.now() - m.since <= config_.figures.usual.gossip_to_the_dead);
  };
  const auto listeners = members_.some(config_.figures.usual.gossip_nodes, hears);
  for (const Member* member : listeners) {
    auto news = take_news(kMaxTogether);
    if (news.empty()) break;
    for (auto& packet : pack_all(config_.label, std::move(news)))
      network_.send(member->address.text(), std::move(packet));
  }
  // Alone there is nobody to tell, and who comes later hears everything at once.
  if (listeners.empty()) (void)take_news(kMaxTogether);
  if (!news_.empty() || !state_news_.empty()) arm_gossip();
}

void Swim::arm_exchange(Duration after) {
  exchange_timer_.arm_after(after, [this] {
    arm_exchange(exchange_interval(config_.figures.usual, members_.size()));
    const auto partners = members_.some(1, [](const Member& m) { return m.liveness == Liveness::kAlive; });
    if (partners.empty()) return;
    const std::string address = partners.front()->address.text();
    exchange_with(address, false, [this, address](const Result<>& result) {
      if (result) return;
      hooks_.logger.debug("exchange with a peer failed", {{"peer", address}, {"err", result.error()}});
    });
  });
}

void Swim::exchange_with(const std::string& address, bool join, std::function<void(Result<>)> done) {
  network_.exchange(address, label_header(config_.label) + encode(everything(join)),
                    alive_.bind([this, join, done = std::move(done)](const Result<std::string>& answer) {
                      if (!answer) return done(std::unexpected(answer.error()));
                      const auto theirs = read_exchange("", *answer);
                      if (!theirs) return done(std::unexpected(theirs.error()));
                      if (!*theirs) return done(fail(ErrorCode::kDataLoss, "the answer is cut off"));
                      const auto merged = merge(**theirs);
                      if (merged && join && !std::exchange(joined_, true)) states_.say_again();
                      done(merged);
                    }));
}

Result<std::optional<std::string>> Swim::answer(std::string_view stream) {
  INVAR_ASSIGN_OR_RETURN(const auto theirs, read_exchange(config_.label, stream));
  if (!theirs) return std::nullopt;
  std::string ours = encode(everything(false));
  if (const auto merged = merge(*theirs); !merged)
    hooks_.logger.warn("what a peer knows cannot be merged", {{"err", merged.error()}});
  return ours;
}

Exchange Swim::everything(bool join) {
  hooks_.happened(GossipEvent::kGetLocalState);
  std::vector<std::string> names;
  for (const Node& node : nodes()) names.push_back(node.name);
  StateList states = states_.list(names);
  states.plan = plan_;
  return {join, members_.records(), encode(states)};
}

Result<> Swim::merge(const Exchange& exchange) {
  hooks_.happened(GossipEvent::kMergeRemoteState);
  INVAR_TRY(members_.merge(exchange.nodes));
  if (exchange.user_state.empty()) return {};
  INVAR_ASSIGN_OR_RETURN(const StateList states, decode_states(exchange.user_state));
  states_.merge(states, [this](const std::string& node) {
    const Member* member = members_.find(node);
    return member != nullptr && member->present();
  });
  if (!states.plan.empty()) hear_plan(states.plan);
  return {};
}

void Swim::hear_plan(std::string_view plan) {
  if (hooks_.plan && hooks_.plan(plan)) spread(std::string(plan));
}

void Swim::spread(std::string plan) {
  plan_ = std::move(plan);
  state_news_.add("", encode(User{encode_plan_message(plan_)}));  // no node has this name
  arm_gossip();
}

std::vector<Swim::Node> Swim::nodes() const {
  std::vector<Node> out;
  for (const NodeRecord& node : members_.records()) {
    if (node.liveness == Liveness::kAlive || node.liveness == Liveness::kSuspect)
      out.push_back(
          {node.name, node.address, states_.of(node.name), is_ours(node.meta), node.meta == kWeighingMeta});
  }
  return out;
}

}  // namespace invar::cluster
