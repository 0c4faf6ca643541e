// JvmLoop: the rounds of one process: begin, turn after turn, end; with a look again after a trouble.
//
// The next round runs before the one that ended is read, converted or delivered. At most one call of the driver is under way; settings
// and labels that change count from the next round.
// Threads: loop thread.   Lifetime: end() first, and destroyed after its `ended`, or at once when nobody waits.
// Source:  pyroscope-java.md 6.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "async/loop.h"
#include "async/worker_pool.h"
#include "base/log.h"
#include "component/target.h"
#include "components/pyroscope/java/conversions.h"
#include "components/pyroscope/java/java_metrics.h"
#include "java/session.h"
#include "labels/labels.h"
#include "pipeline/profile.h"
#include "pipeline/tap.h"

namespace invar::components::pyroscope_java {

// What all loops of a component share, and what may change under them.
struct Context {
  async::Loop* loop = nullptr;
  log::Logger logger;
  std::shared_ptr<java::Driver> driver;
  std::function<async::WorkerPool&()> attach_pool;
  std::function<std::uint64_t()> random;
  Conversions* conversions = nullptr;
  JavaMetrics* metrics = nullptr;
  java::Plan plan;  // `random` and `now` are filled in for each call
  jfr::ConvertOptions convert;
  std::vector<pipeline::ReceiverPtr> receivers;
  pipeline::Tap tap;
};

enum class JvmState { kWaiting, kRecording, kTrouble };
std::string_view to_string(JvmState state);

struct JvmStatus {
  JvmState state = JvmState::kWaiting;
  std::optional<java::Trouble> trouble;  // until a round is good again
  UnixNanos trouble_since_unix_ns = 0;
  java::SessionInfo info;
  UnixNanos last_profiled_unix_ns = 0;
  std::uint64_t total_bytes = 0, total_samples = 0;
  std::map<std::string, std::uint64_t> last_bytes;  // by type
  Duration last_gap{}, last_conversion{};
};

class JvmLoop {
 public:
  JvmLoop(Context& context, int pid, component::Target target, Labels labels);

  void start(Duration phase);
  void set_target(component::Target target, Labels labels);
  void interval_changed();
  // Ends a recording that runs, delivers what it holds, then calls `ended`.
  void end(std::function<void()> ended);

  [[nodiscard]] int pid() const { return pid_; }
  [[nodiscard]] const component::Target& target() const { return target_; }
  [[nodiscard]] const Labels& labels() const { return labels_; }
  [[nodiscard]] const JvmStatus& status() const { return status_; }

 private:
  void begin();
  void on_begun(java::Outcome<java::Begun> begun);
  void turn();
  void on_turned(java::Turn turned);
  void on_round(const java::Outcome<std::string>& recording);
  void finish();
  void arm_turn();
  void note_trouble(const java::Trouble& trouble);
  void look_again();
  void convert(std::string recording);
  void deliver(Result<Converted> converted, const Labels& labels);
  void note_gap(const Converted& converted);
  void end_if_idle();
  [[nodiscard]] java::Plan plan();
  template <class Work, class Done>
  void call(Work work, Done done);

  Context& context_;
  const int pid_;
  component::Target target_;
  Labels labels_;
  JvmStatus status_;

  std::shared_ptr<java::Session> session_;
  async::TimePoint round_began_{};
  UnixNanos recorded_until_ = 0;
  unsigned failures_ = 0;
  bool calling_ = false;  // the driver
  std::size_t converting_ = 0;
  std::function<void()> ended_;
  async::Timer timer_;
  async::Alive alive_;  // last
};

}  // namespace invar::components::pyroscope_java
