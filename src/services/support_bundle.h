// GET /-/support[?duration=N]: one archive with what somebody needs who shall find out what is wrong.
// Metrics before and after, logs and a CPU profile of the N seconds (1 to 30, default 30), memory, components,
// flags, environment, and the configuration without its secrets. One is collected at a time, others wait; a
// client that hangs up ends it. Nothing goes over HTTP to ourselves.
// Threads:  loop thread only; profiles, redaction and compression run on the pool.
// Errors:   400 for the duration, 403 when disabled, 503 when too many wait, 500 when the archive cannot be
//           made. A profile that cannot be taken is a text file in the archive that says why.
// Spec:     cli-http-ui.md 8.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/loop.h"
#include "async/worker_pool.h"
#include "base/log.h"
#include "component/view.h"
#include "selfprof/selfprof.h"
#include "services/redact.h"
#include "services/router.h"

namespace invar::services {

struct ConfigText {
  std::string path;
  std::string text;
  std::string entry = {};  // in the bundle; "": the last part of the path
};

// Where the profiles come from: selfprof::SelfProfiler, unless a test has something quicker.
struct ProfileSource {
  using Capture = selfprof::SelfProfiler::Capture;
  using Done = selfprof::SelfProfiler::Done;
  std::function<Result<std::unique_ptr<Capture>>(Duration, Done)> cpu;
  std::function<void(selfprof::Snapshot, Done)> snapshot;
};

struct SupportBundleHost {
  bool disabled = false;  // by --server.http.disable-support-bundle
  const component::ComponentDirectory* components = nullptr;
  std::function<std::string()> peers_json;
  std::function<std::string()> metrics;              // the text of /metrics
  std::function<std::vector<ConfigText>()> sources;  // of the last load whose parsing succeeded
  SchemaOf schema_of;                                // called on the pool
  std::vector<std::string> runtime_flags;            // name=value
  std::shared_ptr<log::Sink> sink;
  std::function<ProfileSource()> profiles;  // one for each bundle; empty: the real ones
};

// `loop`, `pool` and what `host` points to outlive the router.
void add_support_bundle(Router& router, async::Loop& loop, async::WorkerPool& pool, SupportBundleHost host);

}  // namespace invar::services
