// Arguments of pyroscope.write as the user writes them, with their schema and checks. Defaults are the members' initialisers.
// Errors: what would fail at every push (a url that is none, a negative time) fails at the load, with its place.
// Threads: any; values.
// Source: pyroscope-write.md 1.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "component/receiver.h"
#include "http/client.h"
#include "syntax/schema.h"

namespace invar::components::pyroscope_write {

struct EndpointArguments {
  std::string name;
  std::string url;
  Duration remote_timeout = std::chrono::seconds(10);
  std::map<std::string, std::string> headers;
  http::ClientConfig client;
  Duration min_backoff_period = std::chrono::milliseconds(500);
  Duration max_backoff_period = std::chrono::minutes(5);
  std::int64_t max_backoff_retries = 10;
  bool retry_on_http_429 = true;
  Duration debug_info_upload_timeout = std::chrono::minutes(2);
  std::int64_t max_profile_bytes = 0;
  bool operator==(const EndpointArguments&) const = default;
};

struct QueueArguments {
  std::int64_t max_memory_bytes = std::int64_t{64} << 20;
  std::int64_t max_disk_bytes = std::int64_t{1} << 30;
  Duration max_age = std::chrono::hours(1);
  Duration flush_timeout = std::chrono::milliseconds(1500);
  std::string on_retries_exhausted = "drop";
  std::string sync = "spill";
  bool operator==(const QueueArguments&) const = default;
};

struct TracingArguments {
  bool jaeger_propagator = true;
  bool trace_context_propagator = true;
  bool operator==(const TracingArguments&) const = default;
};

struct Arguments {
  std::map<std::string, std::string> external_labels;
  std::vector<EndpointArguments> endpoints;
  QueueArguments queue;
  TracingArguments tracing;
  bool operator==(const Arguments&) const = default;
};

const syntax::Schema& arguments_schema();

}  // namespace invar::components::pyroscope_write
