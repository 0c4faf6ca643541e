#include "cluster/broadcast_queue.h"

#include <cmath>
#include <tuple>
#include <utility>

namespace invar::cluster {

unsigned transmit_limit(std::size_t nodes) {
  constexpr unsigned kMultiplier = 4;
  return kMultiplier * static_cast<unsigned>(std::ceil(std::log10(static_cast<double>(nodes + 1))));
}

// The least told, then the largest, then the newest.
bool BroadcastQueue::Order::operator<(const Order& other) const {
  return std::tie(told, other.size, other.number) < std::tie(other.told, size, number);
}

BroadcastQueue::Order BroadcastQueue::order_of(const std::string& name, const Piece& piece) {
  return {piece.told, piece.message.size(), piece.number, name};
}

async::Task BroadcastQueue::remove(const std::string& name) {
  const auto found = pieces_.find(name);
  if (found == pieces_.end()) return {};
  order_.erase(order_of(name, found->second));
  async::Task gone = std::move(found->second.gone);
  pieces_.erase(found);
  return gone;
}

void BroadcastQueue::add(const std::string& name, std::string message, async::Task gone) {
  async::Task replaced = remove(name);
  const auto [piece, is_new] =
      pieces_.emplace(name, Piece{0, ++last_number_, std::move(message), std::move(gone)});
  order_.insert(order_of(name, piece->second));
  if (replaced) replaced();
}

std::vector<std::string> BroadcastQueue::take(std::size_t max_messages, std::size_t max_bytes,
                                              unsigned limit) {
  std::vector<std::string> names;
  for (const Order& order : order_) {
    if (names.size() == max_messages) break;
    if (order.size > max_bytes) continue;
    max_bytes -= order.size;
    names.push_back(order.name);
  }
  std::vector<std::string> messages;
  std::vector<async::Task> gone;
  for (const std::string& name : names) {
    Piece& piece = pieces_.at(name);
    messages.push_back(piece.message);
    order_.erase(order_of(name, piece));
    ++piece.told;
    order_.insert(order_of(name, piece));
    if (piece.told < limit) continue;
    if (async::Task task = remove(name)) gone.push_back(std::move(task));
  }
  for (async::Task& task : gone) task();
  return messages;
}

}  // namespace invar::cluster
