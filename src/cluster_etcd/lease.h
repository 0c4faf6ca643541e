// Lease: the time for which etcd lets nobody else be this node. Asked for, kept alive, and given up by our own clock before etcd may.
//
//   begin() -> granted --kept--> ... ; `kept` each time; `uncertain` when nothing was heard for so long that it may be over soon;
//   `over` when etcd knows it no more: another one is asked for.
//
// The time counts from before a request was sent, with a margin of a twentieth for clocks, so etcd's end is always later than ours.
// Threads:  loop thread. Lifetime: what it is made of outlives it.
// Spec:     clustering.md 10.
#pragma once

#include <functional>
#include <string>

#include "async/loop.h"
#include "cluster_etcd/etcd_client.h"

namespace invar::cluster_etcd {

struct LeaseTimes {
  Duration certain;  // since a request was sent that etcd answered: we may own for so long
  Duration keep;     // between two requests
};
// `release`: what it takes to let go, inside of the lease. Pure.
LeaseTimes lease_times(Duration lease, Duration release);

class Lease {
 public:
  struct Events {
    std::function<void()> kept, uncertain, over;
    std::function<void(const Error&)> failed;
    std::function<double()> random;  // from 0 to 1
  };
  Lease(async::Loop& loop, EtcdClient& client, Duration asked, Duration release, Events events);

  void begin();
  void give_back(async::Task done);  // within the client's timeout; nothing is kept after

  [[nodiscard]] bool certain() const { return certain_.armed(); }
  [[nodiscard]] async::TimePoint certain_until() const { return certain_until_; }
  [[nodiscard]] const std::string& id() const { return id_; }  // "" before the first

 private:
  void ask();
  void on_answer(async::TimePoint sent, const Result<std::string>& answer);
  void hold(async::TimePoint sent, Duration granted);

  async::Loop& loop_;
  EtcdClient& client_;
  const Duration asked_, release_;
  const Events events_;
  std::string id_;
  int failures_ = 0;
  bool given_back_ = false;
  async::TimePoint certain_until_{};
  async::Timer certain_, next_;
  async::Alive alive_;  // last
};

}  // namespace invar::cluster_etcd
