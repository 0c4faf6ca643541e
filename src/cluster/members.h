// Members: who is in the cluster and how it fares, by the rules of SWIM as memberlist has them.
//
//   nobody --alive--> alive --suspect--> suspect --time or dead--> dead or left --alive--> alive
//
// The newer incarnation wins; only a node itself raises its own. What is said wrongly about ourselves is refuted.
// Threads:  loop thread. Lifetime: hooks run inside of the calls and of timers; they must not call back into the changing ones.
// Spec:     clustering.md 7.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "async/loop.h"
#include "cluster/messages.h"
#include "cluster/settings.h"

namespace invar::cluster {

// What nodes of Invar say of themselves; others pass it on and make nothing of it.
inline constexpr std::string_view kOurMeta = "invar/1";
inline constexpr std::string_view kWeighingMeta = "invar/1 cost";  // with --cluster.balance=cost
inline bool is_ours(std::string_view meta) {
  return meta == kOurMeta || meta == kWeighingMeta;
}

struct Member {
  std::string name;
  Address address;
  std::string meta;
  std::uint32_t incarnation = 0;
  Liveness liveness = Liveness::kDead;
  async::TimePoint since{};  // of this liveness
  Versions versions = kOurVersions;

  [[nodiscard]] bool present() const {
    return liveness == Liveness::kAlive || liveness == Liveness::kSuspect;
  }
};

class Members {
 public:
  using Random = std::function<std::uint64_t()>;
  struct Hooks {
    std::function<void(const Member&)> joined, left, updated;
    // Another node with a name that is taken.
    std::function<void(const Member& known, const Address& other)> conflict;
    std::function<void(const std::string& node, const Message&, async::Task told)> broadcast;
    Random random;
  };

  // `swift`: the figures while every node that is there is one of Invar's.
  struct Figures {
    Settings usual;
    Settings swift = swift_settings();
  };
  Members(async::Loop& loop, Figures figures, std::string self, Address address, Hooks hooks);
  ~Members();

  void begin(std::string_view meta = kOurMeta);  // announces ourselves
  void leave(async::Task told);                  // says that we go; nothing is refuted from then on
  void hear(const Alive& alive);
  void hear(const Suspect& suspect);
  void hear(const Dead& dead);
  // Errors: nodes whose protocols do not fit together; nothing is merged then.
  Result<> merge(const std::vector<NodeRecord>& nodes);

  [[nodiscard]] const Settings& settings() const;
  [[nodiscard]] const std::string& self_name() const { return self_; }
  [[nodiscard]] const Member& self() const { return find_known(self_); }
  [[nodiscard]] const Member* find(const std::string& name) const;
  [[nodiscard]] std::vector<NodeRecord> records() const;
  [[nodiscard]] std::size_t size() const { return members_.size(); }  // the dead included
  [[nodiscard]] std::size_t present() const;
  // Up to `count` different ones for which `fits`, by chance; never ourselves.
  [[nodiscard]] std::vector<const Member*> some(std::size_t count,
                                                const std::function<bool(const Member&)>& fits) const;
  // The next one to be probed, each once a round; null when there is none. A new round forgets the long dead.
  const Member* next_to_probe();

  // How badly we hear, 0 to 7: whoever hears badly suspects later.
  [[nodiscard]] unsigned unhealth() const { return unhealth_; }
  void worsen(int by);

 private:
  struct Suspicion;

  [[nodiscard]] const Member& find_known(const std::string& name) const { return *members_.at(name); }
  void hear_of_ourselves(Member& self, const Alive& alive);
  Member& insert(const Alive& alive);
  void take(Member& member, const Alive& alive);
  void refute(Member& self, std::uint32_t accused);
  void set_liveness(Member& member, Liveness liveness);
  void arm(const std::string& name, Suspicion& suspicion);
  void forget_the_long_dead();

  async::Loop& loop_;
  const Figures figures_;
  const std::string self_;
  const Address address_;
  const Hooks hooks_;
  std::map<std::string, std::unique_ptr<Member>> members_;
  std::vector<Member*> round_;  // in the order of probing
  std::size_t next_ = 0;
  std::map<std::string, std::unique_ptr<Suspicion>> suspicions_;
  std::uint32_t incarnation_ = 0;
  unsigned unhealth_ = 0;
  bool leaving_ = false;
};

}  // namespace invar::cluster
