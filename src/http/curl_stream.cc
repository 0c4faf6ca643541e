#include "http/curl_stream.h"

#include <utility>

namespace invar::http {
namespace {

constexpr std::size_t kMaxWaiting = 256 << 10;

}  // namespace

void CurlStream::take_head(const Response& head) {
  head_ = head;
  news_ = true;
}

bool CurlStream::take(std::string_view part) {
  if (paused_ || waiting_.size() + part.size() > kMaxWaiting) {
    held_back_ = true;
    return false;
  }
  waiting_.append(part);
  return true;
}

bool CurlStream::hand_over() {
  if (paused_ || (!news_ && waiting_.empty())) return true;
  news_ = false;
  const std::string part = std::exchange(waiting_, {});
  const auto alive = alive_.token();
  receiver_->on_part(head_, part);
  return !alive.expired();
}

bool CurlStream::goes_on() {
  return !paused_ && std::exchange(held_back_, false);
}

}  // namespace invar::http
