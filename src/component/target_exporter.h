// TargetExporter: between a discoverer, which may change its mind often, and the components that follow its
// `targets`. The first set is published at once, later ones at most every kExportInterval; a set with the
// same targets as the last one, in whatever order, is not published. Until something new is delivered the
// last set stands. Threads: loop thread only. Spec: discovery.md 2.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "async/loop.h"
#include "component/target.h"
#include "syntax/schema.h"

namespace invar::component {

inline constexpr Duration kExportInterval = std::chrono::seconds(5);

class TargetExporter {
 public:
  using Publish = std::function<void(const Targets&)>;
  TargetExporter(async::Loop& loop, Publish publish);

  void set(Targets targets);
  void flush();         // publishes what waits: before an update, at stop
  void expect_first();  // the next set comes from a new discoverer and goes out at once
  [[nodiscard]] std::size_t size() const { return latest_.size(); }

 private:
  void publish();

  Publish publish_;
  async::Loop& loop_;
  Targets latest_;
  std::vector<std::uint64_t> published_;  // fingerprints of the targets last published, sorted
  std::optional<async::TimePoint> last_;  // when; nothing yet: publish at once
  bool any_ = false;
  async::Timer timer_;
};

// What every discovery component exports.
struct TargetExports {
  Targets targets;
  bool operator==(const TargetExports&) const = default;
};
const syntax::Schema& target_exports_schema();

}  // namespace invar::component
