// Troubles: what goes wrong with etcd, by what was being done; each is logged once, and its end. Threads: loop thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "async/loop.h"
#include "base/error.h"
#include "base/log.h"
#include "component/problem.h"

namespace invar::cluster_etcd {

class Troubles {
 public:
  Troubles(async::Loop& loop, log::Logger logger) : loop_(loop), logger_(std::move(logger)) {}

  // `doing`: "keeping the lease".
  void add(const std::string& doing, const Error& error);
  void over(const std::string& doing);
  // `consequence`: what it means for this node, a sentence.
  [[nodiscard]] std::vector<component::Problem> problems(const std::string& consequence) const;

 private:
  struct Trouble {
    std::string message;
    UnixNanos since;
  };
  async::Loop& loop_;
  const log::Logger logger_;
  std::map<std::string, Trouble> troubles_;
};

}  // namespace invar::cluster_etcd
