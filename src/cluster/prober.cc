#include "cluster/prober.h"

#include <algorithm>
#include <utility>

namespace invar::cluster {
namespace {

constexpr std::uint8_t kNacksSince = 4;     // version of the protocol
constexpr std::size_t kMostAwaited = 4096;  // what others ask for ends within seconds

}  // namespace

Prober::Prober(async::Loop& loop, Members& members, Send send, Members::Random random)
    : loop_(loop), members_(members), send_(std::move(send)), random_(std::move(random)), timer_(loop) {}

// Not all nodes that start together at the same instant.
void Prober::begin() {
  const auto stagger =
      Duration(random_() % static_cast<std::uint64_t>(members_.settings().probe_interval.count()));
  timer_.arm_after(stagger, [this] { probe_next(); });
}

void Prober::stop() {
  timer_.cancel();
  awaited_.clear();
}

Prober::Awaited& Prober::await(std::uint32_t sequence) {
  return awaited_.try_emplace(sequence, loop_).first->second;
}

// The source is named because the connection that it comes over tells nothing about it.
Ping Prober::ping_for(const Member& member, std::uint32_t sequence) const {
  return {sequence, member.name, members_.self().address, members_.self_name()};
}

void Prober::probe_next() {
  next_probe_ = loop_.now() + members_.settings().probe_interval;
  const Member* member = members_.next_to_probe();
  if (member == nullptr) return timer_.arm_at(next_probe_, [this] { probe_next(); });
  probe_ = {.node = member->name, .sequence = ++last_sequence_};
  probe_.ends = loop_.now() + members_.settings().probe_interval * (members_.unhealth() + 1);
  Awaited& awaited = await(probe_.sequence);
  awaited.acknowledged = [this] { end_probe(true); };
  awaited.refused = [this] { ++probe_.nacks; };
  std::vector<Message> messages = {ping_for(*member, probe_.sequence)};
  // It should learn of it from the first that asks.
  if (member->liveness == Liveness::kSuspect)
    messages.emplace_back(Suspect{member->incarnation, member->name, members_.self_name()});
  send_(member->address.text(), std::move(messages));
  timer_.arm_after(members_.settings().probe_timeout, [this] { ask_others(); });
}

void Prober::ask_others() {
  if (const Member* member = members_.find(probe_.node); member != nullptr && member->present()) {
    const auto helpers = members_.some(members_.settings().indirect_checks, [this](const Member& m) {
      return m.liveness == Liveness::kAlive && m.name != probe_.node;
    });
    for (const Member* helper : helpers) {
      const bool nacks = helper->versions[1] >= kNacksSince;
      probe_.nacks_expected += nacks ? 1 : 0;
      send_(helper->address.text(), {IndirectPing{probe_.sequence, member->address, member->name, nacks,
                                                  members_.self().address, members_.self_name()}});
    }
  }
  timer_.arm_at(probe_.ends, [this] { end_probe(false); });
}

void Prober::end_probe(bool answered) {
  awaited_.erase(probe_.sequence);
  if (answered) {
    members_.worsen(-1);
  } else {
    // Helpers that are silent, too: it is rather we who hear nothing.
    members_.worsen(
        probe_.nacks_expected == 0
            ? 1
            : static_cast<int>(probe_.nacks_expected - std::min(probe_.nacks, probe_.nacks_expected)));
    if (const Member* member = members_.find(probe_.node))
      members_.hear(Suspect{member->incarnation, member->name, members_.self_name()});
  }
  timer_.arm_at(std::max(next_probe_, loop_.now()), [this] { probe_next(); });
}

void Prober::hear(const Ping& ping, const std::string& from) {
  if (!ping.node.empty() && ping.node != members_.self_name()) return;
  const std::string source = ping.source.text();
  send_(source.empty() ? from : source, {Ack{ping.sequence}});
}

void Prober::hear(const IndirectPing& ping, const std::string& from) {
  const std::string target = ping.target.text();
  if (target.empty() || awaited_.size() > kMostAwaited) return;
  const std::string source = ping.source.text().empty() ? from : ping.source.text();
  const std::uint32_t sequence = ++last_sequence_;
  Awaited& awaited = await(sequence);
  awaited.acknowledged = [this, source, sequence, theirs = ping.sequence] {
    awaited_.erase(sequence);
    send_(source, {Ack{theirs}});
  };
  awaited.timer.arm_after(members_.settings().probe_timeout, [this, source, sequence, ping] {
    awaited_.at(sequence).timer.arm_after(members_.settings().probe_interval,
                                          [this, sequence] { awaited_.erase(sequence); });
    if (ping.nack) send_(source, {Nack{ping.sequence}});
  });
  send_(target, {Ping{sequence, ping.node, members_.self().address, members_.self_name()}});
}

void Prober::hear(const Ack& ack) {
  const auto found = awaited_.find(ack.sequence);
  if (found == awaited_.end()) return;
  const auto acknowledged = std::move(found->second.acknowledged);
  acknowledged();
}

void Prober::hear(const Nack& nack) {
  const auto found = awaited_.find(nack.sequence);
  if (found != awaited_.end() && found->second.refused) found->second.refused();
}

}  // namespace invar::cluster
