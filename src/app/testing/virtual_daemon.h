// VirtualDaemon: the whole daemon in virtual time, on a disk in memory and a network without sockets.
// Shape:    VirtualDaemon invar; ASSERT_EQ(invar.start("pyroscope.write ..."), ""); invar.loop.advance(15s);
//           invar.get("/metrics").body
// It notes every disk access that would have blocked the loop (off_loop.offences()); those of the start are not counted.
// Lifetime: the disk, the network and the clock outlive a daemon: stop() or kill(), then start() again, is a restart.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "app/daemon.h"
#include "async/testing/test_loop.h"
#include "fs/testing/fault_fs.h"
#include "fs/testing/memory_fs.h"
#include "fs/testing/off_loop_fs.h"
#include "http/testing/fake_network.h"
#include "http/testing/fake_transport.h"

namespace invar::app::testing {

class VirtualDaemon {
 public:
  static constexpr const char* kAddress = "127.0.0.1:12345";
  static constexpr const char* kConfigPath = "/etc/invar/config.alloy";

  VirtualDaemon();
  ~VirtualDaemon();

  // Writes and loads the configuration; "" when it runs, else the diagnostics or the error.
  std::string start(std::string_view config);
  std::string start();  // with the configuration that lies there
  // Orderly, with a minute for it; false when the daemon was not done by then.
  bool stop();
  void kill() { daemon_.reset(); }
  [[nodiscard]] bool running() const { return daemon_ != nullptr; }

  void write_file(const std::string& path, std::string_view text);  // with its folders
  // Over /-/reload; "" or what it says.
  std::string reload(std::string_view config);
  std::string reload();

  // A request to the daemon's own server; status 0 when it is not answered at once.
  http::ServerResponse get(std::string target);
  [[nodiscard]] const component::ComponentDirectory& components() const { return daemon_->components(); }

  RunOptions options;
  async::testing::TestLoop loop;
  async::testing::InlineWorkerPool pool{loop};
  async::testing::InlineWorkerPool disk_pool{loop};
  std::shared_ptr<fs::testing::MemoryFileSystem> disk;
  std::shared_ptr<fs::testing::FaultFileSystem> faults;
  std::shared_ptr<fs::testing::OffLoopFileSystem> off_loop;
  std::shared_ptr<http::testing::FakeTransport> http = std::make_shared<http::testing::FakeTransport>(loop);
  http::testing::FakeNetwork network;
  std::string log;

 private:
  std::unique_ptr<Daemon> daemon_;
};

}  // namespace invar::app::testing
