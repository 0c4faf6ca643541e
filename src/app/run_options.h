// What `invar run` was told on its command line, after the texts were checked.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "app/cluster_options.h"
#include "base/time.h"
#include "pipeline/recent.h"
#include "syntax/evaluator.h"

namespace invar::app {

struct RunOptions {
  std::string config_path;
  std::string listen_address = "127.0.0.1:12345";
  std::string memory_address = "invar.internal:12345";
  std::string ui_path_prefix = "/";
  bool enable_pprof = true;
  bool disable_support_bundle = false;
  std::uint64_t recent_profiles_bytes = pipeline::RecentProfiles::kDefaultBytes;
  std::string storage_path = "data-invar/";
  syntax::Stability min_stability = syntax::Stability::kExperimental;
  Duration shutdown_deadline = std::chrono::minutes(10);
  bool skip_other_pipelines = false;
  ClusterOptions cluster;
  std::vector<std::string> flags;  // every flag of `run` as name=value, for the support bundle
};

// Runs until SIGINT or SIGTERM; returns the exit status.
int run(const RunOptions& options);

}  // namespace invar::app
