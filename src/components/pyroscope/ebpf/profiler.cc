#include "components/pyroscope/ebpf/profiler.h"

#include <fmt/format.h>

#include <algorithm>

#include "components/pyroscope/ebpf/status_view.h"

namespace invar::components::pyroscope_ebpf {
namespace {

using std::chrono::minutes;

constexpr Duration kLongestWait = minutes(5);
constexpr Duration kWaitWithoutPrivileges = minutes(1);

}  // namespace

Profiler::Profiler(const component::Options& options, StartSource start_source)
    : options_(options),
      start_source_(std::move(start_source)),
      pool_(*options.disk_pool),
      outlets_(*options.metrics, *options.loop, options.tap),
      metrics_(*options.metrics),
      interval_(*options.loop),
      retry_(*options.loop) {}

Profiler::~Profiler() {
  unwatch();
}

void Profiler::start() {
  running_ = true;
  next();
}

void Profiler::update(const Arguments& arguments) {
  for (const std::string& sentence : warnings(arguments))
    if (arguments != arguments_) options_.logger.warn(sentence);
  outlets_.set(arguments.forward_to);
  const bool other_interval = arguments.collect_interval != arguments_.collect_interval;
  wants_settings_ = wants_settings_ || arguments.engine() != arguments_.engine();
  arguments_ = arguments;
  index_ = std::make_shared<const TargetIndex>(arguments_);
  wants_owners_ = true;
  metrics_.active_targets.set(static_cast<double>(index_->size()));
  if (other_interval && interval_.armed())
    interval_.arm_after(arguments_.collect_interval, [this] { collect(); });
  next();
}

// Starts what is to be done next, unless the engine is at something.
void Profiler::next() {
  if (busy_ || !running_) return;
  if (!wanted()) {
    if (engine_) drop_engine();
    return;
  }
  if (!engine_) {
    if (!retry_.armed()) start_engine();
    return;
  }
  if (wants_settings_) {
    if (!engine_->can_take(arguments_.engine())) {
      drop_engine();
      return;
    }
    wants_settings_ = false;
    busy_ = true;
    pool_.run([engine = engine_, settings = arguments_.engine()] { return engine->take(settings); },
              alive_.bind([this](Result<> taken) {
                busy_ = false;
                if (!taken) return started(std::unexpected(taken.error()));
                next();
              }));
    return;
  }
  if (wants_owners_) {
    wants_owners_ = false;
    busy_ = true;
    pool_.run(
        [engine = engine_, index = index_] {
          engine->reassign(owner_of(index));
          return 0;
        },
        alive_.bind([this](int) {
          busy_ = false;
          next();
        }));
    return;
  }
  if (wants_collect_) return collect();
  if (wants_poll_) return poll();
  watch();
}

void Profiler::start_engine() {
  busy_ = true;
  wants_settings_ = wants_owners_ = wants_collect_ = false;
  pool_.run(
      [start = start_source_, settings = arguments_.engine(), index = index_]() -> Result<Engine> {
        INVAR_ASSIGN_OR_RETURN(auto engine, start(settings, owner_of(index)));
        return Engine(std::move(engine));
      },
      alive_.bind([this](Result<Engine> engine) {
        busy_ = false;
        started(std::move(engine));
      }));
}

void Profiler::started(Result<Engine> engine) {
  metrics_.sessions.add();
  if (!engine) {
    metrics_.sessions_failing.add();
    if (failing_since_unix_ns_ == 0) failing_since_unix_ns_ = options_.loop->unix_ns();
    if (!failure_ || *failure_ != engine.error())
      options_.logger.error("cannot profile this machine", {{"err", engine.error()}});
    failure_ = engine.error();
    if (engine_) drop_engine();
    retry_.arm_after(retry_wait(*failure_), [this] { next(); });
    ++failures_;
    return;
  }
  if (failure_) options_.logger.info("profiling works again");
  failure_.reset();
  failing_since_unix_ns_ = 0;
  failures_ = 0;
  engine_ = std::move(*engine);
  interval_start_unix_ns_ = options_.loop->unix_ns();
  interval_.arm_after(arguments_.collect_interval, [this] { collect(); });
  next();
}

Duration Profiler::retry_wait(const Error& error) const {
  Duration wait = arguments_.collect_interval * (1 << std::min(failures_, 8));
  if (error.code == ErrorCode::kPermissionDenied) wait = std::max(wait, kWaitWithoutPrivileges);
  return std::min(wait, kLongestWait);
}

void Profiler::watch() {
  if (watch_ != 0) return;
  // It stays readable until it is polled, on the pool: watched again then.
  watch_ = options_.loop->watch_readable(engine_->wake_fd(), [this] {
    unwatch();
    wants_poll_ = true;
    next();
  });
}

void Profiler::unwatch() {
  if (watch_ != 0) options_.loop->unwatch(watch_);
  watch_ = 0;
}

void Profiler::poll() {
  wants_poll_ = false;
  busy_ = true;
  pool_.run([engine = engine_] { return engine->poll(); }, alive_.bind([this](bool more) {
    busy_ = false;
    wants_poll_ = wants_poll_ || more;
    next();
  }));
}

void Profiler::collect() {
  if (busy_) {
    wants_collect_ = true;
    return;
  }
  wants_collect_ = false;
  const UnixNanos now = options_.loop->unix_ns();
  const ProfileSettings settings{.sample_rate = static_cast<int>(arguments_.sample_rate),
                                 .pid_label = arguments_.pid_label,
                                 .comm_label = arguments_.comm_label(),
                                 .comm_frame = arguments_.comm_frame(),
                                 .start_unix_ns = interval_start_unix_ns_,
                                 .duration = Duration(now - interval_start_unix_ns_)};
  interval_start_unix_ns_ = now;
  interval_.arm_after(arguments_.collect_interval, [this] { collect(); });
  busy_ = true;
  pool_.run(
      [engine = engine_, settings]() -> Collected {
        auto profiles = make_profiles(engine->collect(), settings);
        return {.profiles = std::move(profiles), .status = engine->status()};
      },
      alive_.bind([this](Collected result) {
        busy_ = false;
        collected(std::move(result));
      }));
}

void Profiler::collected(Collected result) {
  metrics_.update(result.status);
  status_ = std::move(result.status);
  refusal_.clear();
  if (arguments_.verbose_mode)
    options_.logger.debug("profiled an interval", {{"profiles", result.profiles.size()},
                                                   {"processes", status_.processes},
                                                   {"binaries", status_.binaries},
                                                   {"samples", status_.losses[ebpf::bpf::kCountSamples]},
                                                   {"lost", status_.losses[ebpf::bpf::kLossRing] +
                                                                status_.losses[ebpf::bpf::kLossMapFull]}});
  for (MadeProfile& made : result.profiles) send(std::move(made));
  next();
}

void Profiler::send(MadeProfile made) {
  const std::string service(made.labels.get(kServiceName));
  metrics_.of_service(service, made.body.size(), made.samples);
  auto profile = std::make_shared<pipeline::Profile>();
  profile->labels = std::move(made.labels);
  profile->body = share(std::move(made.body));
  profile->taken_unix_ns = options_.loop->unix_ns();
  profile->checked = true;
  const pipeline::Answer answer = outlets_.offer(profile);
  if (answer.held()) options_.tap.made(profile);
  if (answer.accepted()) return;
  metrics_.dropped.add();
  if (refusal_.empty()) refusal_ = answer.reason;
}

// It is taken out of the kernel by a worker, since that waits for the programs that run.
void Profiler::drop_engine() {
  unwatch();
  interval_.cancel();
  wants_poll_ = wants_collect_ = wants_settings_ = false;
  status_ = {};
  busy_ = true;
  pool_.run(
      [engine = std::exchange(engine_, nullptr)]() mutable {
        engine.reset();
        return 0;
      },
      alive_.bind([this](int) {
        busy_ = false;
        next();
      }));
}

void Profiler::stop(async::Task done) {
  running_ = false;
  unwatch();
  interval_.cancel();
  retry_.cancel();
  alive_.end();
  if (!engine_) return done();
  engine_->give_up();
  pool_.run(
      [engine = std::exchange(engine_, nullptr)]() mutable {
        engine.reset();
        return 0;
      },
      [done = std::move(done)](int) mutable { done(); });
}

std::vector<component::Problem> Profiler::problems(component::Severity at_least) const {
  using component::Severity;
  std::vector<component::Problem> out;
  if (failure_)
    out.push_back({.severity = Severity::kFailing,
                   .what = {},
                   .sentence = failure_->message,
                   .since_unix_ns = failing_since_unix_ns_});
  if (at_least == Severity::kFailing) return out;
  for (const std::string& target : index_ ? index_->useless() : std::vector<std::string>())
    out.push_back({.severity = Severity::kDegraded,
                   .what = target,
                   .sentence = "the target names neither a process (__process_pid__) nor a container"});
  if (!refusal_.empty())
    out.push_back({.severity = Severity::kDegraded,
                   .what = {},
                   .sentence = "profiles were taken, but not accepted downstream: " + refusal_});
  if (engine_)
    for (std::string& sentence : shortcomings(status_))
      out.push_back({.severity = Severity::kDegraded, .what = {}, .sentence = std::move(sentence)});
  return out;
}

component::BodyValue Profiler::debug_info() const {
  return status_body(arguments_, engine_ != nullptr, status_);
}

}  // namespace invar::components::pyroscope_ebpf
