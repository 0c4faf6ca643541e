// ProcEvents: the kernel's proc connector, which tells of processes that start, become another program, change their user or end.
// Threads: loop thread only; nothing blocks. Needs CAP_NET_ADMIN and the host's PID, user and network namespaces.
// Errors: from open(), with what is missing. Spec: discovery.md 10; decision 21.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "async/loop.h"
#include "base/error.h"
#include "base/unique_fd.h"

namespace invar::components::discovery_process {

struct ProcChanges {
  std::vector<int> pids;  // to be read again: they are new, other, or gone
  bool lost = false;      // the kernel dropped events: everything may have changed
};

// Reads one datagram. Threads do not count as processes. Pure.
void read_proc_message(std::string_view message, ProcChanges& changes);

class ProcEvents {
 public:
  using OnChange = std::function<void(ProcChanges)>;

  static Result<std::unique_ptr<ProcEvents>> open(async::Loop& loop, OnChange on_change);
  ~ProcEvents();

 private:
  ProcEvents(async::Loop& loop, UniqueFd fd, OnChange on_change);
  void readable();

  async::Loop& loop_;
  UniqueFd fd_;
  OnChange on_change_;
  async::Loop::WatchId watch_;
};

}  // namespace invar::components::discovery_process
