// Signals delivered as loop tasks (signalfd underneath).
// A second SIGINT or SIGTERM while the first is being handled kills the process with the default action.
#pragma once

#include <functional>
#include <memory>

#include "async/loop.h"

namespace invar::async {

class SignalWatcher {
 public:
  virtual ~SignalWatcher() = default;
};

// Blocks SIGINT, SIGTERM and SIGHUP in the calling thread: create it on the main thread before any other thread starts.
std::unique_ptr<SignalWatcher> watch_signals(Loop& loop, std::function<void(int signo)> on_signal);

}  // namespace invar::async
