// GroupPublisher: the sink of a discovery component. The first result is exported at once; later ones at most every
// kExportInterval, or kSmallChangeInterval when only some targets changed; a set that is the same as the last is not exported.
// Through failures, and until another discoverer knows better, the last good set stands.
// Health: unhealthy while there is no connection, with the sentence why. A failure is logged when its sentence changes.
// Threads: loop thread only. Spec: discovery.md 2; decision 22.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "component/discovery.h"

namespace invar::component {

inline constexpr Duration kExportInterval = std::chrono::seconds(5);
inline constexpr Duration kSmallChangeInterval = std::chrono::seconds(1);
inline constexpr std::size_t kSmallChange = 16;  // targets that came and went

class GroupPublisher final : public GroupSink {
 public:
  explicit GroupPublisher(const Options& options);

  void replace(GroupStore all) override;
  void set(const std::string& source, Targets targets) override;
  void remove(std::string_view source) override;
  void failed(Error error) override;
  void works() override;
  void remark(std::string sentence) override;

  void flush();         // exports what waits: before an update, at stop
  void expect_first();  // the next result comes from a new discoverer and goes out at once

  [[nodiscard]] Health health() const { return {state_, health_message(), told_unix_ns_}; }
  [[nodiscard]] std::vector<Problem> problems(Severity at_least) const;
  // sources, targets, last_refresh and, after a failure, last_error.
  [[nodiscard]] BodyValue debug_info() const;

 private:
  void changed(std::size_t changes);
  void publish();
  void tell();
  [[nodiscard]] std::string health_message() const;

  async::Loop& loop_;
  log::Logger logger_;
  std::function<void(Boxed)> set_exports_;

  GroupStore store_;
  std::size_t changes_ = 0;                 // since the last export
  std::optional<std::uint64_t> published_;  // the fingerprint of the last export
  std::optional<async::TimePoint> last_;    // when; nothing yet: export at once
  async::Timer timer_;
  async::TimePoint due_;  // when it is armed

  UnixNanos refreshed_unix_ns_ = 0;
  std::string error_, remark_;
  UnixNanos troubled_unix_ns_ = 0;  // since when there is an error or a remark
  HealthState state_ = HealthState::kUnknown;
  UnixNanos told_unix_ns_;  // when anything was told last
};

// What every discovery component exports.
struct TargetExports {
  Targets targets;
  bool operator==(const TargetExports&) const = default;
};
const syntax::Schema& target_exports_schema();

}  // namespace invar::component
