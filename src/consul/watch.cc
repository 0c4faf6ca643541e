#include "consul/watch.h"

#include <algorithm>

#include "http/backoff.h"

namespace invar::consul {
namespace {

constexpr const char* kWait = "120s";
constexpr auto kTimeout = std::chrono::seconds(135);
constexpr Duration kLeastPause = std::chrono::seconds(1);

}  // namespace

Watch::Watch(async::Loop& loop, Client& client, Plan plan)
    : loop_(loop), client_(client), plan_(std::move(plan)), timer_(loop) {
  ask();
}

void Watch::ask() {
  began_ = loop_.now();
  auto parameters = plan_.parameters;
  if (index_ > 0) {
    parameters.emplace_back("index", std::to_string(index_));
    parameters.emplace_back("wait", kWait);
  }
  query_ = client_.get(plan_.path, parameters, kTimeout,
                       alive_.bind([this](auto answer) { received(std::move(answer)); }));
}

void Watch::received(Result<Client::Answer> answer) {
  plan_.took(loop_.now() - began_);
  const auto told = plan_.told;  // it may destroy this
  if (!answer) {
    ++failures_;
    index_ = 0;  // a server that comes back may count anew, and would be waited for
    const Duration pause = std::max(kLeastPause, http::backoff(failures_, plan_.random(), {}));
    timer_.arm_after(pause, [this] { ask(); });
    return told(std::unexpected(answer.error()));
  }
  failures_ = 0;
  const bool same = known_ && answer->index != 0 && answer->index == index_;
  known_ = true;
  index_ = answer->index < index_ ? 0 : answer->index;
  timer_.arm_at(
      std::max(loop_.now(), began_ + std::chrono::duration_cast<async::TimePoint::duration>(plan_.interval)),
      [this] { ask(); });
  told(same ? std::nullopt : std::optional(std::move(answer->body)));
}

}  // namespace invar::consul
