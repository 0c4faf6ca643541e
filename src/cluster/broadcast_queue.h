// BroadcastQueue: what is to be told to everybody, each piece a bounded number of times, what was told least first.
// One piece per name: a newer one takes the place of the older. Threads: loop thread. Spec: clustering.md 7.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "async/loop.h"

namespace invar::cluster {

// How often a piece is told among so many nodes.
unsigned transmit_limit(std::size_t nodes);

class BroadcastQueue {
 public:
  // `gone` runs (once) when the piece was told often enough, or a newer one took its place.
  void add(const std::string& name, std::string message, async::Task gone = {});
  // What to tell one node now, at most so many messages of so many bytes in all; counts as told.
  std::vector<std::string> take(std::size_t max_messages, std::size_t max_bytes, unsigned limit);
  [[nodiscard]] bool empty() const { return pieces_.empty(); }
  [[nodiscard]] std::size_t size() const { return pieces_.size(); }

 private:
  struct Piece {
    unsigned told = 0;
    std::uint64_t number = 0;
    std::string message;
    async::Task gone;
  };
  using Pieces = std::map<std::string, Piece>;
  struct Order {
    bool operator()(Pieces::iterator a, Pieces::iterator b) const;
  };

  Pieces pieces_;  // by name
  std::set<Pieces::iterator, Order> order_;
  std::uint64_t last_number_ = 0;
};

}  // namespace invar::cluster
