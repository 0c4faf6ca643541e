// UpdateQueue: nodes whose exports changed, until the next turn of the loop, when the whole queue is taken at
// once. A node waits once, with the time of its first change. Threads: loop thread only. Spec: runtime.md 6.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "async/loop.h"
#include "runtime/graph.h"

namespace invar::runtime {

class UpdateQueue {
 public:
  struct Update {
    Graph::Index node;
    async::TimePoint since;
  };
  using Take = std::function<void(std::vector<Update>)>;

  UpdateQueue(async::Loop& loop, Take take) : loop_(&loop), take_(std::move(take)) {}
  void push(Graph::Index node);
  void clear() { updates_.clear(); }
  [[nodiscard]] std::size_t size() const { return updates_.size(); }

 private:
  void take_all();

  async::Loop* loop_;
  Take take_;
  std::vector<Update> updates_;  // few: one turn's worth
  bool posted_ = false;
  async::Alive alive_;
};

}  // namespace invar::runtime
