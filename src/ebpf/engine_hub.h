// EngineHub: one engine for everybody in the program who asks the same of it, but for the rate: the highest is sampled for all. Who asks
// for something else (other names, off-CPU) has an engine of its own. What join() gives counts as an engine, whose end takes the shared one
// along when it was the last; a process may belong to several.
// Bounds:  stacks wait for their collect(), most_stack_bytes of them for each; further ones are counted as lost.
// Threads: any; blocks; calls of those that share an engine wait for each other.
// Source:  docs/behaviour/ebpf.md 7.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/error.h"
#include "ebpf/engine.h"

namespace invar::ebpf {

class SharedEngine;

class EngineHub {
 public:
  using Start = std::function<Result<std::unique_ptr<Source>>(const EngineSettings&, OwnerOf)>;

  explicit EngineHub(Start start) : start_(std::move(start)) {}
  Result<std::unique_ptr<Source>> join(const EngineSettings& settings, OwnerOf owner_of);

 private:
  const Start start_;
  std::mutex mutex_;
  std::vector<std::weak_ptr<SharedEngine>> engines_;
};

}  // namespace invar::ebpf
