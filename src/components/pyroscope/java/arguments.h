// Arguments of pyroscope.java. Defaults are the members' initialisers.
// Threads: any; values.   Source: pyroscope-java.md 2.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "component/target.h"
#include "pipeline/profile.h"
#include "syntax/schema.h"

namespace invar::components::pyroscope_java {

struct ProfilingConfig {
  Duration interval = std::chrono::seconds(60);
  std::int64_t sample_rate = 100;
  bool cpu = true;
  std::string event = "itimer";
  bool per_thread = false;
  bool span_labels = false;
  std::string alloc = "512k";
  bool tlab = false;
  std::string lock = "10ms";
  std::string log_level = "INFO";
  bool quiet = false;
  std::vector<std::string> custom_arguments;
  bool operator==(const ProfilingConfig&) const = default;
};

struct Arguments {
  component::Targets targets;
  std::vector<pipeline::ReceiverPtr> forward_to;
  std::string tmp_dir = "/tmp";
  std::string dist;
  bool scope_labels = false;
  ProfilingConfig profiling;
  bool operator==(const Arguments&) const = default;
};

const syntax::Schema& arguments_schema();

}  // namespace invar::components::pyroscope_java
