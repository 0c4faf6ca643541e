#include "pipeline/outlets.h"

#include <utility>

namespace invar::pipeline {

Outlets::Outlets(metrics::Scope& scope, const async::Loop& loop, Tap tap)
    : loop_(loop),
      tap_(std::move(tap)),
      latency_(scope.histogram("pyroscope_fanout_latency",
                               "Write latency for sending to direct and indirect components.",
                               {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10})),
      forwarded_(scope.counter("pyroscope_forwarded_entries_total", "Profiles accepted by every receiver.")) {
}

void Outlets::answered(BodyKind kind, const Answer& answer, async::TimePoint began) {
  latency_.observe(std::chrono::duration<double>(loop_.now() - began).count());
  if (answer.accepted() && kind == BodyKind::kPprof) forwarded_.add();
}

Answer Outlets::offer(const ProfilePtr& profile) {
  const auto began = loop_.now();
  Answer answer = fan_out(receivers_, profile);
  answered(profile->kind, answer, began);
  tap_.passed(profile, receivers_, answer);
  return answer;
}

void Outlets::offer_kept(const ProfilePtr& profile, Kept kept) {
  fan_out_kept(receivers_, profile,
               [this, token = alive_.token(), profile, began = loop_.now(),
                kept = std::move(kept)](const Answer& answer) {
                 if (!token.expired()) {
                   answered(profile->kind, answer, began);
                   tap_.passed(profile, receivers_, answer);
                 }
                 kept(answer);
               });
}

}  // namespace invar::pipeline
