// Prober: asks one node after another whether it is there, itself and through others; answers those that ask.
// One probe an interval. A node that answers neither directly nor through others is suspected.
// Threads: loop thread. Spec: clustering.md 7.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "async/loop.h"
#include "cluster/members.h"

namespace invar::cluster {

class Prober {
 public:
  // `from` of what is heard: host:port of the sender.
  using Send = std::function<void(const std::string& to, std::vector<Message>)>;
  Prober(async::Loop& loop, Members& members, Send send, Members::Random random);

  void begin();
  void stop();
  void hear(const Ping& ping, const std::string& from);
  void hear(const IndirectPing& ping, const std::string& from);
  void hear(const Ack& ack);
  void hear(const Nack& nack);

 private:
  // A ping of ours that waits for its ack.
  struct Awaited {
    explicit Awaited(async::Loop& loop) : timer(loop) {}
    std::function<void()> acknowledged;
    std::function<void()> refused;  // a nack
    async::Timer timer;
  };
  struct Probe {
    std::string node;
    std::uint32_t sequence = 0;
    std::size_t nacks_expected = 0, nacks = 0;
    async::TimePoint ends;
  };

  void probe_next();
  void ask_others();
  void end_probe(bool answered);
  Awaited& await(std::uint32_t sequence);
  [[nodiscard]] Ping ping_for(const Member& member, std::uint32_t sequence) const;

  async::Loop& loop_;
  Members& members_;
  const Send send_;
  const Members::Random random_;
  std::uint32_t last_sequence_ = 0;
  std::map<std::uint32_t, Awaited> awaited_;
  Probe probe_;
  async::TimePoint next_probe_{};
  async::Timer timer_;
};

}  // namespace invar::cluster
