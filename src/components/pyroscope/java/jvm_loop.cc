#include "components/pyroscope/java/jvm_loop.h"

#include <algorithm>
#include <utility>

namespace invar::components::pyroscope_java {
namespace {

double seconds_of(auto duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

std::string_view to_string(JvmState state) {
  switch (state) {
    case JvmState::kWaiting:
      return "waiting";
    case JvmState::kRecording:
      return "recording";
    case JvmState::kTrouble:
      return "trouble";
  }
  return "";
}

JvmLoop::JvmLoop(Context& context, int pid, component::Target target, Labels labels)
    : context_(context),
      pid_(pid),
      target_(std::move(target)),
      labels_(std::move(labels)),
      timer_(*context.loop) {}

void JvmLoop::start(Duration phase) {
  timer_.arm_after(phase, [this] { begin(); });
}

void JvmLoop::set_target(component::Target target, Labels labels) {
  target_ = std::move(target);
  labels_ = std::move(labels);
}

void JvmLoop::interval_changed() {
  if (session_ && !calling_) arm_turn();
}

java::Plan JvmLoop::plan() {
  java::Plan plan = context_.plan;
  plan.random = context_.random();
  plan.now_unix_ns = context_.loop->unix_ns();
  return plan;
}

// One call of the driver on the pool for what blocks, with the time it took.
template <class Work, class Done>
void JvmLoop::call(Work work, Done done) {
  calling_ = true;
  context_.attach_pool().run(
      [work = std::move(work), plan = plan()]() mutable { return work(plan); },
      alive_.bind([this, done = std::move(done), began = context_.loop->now()](auto result) mutable {
        calling_ = false;
        context_.metrics->attach_seconds.observe(seconds_of(context_.loop->now() - began));
        done(std::move(result));
      }));
}

void JvmLoop::begin() {
  if (!context_.plan.library)
    return note_trouble({java::TroubleKind::kNoLibrary, "built without async-profiler: set dist"});
  call([driver = context_.driver, pid = pid_](const java::Plan& plan) { return driver->begin(pid, plan); },
       [this](java::Outcome<java::Begun> begun) { on_begun(std::move(begun)); });
}

void JvmLoop::on_begun(java::Outcome<java::Begun> begun) {
  if (!begun) {
    note_trouble(begun.error());
    return end_if_idle();
  }
  session_ = std::move(begun->session);
  status_.info = session_->info();
  status_.state = JvmState::kRecording;
  context_.logger.debug("recording a JVM", {{"pid", pid_}, {"jvm", status_.info.jvm}});
  if (!begun->recovered.empty()) convert(std::move(begun->recovered));
  round_began_ = context_.loop->now();
  if (ended_) return finish();
  arm_turn();
}

void JvmLoop::arm_turn() {
  timer_.arm_at(round_began_ + context_.plan.interval, [this] { turn(); });
}

void JvmLoop::turn() {
  call([session = session_](const java::Plan& plan) { return session->turn(plan); },
       [this](java::Turn turned) { on_turned(std::move(turned)); });
}

void JvmLoop::on_turned(java::Turn turned) {
  on_round(turned.recording);
  if (turned.recording) convert(*std::move(turned.recording));
  round_began_ = context_.loop->now();
  if (!turned.next) {
    session_.reset();
    note_trouble(turned.next.error());
    return end_if_idle();
  }
  if (ended_) return finish();
  arm_turn();
}

void JvmLoop::on_round(const java::Outcome<std::string>& recording) {
  if (!recording) {
    context_.metrics->count_round(to_string(recording.error().kind));
    context_.logger.debug("a round was lost", {{"pid", pid_}, {"err", recording.error().sentence}});
    return;
  }
  context_.metrics->count_round("success");
  context_.metrics->recording_bytes.add(static_cast<double>(recording->size()));
  failures_ = 0;
  if (status_.trouble) context_.logger.info("a process is profiled again", {{"pid", pid_}});
  status_.trouble.reset();
  status_.trouble_since_unix_ns = 0;
}

void JvmLoop::note_trouble(const java::Trouble& trouble) {
  status_.state = JvmState::kTrouble;
  ++failures_;
  // Once for each change: what stays wrong says so once.
  if (!status_.trouble || status_.trouble->kind != trouble.kind) {
    const bool is_news = trouble.kind != java::TroubleKind::kGone;
    const auto& logger = context_.logger;
    is_news ? logger.warn("a process cannot be profiled", {{"pid", pid_}, {"err", trouble.sentence}})
            : logger.debug("a process has ended", {{"pid", pid_}, {"err", trouble.sentence}});
    status_.trouble_since_unix_ns = context_.loop->unix_ns();
  }
  status_.trouble = trouble;
  look_again();
}

void JvmLoop::look_again() {
  if (ended_) return;
  timer_.arm_after(java::retry_after(status_.trouble->kind, failures_, context_.plan.interval),
                   [this] { begin(); });
}

void JvmLoop::convert(std::string recording) {
  if (recording.empty()) return;
  ++converting_;
  context_.conversions->add(
      std::move(recording), context_.convert,
      alive_.bind([this, labels = labels_, began = context_.loop->now()](Result<Converted> converted) {
        --converting_;
        status_.last_conversion = context_.loop->now() - began;
        deliver(std::move(converted), labels);
        end_if_idle();
      }));
}

void JvmLoop::deliver(Result<Converted> converted, const Labels& labels) {
  if (!converted) {
    context_.logger.warn("a recording cannot be read", {{"pid", pid_}, {"err", converted.error()}});
    context_.metrics->count_round("unreadable");
    return;
  }
  note_gap(*converted);
  context_.metrics->count_events(*converted);
  if (const std::string losses = converted->report.losses(); !losses.empty())
    context_.logger.debug("a recording was read in part", {{"pid", pid_}, {"left_out", losses}});
  status_.last_profiled_unix_ns = converted->start_unix_ns + converted->duration_ns;
  status_.last_bytes.clear();
  for (ReadyProfile& ready : converted->profiles) {
    auto profile = std::make_shared<pipeline::Profile>();
    profile->labels =
        LabelsBuilder(labels).set(kMetricName, ready.name).set("jfr_event", converted->event).build();
    profile->taken_unix_ns = context_.loop->unix_ns();
    profile->checked = true;
    profile->body = ready.body;
    status_.total_bytes += ready.body->size();
    status_.total_samples += ready.samples;
    status_.last_bytes[ready.name] += ready.body->size();
    context_.metrics->count_profile(ready.name);
    context_.metrics->count_samples(ready.name, ready.samples);
    const pipeline::Answer answer = pipeline::fan_out(context_.receivers, profile);
    if (answer.held()) context_.tap.made(profile);
    context_.tap.passed(profile, context_.receivers, answer);
    if (answer.accepted()) continue;
    context_.metrics->refused.add();
    context_.logger.warn("a profile was not accepted downstream", {{"pid", pid_}, {"err", answer.reason}});
  }
}

void JvmLoop::note_gap(const Converted& converted) {
  if (recorded_until_ != 0 && converted.start_unix_ns > recorded_until_) {
    status_.last_gap = Duration(converted.start_unix_ns - recorded_until_);
    context_.metrics->unprofiled_seconds.add(seconds_of(status_.last_gap));
  }
  recorded_until_ = converted.start_unix_ns + converted.duration_ns;
}

void JvmLoop::end(std::function<void()> ended) {
  ended_ = std::move(ended);
  timer_.cancel();
  if (calling_) return;  // goes on when that is done
  session_ ? finish() : end_if_idle();
}

void JvmLoop::finish() {
  auto session = std::exchange(session_, nullptr);
  call([session](const java::Plan& plan) { return session->end(plan); },
       [this](java::Outcome<std::string> recording) {
         if (recording) {
           context_.metrics->count_round("success");
           convert(*std::move(recording));
         }
         end_if_idle();
       });
}

void JvmLoop::end_if_idle() {
  if (!ended_ || calling_ || converting_ != 0 || session_) return;
  // The last of the callbacks is still on its way out of this object.
  context_.loop->post(std::exchange(ended_, nullptr));
}

}  // namespace invar::components::pyroscope_java
