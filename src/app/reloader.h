// Reloader: reads the configuration again, off the loop, and has it applied; remembers what came of it.
// One reading at a time: who asks while one is under way gets the answer of the next, which sees what the file has by then.
// Threads:  loop thread only; the disk is read on the pool. Lifetime: what `Environment` points to outlives this.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/config_files.h"
#include "async/loop.h"
#include "async/worker_pool.h"
#include "base/log.h"
#include "fs/filesystem.h"

namespace invar::app {

class Reloader {
 public:
  // "" when the new configuration was applied whole, else the text for the log and the HTTP reply.
  using Done = std::function<void(const std::string& error)>;

  struct Outcome {
    std::string error;            // "" when the running configuration is the file's
    bool applied = false;         // in spite of the error: but for the components that it concerns
    UnixNanos since_unix_ns = 0;  // of the first reload that went wrong since one went well
  };

  using Applied = std::move_only_function<void(Outcome)>;

  struct Environment {
    async::Loop* loop = nullptr;
    async::WorkerPool* disk_pool = nullptr;
    std::shared_ptr<fs::FileSystem> files;
    std::string config_path;
    // Answers with its error and whether it was applied, at once or later.
    std::function<void(const Result<ConfigFiles>&, Applied)> apply;
  };
  explicit Reloader(Environment environment) : env_(std::move(environment)) {}

  void reload(log::Logger logger, Done done);
  // From now on nothing is applied any more; whoever asks is told.
  void close() { closed_ = true; }
  [[nodiscard]] const Outcome& last() const { return last_; }

 private:
  struct Request {
    log::Logger logger;
    Done done;
  };
  void read();
  void take(const Result<ConfigFiles>& config);
  void answer();

  const Environment env_;
  std::vector<Request> asked_;    // since the reading under way began
  std::vector<Request> reading_;  // whom that answers; not empty while one is under way
  Outcome last_;
  bool closed_ = false;
  async::Alive alive_;
};

}  // namespace invar::app
