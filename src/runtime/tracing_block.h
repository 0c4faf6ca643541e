// The `tracing` block: read and checked, so that files which have one load; Invar sends no traces. Spec:
// runtime.md 12.2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "runtime/controller.h"
#include "runtime/logging_block.h"
#include "syntax/schema.h"

namespace invar::runtime {

struct JaegerRemoteSampler {
  std::string url = "http://127.0.0.1:5778/sampling";
  std::int64_t max_operations = 256;
  Duration refresh_interval = std::chrono::minutes(1);
  bool operator==(const JaegerRemoteSampler&) const = default;
};
struct TracingSampler {
  std::optional<JaegerRemoteSampler> jaeger_remote;
  bool operator==(const TracingSampler&) const = default;
};
struct TracingArguments {
  double sampling_fraction = 0.1;
  NoReceivers write_to;
  bool send_traceparent = false;
  std::optional<TracingSampler> sampler;
  bool operator==(const TracingArguments&) const = default;
};
const syntax::Schema& tracing_schema();

ConfigBlock tracing_block();

}  // namespace invar::runtime
