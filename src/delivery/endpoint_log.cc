#include "delivery/endpoint_log.h"

#include <utility>

namespace invar::delivery {

std::string_view to_string(EndpointState state) {
  switch (state) {
    case EndpointState::kIdle:
      return "idle";
    case EndpointState::kWorking:
      return "working";
    case EndpointState::kFailing:
      return "failing";
    case EndpointState::kRefusing:
      return "refusing";
    case EndpointState::kHeld:
      return "held: credentials refused";
    case EndpointState::kMisaddressed:
      return "held: wrong address";
  }
  return "";
}

void EndpointLog::error(const Reply& reply) {
  last_error_ = reply.sentence;
  last_error_unix_ns_ = loop_.unix_ns();
  last_error_is_refusal_ = reply.verdict == Verdict::kGiveUp;
}

void EndpointLog::success(std::string_view endpoint, std::uint64_t queued) {
  if (!last_error_is_refusal_ || loop_.unix_ns() - last_error_unix_ns_ >= kRefusalShown.count())
    last_error_.clear();
  const EndpointState before = std::exchange(state_, EndpointState::kWorking);
  if (before == EndpointState::kWorking) return;
  state_logged_ = loop_.now();
  if (before != EndpointState::kIdle)
    logger_.info("endpoint takes profiles again", {{"endpoint", endpoint}, {"queued", queued}});
}

void EndpointLog::change(EndpointState state, const Reply& reply, std::string_view endpoint) {
  const async::TimePoint now = loop_.now();
  const bool changed = std::exchange(state_, state) != state;
  if (!changed && (reply.code == failing_code_ || now - state_logged_ < kPeriod)) return;
  failing_code_ = reply.code;
  state_logged_ = now;
  switch (state) {
    case EndpointState::kFailing:
      logger_.warn("endpoint is failing; profiles are queued and retried",
                   {{"endpoint", endpoint}, {"err", reply.sentence}});
      break;
    case EndpointState::kHeld:
      logger_.error("endpoint refuses the credentials; profiles are queued until they are mended",
                    {{"endpoint", endpoint}, {"err", reply.sentence}});
      break;
    case EndpointState::kMisaddressed:
      logger_.error("endpoint is not reached at its address; profiles are queued until it is mended",
                    {{"endpoint", endpoint}, {"err", reply.sentence}});
      break;
    case EndpointState::kRefusing:
      logger_.warn("endpoint refuses profiles", {{"endpoint", endpoint}, {"err", reply.sentence}});
      break;
    case EndpointState::kIdle:
    case EndpointState::kWorking:
      break;
  }
}

void EndpointLog::lost(std::string_view reason, std::string_view error, std::string_view endpoint) {
  ++lost_since_log_;
  const async::TimePoint now = loop_.now();
  if (lost_ever_logged_ && now - lost_logged_ < kPeriod) return;
  lost_ever_logged_ = true;
  lost_logged_ = now;
  logger_.warn("profiles were not delivered", {{"endpoint", endpoint},
                                               {"profiles", std::exchange(lost_since_log_, 0)},
                                               {"reason", reason},
                                               {"err", error}});
}

}  // namespace invar::delivery
