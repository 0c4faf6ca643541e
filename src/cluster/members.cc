#include "cluster/members.h"

#include <algorithm>
#include <utility>

namespace invar::cluster {
namespace {

constexpr int kMostUnhealthy = 7;
constexpr std::size_t kMostMembers = 100'000;
constexpr std::size_t kTries = 8;  // for each member that is looked for

// Every node must speak the others' current versions.
bool fit_together(const std::vector<Versions>& all, std::size_t first) {
  std::uint8_t lowest = 0, highest = 255;
  for (const Versions& v : all) {
    lowest = std::max(lowest, v[first]);
    highest = std::min(highest, v[first + 1]);
  }
  return std::ranges::all_of(
      all, [&](const Versions& v) { return v[first + 2] >= lowest && v[first + 2] <= highest; });
}

}  // namespace

struct Members::Suspicion {
  explicit Suspicion(async::Loop& loop) : began(loop.now()), timer(loop) {}
  const async::TimePoint began;
  std::size_t nodes = 0;
  std::set<std::string> accusers;  // the first is not a confirmation
  async::Timer timer;
};

Members::Members(async::Loop& loop, Figures figures, std::string self, Address address, Hooks hooks)
    : loop_(loop),
      figures_(figures),
      self_(std::move(self)),
      address_(std::move(address)),
      hooks_(std::move(hooks)) {}

Members::~Members() = default;

void Members::begin(std::string_view meta) {
  const Alive alive{++incarnation_, self_, address_, std::string(meta), kOurVersions};
  take(insert(alive), alive);
}

void Members::leave(async::Task told) {
  leaving_ = true;
  Member& self = *members_.at(self_);
  hooks_.broadcast(self_, Dead{self.incarnation, self_, self_}, std::move(told));
  set_liveness(self, Liveness::kLeft);
}

const Settings& Members::settings() const {
  const bool ours = std::ranges::all_of(
      members_, [](const auto& m) { return !m.second->present() || is_ours(m.second->meta); });
  return ours ? figures_.swift : figures_.usual;
}

const Member* Members::find(const std::string& name) const {
  const auto found = members_.find(name);
  return found == members_.end() ? nullptr : found->second.get();
}

std::vector<NodeRecord> Members::records() const {
  std::vector<NodeRecord> out;
  for (const auto& [name, m] : members_)
    out.push_back({name, m->address, m->meta, m->incarnation, m->liveness, m->versions});
  return out;
}

std::size_t Members::present() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(members_, [](const auto& m) { return m.second->present(); }));
}

void Members::worsen(int by) {
  unhealth_ = static_cast<unsigned>(std::clamp(static_cast<int>(unhealth_) + by, 0, kMostUnhealthy));
}

Member& Members::insert(const Alive& alive) {
  auto member = std::make_unique<Member>();
  member->name = alive.node;
  member->address = alive.address;
  member->since = loop_.now();
  Member& added = *member;
  members_.emplace(alive.node, std::move(member));
  // Anywhere in the round, so that a node that many learn of at once is not probed by all at once.
  const std::size_t at = hooks_.random() % (round_.size() + 1);
  round_.insert(round_.begin() + static_cast<std::ptrdiff_t>(at), &added);
  if (at < next_) ++next_;
  return added;
}

void Members::hear(const Alive& alive) {
  const bool about_us = alive.node == self_;
  if (leaving_ && about_us) return;
  const Versions& v = alive.versions;
  if (v[0] == 0 || v[1] == 0 || v[0] > v[1]) return;
  const auto found = members_.find(alive.node);
  if (found == members_.end() && members_.size() >= kMostMembers) return;
  Member& member = found == members_.end() ? insert(alive) : *found->second;
  const bool moves = member.address != alive.address;
  // Only the address of one that left is free.
  if (moves && member.liveness != Liveness::kLeft) return hooks_.conflict(member, alive.address);
  if (about_us) return hear_of_ourselves(member, alive);
  if (alive.incarnation <= member.incarnation && !moves) return;
  hooks_.broadcast(alive.node, alive, {});
  take(member, alive);
}

void Members::hear_of_ourselves(Member& self, const Alive& alive) {
  if (alive.incarnation < self.incarnation) return;
  const bool as_we_are = alive.meta == self.meta && alive.versions == self.versions;
  if (alive.incarnation > self.incarnation || !as_we_are) refute(self, alive.incarnation);
}

void Members::take(Member& member, const Alive& alive) {
  suspicions_.erase(member.name);
  const bool was_there = member.present();
  const bool changed = member.meta != alive.meta || member.address != alive.address;
  member.incarnation = alive.incarnation;
  member.meta = alive.meta;
  member.address = alive.address;
  member.versions = alive.versions;
  if (member.liveness != Liveness::kAlive) set_liveness(member, Liveness::kAlive);
  if (!was_there) {
    hooks_.joined(member);
  } else if (changed) {
    hooks_.updated(member);
  }
}

void Members::set_liveness(Member& member, Liveness liveness) {
  member.liveness = liveness;
  member.since = loop_.now();
}

void Members::refute(Member& self, std::uint32_t accused) {
  incarnation_ = std::max(incarnation_, accused) + 1;
  self.incarnation = incarnation_;
  worsen(1);
  hooks_.broadcast(self_, Alive{incarnation_, self_, self.address, self.meta, self.versions}, {});
}

