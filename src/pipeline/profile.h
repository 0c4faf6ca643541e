// The contract between components that make profiles and components that take them.
//
// A Profile is immutable: one body with its labels, taken at one instant. A Receiver takes it and answers at
// once with what became of it; nothing downstream can hold up a scrape. From `kAccepted` on, exactly one
// place owns the profile until it is sent, stored, or counted as lost with a reason (pipeline/ledger.h).
// A sender that gives a receipt of its own (pyroscope.receive_http) asks with accept_kept() when the profile is safe.
// Threads: loop thread only.
// Lifetime: receivers are shared; a stopped component's receiver refuses with "component stopped".
// Source:  pyroscope-write.md 2; decisions 9, 11, 12, 15.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "labels/labels.h"

namespace invar::pipeline {

enum class BodyKind {
  kPprof,   // a pprof profile, gzip or plain: the Push path
  kIngest,  // an /ingest body of any format, passed through untouched
};

// What only an /ingest body carries.
struct IngestInfo {
  std::string path;                        // original request path, "/ingest"
  std::string query;                       // original raw query
  std::vector<std::string> content_types;  // as received, in order
};

struct Profile {
  Labels labels;  // all labels, hidden ones (__*) included
  SharedBytes body;
  BodyKind kind = BodyKind::kPprof;
  std::string id;                            // RawSample.ID as received; empty for scraped profiles
  UnixNanos taken_unix_ns = 0;               // when it was scraped or received; never 0
  std::shared_ptr<const IngestInfo> ingest;  // set iff kind is kIngest
  // A pprof body whose time_nanos is 0 or absent: a destination that needs the time adds taken_unix_ns. Whoever
  // has looked into the body sets it; servers would otherwise stamp the time of arrival.
  bool lacks_time = false;
  // A pprof body that somebody has looked into: it is one, has a positive value, and lacks_time is right. A destination
  // looks for itself at the others.
  bool checked = false;

  // The ledger's `profile` label: __name__, or "unknown".
  [[nodiscard]] std::string_view type() const;
};
using ProfilePtr = std::shared_ptr<const Profile>;

enum class Outcome {
  kAccepted,  // owned downstream from now on (a rule that dropped it on purpose counts as accepted too)
  kRefused,   // not taken; the sender still owns it and may offer it again
};

struct Answer {
  Outcome outcome = Outcome::kAccepted;
  std::string reason;  // for kRefused: one plain phrase, the ledger's `reason` values where one fits
  // For kRefused: because of what the profile is (its labels); no use in offering it again.
  bool permanent = false;
  bool partly = false;  // for kRefused by several receivers (fan_out): one of them accepted all the same
  [[nodiscard]] bool accepted() const { return outcome == Outcome::kAccepted; }
  [[nodiscard]] bool held() const { return accepted() || partly; }  // somebody owns it from now on
};

// Runs exactly once, on the loop, at once or later.
using Kept = std::function<void(const Answer&)>;

class Receiver {
 public:
  virtual ~Receiver() = default;
  virtual Answer accept(const ProfilePtr& profile) = 0;
  // accept() with a later answer: `kept` hears kAccepted when the profile is as safe as this receiver promises
  // (in the queue; on disk where pyroscope.write says sync = "always"), kRefused when it will not be, also
  // because the component stops. Waits for nothing else: not for the server. Here: what accept() promises.
  virtual void accept_kept(const ProfilePtr& profile, Kept kept) { kept(accept(profile)); }
  [[nodiscard]] virtual std::string_view component_id() const = 0;  // for the graph and for messages
};
using ReceiverPtr = std::shared_ptr<Receiver>;

// Offers a profile to every receiver, in order; all are tried. kRefused when any refused, with the reasons
// joined by "; ", and permanent when every refusal is. A receiver that accepted keeps the profile even when
// another refused: then the answer is kRefused, partly.
Answer fan_out(const std::vector<ReceiverPtr>& receivers, const ProfilePtr& profile);
// The same with accept_kept(): `kept` runs when the last receiver has answered.
void fan_out_kept(const std::vector<ReceiverPtr>& receivers, const ProfilePtr& profile, Kept kept);

}  // namespace invar::pipeline
