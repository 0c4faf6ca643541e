// EndpointLog: the state of an endpoint as people see it, and its log: one line per change of state, and about lost profiles one a minute.
//
//   idle ─▶ working ◀─▶ failing | refusing | held | misaddressed      (any of these follows any other)
//
// Threads: loop thread only. Lifetime: the loop outlives it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "async/loop.h"
#include "base/log.h"
#include "delivery/reply.h"

namespace invar::delivery {

enum class EndpointState { kIdle, kWorking, kFailing, kRefusing, kHeld, kMisaddressed };
std::string_view to_string(EndpointState state);
// Nothing passes before a user has mended something.
inline bool is_held(EndpointState state) {
  return state == EndpointState::kHeld || state == EndpointState::kMisaddressed;
}

class EndpointLog {
 public:
  static constexpr Duration kPeriod = std::chrono::minutes(1);
  static constexpr Duration kRefusalShown = std::chrono::minutes(5);  // the last one, while others are taken

  EndpointLog(const async::Loop& loop, log::Logger logger) : loop_(loop), logger_(std::move(logger)) {}

  [[nodiscard]] EndpointState state() const { return state_; }
  [[nodiscard]] const std::string& last_error() const { return last_error_; }  // "" once it is over
  [[nodiscard]] UnixNanos last_error_unix_ns() const { return last_error_unix_ns_; }

  void error(const Reply& reply);
  void success(std::string_view endpoint, std::uint64_t queued);
  // A new kind of failure is told as a change of state is, at most once a period.
  void change(EndpointState state, const Reply& reply, std::string_view endpoint);
  void lost(std::string_view reason, std::string_view error, std::string_view endpoint);

 private:
  const async::Loop& loop_;
  const log::Logger logger_;

  EndpointState state_ = EndpointState::kIdle;
  std::string failing_code_;
  async::TimePoint state_logged_{};

  std::string last_error_;
  UnixNanos last_error_unix_ns_ = 0;
  bool last_error_is_refusal_ = false;  // of that profile alone

  bool lost_ever_logged_ = false;
  async::TimePoint lost_logged_{};
  std::uint64_t lost_since_log_ = 0;
};

}  // namespace invar::delivery