void Members::hear(const Suspect& suspect) {
  const auto found = members_.find(suspect.node);
  if (found == members_.end() || suspect.incarnation < found->second->incarnation) return;
  Member& member = *found->second;
  if (const auto running = suspicions_.find(suspect.node); running != suspicions_.end()) {
    Suspicion& suspicion = *running->second;
    const std::size_t most = 1 + expected_confirmations(settings(), suspicion.nodes);
    if (suspicion.accusers.size() >= most || !suspicion.accusers.insert(suspect.from).second) return;
    hooks_.broadcast(suspect.node, suspect, {});
    return arm(suspect.node, suspicion);
  }
  if (member.liveness != Liveness::kAlive) return;
  if (suspect.node == self_) return refute(member, suspect.incarnation);
  hooks_.broadcast(suspect.node, suspect, {});
  member.incarnation = suspect.incarnation;
  set_liveness(member, Liveness::kSuspect);
  auto suspicion = std::make_unique<Suspicion>(loop_);
  suspicion->nodes = members_.size();
  suspicion->accusers.insert(suspect.from);
  arm(suspect.node, *suspicion);
  suspicions_[suspect.node] = std::move(suspicion);
}

void Members::arm(const std::string& name, Suspicion& suspicion) {
  const auto confirmations = static_cast<unsigned>(suspicion.accusers.size()) - 1;
  suspicion.timer.arm_at(suspicion.began + suspicion_time(settings(), suspicion.nodes, confirmations),
                         [this, name] {
                           const Member& member = find_known(name);
                           hear(Dead{member.incarnation, name, self_});
                         });
}

void Members::hear(const Dead& dead) {
  const auto found = members_.find(dead.node);
  if (found == members_.end() || dead.incarnation < found->second->incarnation) return;
  Member& member = *found->second;
  const Dead heard = dead;  // it may be what the suspicion's timer holds
  suspicions_.erase(heard.node);
  if (!member.present()) return;
  if (heard.node == self_) {
    if (!leaving_) refute(member, heard.incarnation);
    return;
  }
  hooks_.broadcast(heard.node, heard, {});
  member.incarnation = heard.incarnation;
  set_liveness(member, heard.node == heard.from ? Liveness::kLeft : Liveness::kDead);
  hooks_.left(member);
}

Result<> Members::merge(const std::vector<NodeRecord>& nodes) {
  std::vector<Versions> versions;
  for (const NodeRecord& node : nodes) {
    if (node.liveness == Liveness::kAlive) versions.push_back(node.versions);
  }
  for (const auto& [name, member] : members_) {
    if (member->present()) versions.push_back(member->versions);
  }
  if (!fit_together(versions, 0) || !fit_together(versions, 3))
    return fail(ErrorCode::kUnsupported, "the versions of the nodes' protocols do not fit together");
  for (const NodeRecord& node : nodes) {
    if (node.name.empty() || node.address.is_none()) continue;
    switch (node.liveness) {
      case Liveness::kAlive:
        hear(Alive{node.incarnation, node.name, node.address, node.meta, node.versions});
        break;
      case Liveness::kLeft:
        hear(Dead{node.incarnation, node.name, node.name});
        break;
      // The other's word alone kills nobody: the node may answer for itself.
      case Liveness::kSuspect:
      case Liveness::kDead:
        hear(Suspect{node.incarnation, node.name, self_});
        break;
    }
  }
  return {};
}

std::vector<const Member*> Members::some(std::size_t count,
                                         const std::function<bool(const Member&)>& fits) const {
  std::vector<const Member*> all;
  // Among many a few tries find them; where few fit, all are looked at.
  if (const std::size_t tries = kTries * count; round_.size() > tries) {
    for (std::size_t i = 0; i < tries && all.size() < count; ++i) {
      const Member* member = round_[hooks_.random() % round_.size()];
      if (member->name != self_ && fits(*member) && std::ranges::find(all, member) == all.end())
        all.push_back(member);
    }
    if (all.size() == count) return all;
    all.clear();
  }
  for (const auto& [name, member] : members_) {
    if (name != self_ && fits(*member)) all.push_back(member.get());
  }
  count = std::min(count, all.size());
  for (std::size_t i = 0; i < count; ++i) std::swap(all[i], all[i + hooks_.random() % (all.size() - i)]);
  all.resize(count);
  return all;
}

const Member* Members::next_to_probe() {
  for (std::size_t looked = 0; looked <= round_.size(); ++looked) {
    if (next_ >= round_.size()) {
      forget_the_long_dead();
      for (std::size_t i = round_.size(); i > 1; --i) std::swap(round_[i - 1], round_[hooks_.random() % i]);
      next_ = 0;
      if (round_.empty()) return nullptr;
    }
    const Member* member = round_[next_++];
    if (member->name != self_ && member->present()) return member;
  }
  return nullptr;
}

void Members::forget_the_long_dead() {
  const auto is_long_dead = [this](const Member& m) {
    return !m.present() && m.name != self_ && loop_.now() - m.since > settings().gossip_to_the_dead;
  };
  std::erase_if(round_, [&](const Member* m) { return is_long_dead(*m); });
  std::erase_if(members_, [&](const auto& m) { return is_long_dead(*m.second); });
}

}  // namespace invar::cluster
