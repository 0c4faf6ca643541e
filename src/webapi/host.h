// What the API is about: given by the daemon. Everything outlives the routes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/loop.h"
#include "async/worker_pool.h"
#include "component/problem.h"
#include "component/view.h"
#include "fs/filesystem.h"
#include "pipeline/recent.h"
#include "services/redact.h"
#include "syntax/diagnostics.h"

namespace invar::webapi {

struct Member {  // of a cluster
  std::string name, address, state;
  bool is_self = false;
};
struct ClusterState {
  bool enabled = false;
  std::vector<Member> members;
  std::vector<component::Problem> problems;
};

struct RemoteConfiguration {
  bool enabled = false;
  std::string url, id, hash;                        // the URL without a password
  bool running = false;                             // a text of it
  bool from_cache = false;                          // that text is the copy on disk
  bool unanswered = false;                          // the last question
  std::string error;                                // of the question, or of the last text
  UnixNanos loaded_unix_ns = 0, asked_unix_ns = 0;  // 0: not yet
};

struct LoadedConfig {
  std::string path;  // as given on the command line
  UnixNanos loaded_unix_ns = 0;
  bool applied = true;
  std::string error;  // of the last load
  struct File {
    std::string path, text;
  };
  std::vector<File> files;
  std::vector<syntax::Diagnostic> diagnostics;
  // What keeps running when the last load was refused; otherwise the files do.
  std::vector<File> kept_files;
  UnixNanos kept_loaded_unix_ns = 0;

  [[nodiscard]] const std::vector<File>& running_files() const { return applied ? files : kept_files; }
};

struct ApiHost {
  async::Loop* loop = nullptr;
  async::WorkerPool* pool = nullptr;
  async::WorkerPool* disk_pool = nullptr;
  std::shared_ptr<fs::FileSystem> files;
  const component::ComponentDirectory* components = nullptr;
  pipeline::RecentProfiles* recent = nullptr;
  std::function<LoadedConfig()> config;
  services::SchemaOf schema_of;  // called on the pool
  std::function<ClusterState()> cluster;
  std::function<RemoteConfiguration()> remote;
  std::string storage_path;  // of the history; not created
  std::string instance;      // the name of this machine
  UnixNanos started_unix_ns = 0;
};

}  // namespace invar::webapi
