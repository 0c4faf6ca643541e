#include "delivery/packer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "delivery/delivery.h"

namespace invar::delivery {
namespace {

// `found`: what a look into the body has told; its times and sizes are 0 when nobody had to look.
Packed encode(const pipeline::Profile& profile, const Labels& labels, const LocalCheck& found) {
  Outgoing made = protocol_of(profile.kind).make(profile, labels, found.lacks_time);
  // The server's window goes by the time inside.
  if (found.time_unix_ns > 0) made.taken_unix_ns = std::min(made.taken_unix_ns, found.time_unix_ns);
  return {std::make_shared<const Outgoing>(std::move(made)), found.raw_bytes};
}

std::unexpected<Outcome> refused(std::string reason, std::string cause) {
  return std::unexpected(Outcome{End::kRefused, std::move(reason), std::move(cause), "", true});
}

}  // namespace

Packer::~Packer() {
  for (auto& [id, waiting] : std::exchange(waiting_, {}))
    waiting.done(std::unexpected(Outcome{End::kDropped, "stopped"}));
}

void Packer::pack(const pipeline::ProfilePtr& profile, Labels labels, const Limits& limits, Done done) {
  if (!protocol_of(profile->kind).is_pprof() || (profile->checked && !limits.measure))
    return done(encode(*profile, labels, {.lacks_time = profile->lacks_time}));
  const std::uint64_t bytes = profile->body->size();
  if (bytes + Delivery::kOverhead > limits.room)
    return done(
        refused("too large", fmt::format("{} bytes, and the queue has room for {}", bytes, limits.room)));
  if (waiting_bytes_ + bytes > limits.room)
    return done(std::unexpected(
        Outcome{End::kDropped, "memory full", "too many profiles wait for their first look"}));
  waiting_bytes_ += bytes;
  const std::uint64_t id = ++last_id_;
  pool_.run([body = profile->body] { return check_locally(*body); },
            alive_.bind([this, id](const LocalCheck& found) { looked(id, found); }));
  waiting_.emplace(id, Waiting{profile, std::move(labels), limits.max_age, std::move(done)});
}

void Packer::looked(std::uint64_t id, const LocalCheck& found) {
  auto node = waiting_.extract(id);
  if (node.empty()) return;  // hurry() did not wait for it
  Waiting waiting = std::move(node.mapped());
  waiting_bytes_ -= waiting.profile->body->size();
  switch (found.verdict) {
    case LocalCheck::Verdict::kGood: {
      const Duration age(loop_.unix_ns() - found.time_unix_ns);
      if (found.time_unix_ns > 0 && waiting.max_age > Duration::zero() && age > waiting.max_age)
        return waiting.done(refused(
            "too old", fmt::format("it was taken at {}, and max_age is {}",
                                   format_rfc3339(found.time_unix_ns), format_duration(waiting.max_age))));
      return waiting.done(encode(*waiting.profile, waiting.labels, found));
    }
    case LocalCheck::Verdict::kEmpty:
      return waiting.done(refused(std::string(kEmptyProfile), ""));
    case LocalCheck::Verdict::kNoProfile:
      return waiting.done(refused("not a profile", found.error));
    case LocalCheck::Verdict::kTooLarge:
      return waiting.done(refused("too large", found.error));
  }
}

void Packer::hurry() {
  waiting_bytes_ = 0;
  for (auto& [id, waiting] : std::exchange(waiting_, {}))
    waiting.done(encode(*waiting.profile, waiting.labels, {.lacks_time = waiting.profile->lacks_time}));
}

}  // namespace invar::delivery
