// What pages ask of a component beyond its debug info: tables that are too long to be made in one turn of the loop, and rules.
// Threads: loop thread only. Source: web-api.md 3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "component/target.h"
#include "labels/labels.h"
#include "labels/relabel.h"

namespace invar::component {

enum class TargetState { kFailing, kLate, kWaiting, kOk, kLeftOut };

// One job: a target and a profile type. Cheap to copy.
struct TargetRow {
  std::string id;  // within the component, the same after a restart
  Labels labels;
  std::string type;
  TargetState state = TargetState::kWaiting;
  UnixNanos last_unix_ns = 0;  // start of the last scrape; 0: none yet
  Duration took{};
  std::uint64_t bytes = 0, samples = 0;
  std::string cause, text;      // of a failure: a word, and a sentence
  UnixNanos since_unix_ns = 0;  // of the failure
  Duration interval{};
};

struct ScrapeRecord {
  UnixNanos started_unix_ns = 0;
  Duration took{};
  std::uint64_t bytes = 0, samples = 0;
  std::string outcome;  // "ok", or the word of the cause
};
struct FailedAnswer {
  UnixNanos at_unix_ns = 0;
  int status = 0;
  std::string content_type, head;
};
struct TargetDetail {
  TargetRow row;
  std::string url;
  UnixNanos next_unix_ns = 0;
  std::vector<ScrapeRecord> scrapes;  // newest first
  std::optional<FailedAnswer> answer;
};

// The jobs of a component that scrapes.
class ScrapedTargets {
 public:
  virtual ~ScrapedTargets() = default;
  [[nodiscard]] virtual std::size_t count() const = 0;
  struct Totals {
    std::uint64_t scrapes = 0, failed = 0;  // since the component was made
    std::uint64_t failing = 0;              // jobs, now
  };
  [[nodiscard]] virtual Totals totals() const = 0;
  // Adds rows and answers where to go on; 0: that was all. Begin with 0. A turn adds about `most`. Rows may be missing or come twice
  // when jobs come and go in between.
  virtual std::size_t rows(std::size_t from, std::size_t most, std::vector<TargetRow>& out) const = 0;
  [[nodiscard]] virtual std::optional<TargetDetail> detail(std::string_view id) const = 0;
  enum class Asked { kBegun, kBusy, kUnknown };
  virtual Asked scrape_now(std::string_view id) = 0;
};

// What relabel rules work on at present.
struct Relabeling {
  Targets targets;
  std::vector<relabel::RuleConfig> rules;
};

// Where profiles go to: an endpoint of pyroscope.write, the folder of pyroscope.fsdump.
struct OutletView {
  bool is_archive = false;
  std::string url;  // without a password; of an archive its folder
  std::string name;
  std::string state;   // in words
  bool waits = false;  // something keeps it from delivering for now
  std::uint64_t queued = 0, queued_bytes = 0, disk_bytes = 0, in_flight = 0, in_flight_limit = 0;
  std::optional<Duration> oldest, max_age;
  std::string last_error;
  UnixNanos last_error_unix_ns = 0;
};

}  // namespace invar::component
