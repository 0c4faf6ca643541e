#include "cluster_etcd/lease.h"

#include <algorithm>
#include <utility>

#include "cluster_etcd/messages.h"
#include "http/backoff.h"

namespace invar::cluster_etcd {

LeaseTimes lease_times(Duration lease, Duration release) {
  const Duration certain = std::max(lease * 19 / 20 - release, Duration::zero());
  return {certain, certain / 4};
}

Lease::Lease(async::Loop& loop, EtcdClient& client, Duration asked, Duration release, Events events)
    : loop_(loop),
      client_(client),
      asked_(asked),
      release_(release),
      events_(std::move(events)),
      certain_(loop),
      next_(loop) {}

void Lease::begin() {
  ask();
}

void Lease::ask() {
  const auto sent = loop_.now();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(asked_).count();
  client_.call(id_.empty() ? "/v3/lease/grant" : "/v3/lease/keepalive",
               id_.empty() ? grant_request(seconds) : lease_request(id_),
               alive_.bind([this, sent](const Result<std::string>& answer) {
                 if (!given_back_) on_answer(sent, answer);
               }));
}

void Lease::on_answer(async::TimePoint sent, const Result<std::string>& answer) {
  const auto grant = answer ? read_grant(*answer) : Result<Grant>(std::unexpected(answer.error()));
  if (!grant || (id_.empty() && grant->lease.empty())) {
    const Duration keep = lease_times(asked_, release_).keep;
    next_.arm_after(std::min(http::backoff(++failures_, events_.random(), {}), keep), [this] { ask(); });
    return events_.failed(grant ? Error{ErrorCode::kDataLoss, "etcd gives no lease"} : grant.error());
  }
  failures_ = 0;
  if (grant->seconds <= 0) {
    id_.clear();
    certain_.cancel();
    next_.arm_after({}, [this] { ask(); });
    return events_.over();
  }
  id_ = grant->lease;
  hold(sent, std::chrono::seconds(grant->seconds));
  events_.kept();
}

void Lease::hold(async::TimePoint sent, Duration granted) {
  const LeaseTimes times = lease_times(std::min(granted, asked_), release_);
  certain_until_ = sent + times.certain;
  certain_.arm_at(certain_until_, [this] { events_.uncertain(); });
  next_.arm_after(times.keep, [this] { ask(); });
}

void Lease::give_back(async::Task done) {
  given_back_ = true;
  certain_.cancel();
  next_.cancel();
  if (id_.empty()) return loop_.post(std::move(done));
  client_.call("/v3/lease/revoke", lease_request(id_),
               [done = std::move(done)](const Result<std::string>&) mutable { done(); });
}

}  // namespace invar::cluster_etcd
