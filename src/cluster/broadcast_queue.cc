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
bool BroadcastQueue::Order::operator()(Pieces::iterator a, Pieces::iterator b) const {
  const Piece &x = a->second, &y = b->second;
  const std::size_t x_size = x.message.size(), y_size = y.message.size();
  return std::tie(x.told, y_size, y.number) < std::tie(y.told, x_size, x.number);
}

void BroadcastQueue::add(const std::string& name, std::string message, async::Task gone) {
  const auto [piece, is_new] = pieces_.try_emplace(name);
  if (!is_new) order_.erase(piece);
  async::Task replaced =
      std::exchange(piece->second, {0, ++last_number_, std::move(message), std::move(gone)}).gone;
  order_.insert(piece);
  if (replaced) replaced();
}

std::vector<std::string> BroadcastQueue::take(std::size_t max_messages, std::size_t max_bytes,
                                              unsigned limit) {
  std::vector<decltype(order_)::node_type> taken;
  for (auto next = order_.begin(); next != order_.end() && taken.size() < max_messages;) {
    const auto piece = next++;
    const std::size_t size = (*piece)->second.message.size();
    if (size > max_bytes) continue;
    max_bytes -= size;
    taken.push_back(order_.extract(piece));
  }
  std::vector<std::string> messages;
  std::vector<async::Task> gone;
  for (auto& place : taken) {
    const Pieces::iterator at = place.value();
    Piece& piece = at->second;
    messages.push_back(piece.message);
    if (++piece.told < limit) {
      order_.insert(std::move(place));
      continue;
    }
    if (piece.gone) gone.push_back(std::move(piece.gone));
    pieces_.erase(at);
  }
  for (async::Task& task : gone) task();
  return messages;
}

}  // namespace invar::cluster
