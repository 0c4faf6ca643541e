// Watch: one of Consul's blocking queries, asked again and again: each answer that differs is told, each failure too.
// Index:   an answer with the index of the last one says nothing new; one with a smaller index begins anew (a server that was restored).
// Pace:    the next query begins at the earliest an `interval` after the last one began; after failures backoff.h, at least a second.
// Threads: loop thread only. Lifetime: told() may destroy the watch. Spec: discovery.md 11.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "consul/client.h"

namespace invar::consul {

class Watch {
 public:
  struct Plan {
    std::string path;
    Client::Parameters parameters;
    Duration interval;
    std::function<double()> random;           // from 0 to 1
    std::function<void(Duration took)> took;  // at the end of each query
    // Each answer, without a body when it says nothing new, and each failure.
    std::function<void(Result<std::optional<syntax::Value>> answer)> told;
  };

  Watch(async::Loop& loop, Client& client, Plan plan);

 private:
  void ask();
  void received(Result<Client::Answer> answer);

  async::Loop& loop_;
  Client& client_;
  const Plan plan_;
  std::uint64_t index_ = 0;
  bool known_ = false;
  int failures_ = 0;
  async::TimePoint began_{};
  async::Timer timer_;
  std::unique_ptr<Client::Query> query_;
  async::Alive alive_;
};

}  // namespace invar::consul
