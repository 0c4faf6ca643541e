// Discovery of the processes of this machine: all are read at every interval, and new ones half a second after the kernel tells of
// them, where its proc connector may be used (proc_events.h).
// Threads: loop thread only; /proc is read on the disk pool. Spec: discovery.md 10.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "component/poller.h"
#include "components/discovery/process/arguments.h"
#include "components/discovery/process/join.h"
#include "components/discovery/process/proc_events.h"

namespace invar::components::discovery_process {

class ProcessDiscoverer final : public component::PolledDiscoverer {
 public:
  // `proc`: "/proc", or a made-up one in tests, of whose changes nobody tells.
  ProcessDiscoverer(const component::Options& options, Arguments arguments, std::string proc = "/proc");

  bool adopt(const component::Boxed& arguments) override;  // other targets to join: nothing is read anew
  [[nodiscard]] component::BodyValue debug_info() const override;

 private:
  void refresh(Done done) override;
  void changed(ProcChanges changes);
  void read_changed();
  void take_changed(const std::set<int>& asked, Scan scan);
  [[nodiscard]] component::Groups groups() const;
  void tell(std::size_t refused);

  async::WorkerPool& pool_;
  Arguments arguments_;
  const std::string proc_;
  Join join_;
  std::map<int, Process> known_;
  bool complete_ = false;  // everything was read once

  std::set<int> changed_;
  bool reading_ = false;          // some of them, for which settle_ waits
  std::uint64_t full_reads_ = 0;  // what was read of some before the last of these is stale
  async::Timer settle_;
  std::string without_events_;  // why the kernel does not tell
  std::unique_ptr<ProcEvents> events_;
  async::Alive alive_;
};

Result<std::unique_ptr<component::Discoverer>> make_discoverer(const component::Options& options,
                                                               const Arguments& arguments);

}  // namespace invar::components::discovery_process
