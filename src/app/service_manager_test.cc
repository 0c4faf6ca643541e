#include "app/service_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <map>

#include "async/testing/test_loop.h"

namespace invar::app {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// The manager's end: an abstract socket.
class Socket {
 public:
  Socket()
      : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
        name_("@invar-notify-" + std::to_string(getpid())) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name_.copy(address.sun_path, name_.size());
    address.sun_path[0] = '\0';
    bind(fd_, reinterpret_cast<const sockaddr*>(&address),
         static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size()));
  }
  ~Socket() { close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  std::vector<std::string> take() {
    std::vector<std::string> messages;
    char buffer[512];
    for (ssize_t n; (n = recv(fd_, buffer, sizeof buffer, 0)) >= 0;)
      messages.emplace_back(buffer, static_cast<std::size_t>(n));
    return messages;
  }

 private:
  int fd_;
  std::string name_;
};

ServiceManager::Variable environment(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? "" : found->second;
  };
}

class ServiceManagerTest : public ::testing::Test {
 protected:
  Socket socket_;
  async::testing::TestLoop loop_;
};

TEST_F(ServiceManagerTest, TellsTheLifeOfTheService) {
  ServiceManager manager(loop_, environment({{"NOTIFY_SOCKET", socket_.name()}}));
  manager.ready("3 components");
  manager.reloading();
  manager.ready("4 components");
  manager.stopping();
  EXPECT_THAT(socket_.take(),
              ElementsAre("READY=1\nSTATUS=3 components\n", StartsWith("RELOADING=1\nMONOTONIC_USEC="),
                          "READY=1\nSTATUS=4 components\n", "STOPPING=1\n"));
}

TEST_F(ServiceManagerTest, ShowsTwiceInTheWatchdogsTimeThatTheLoopRuns) {
  ServiceManager manager(loop_,
                         environment({{"NOTIFY_SOCKET", socket_.name()}, {"WATCHDOG_USEC", "30000000"}}));
  EXPECT_THAT(socket_.take(), ElementsAre("WATCHDOG=1\n"));
  loop_.advance(seconds(14));
  EXPECT_THAT(socket_.take(), IsEmpty());
  loop_.advance(seconds(1));
  EXPECT_THAT(socket_.take(), ElementsAre("WATCHDOG=1\n"));
}

TEST_F(ServiceManagerTest, LeavesTheWatchdogOfAnotherProcessAlone) {
  ServiceManager manager(
      loop_,
      environment({{"NOTIFY_SOCKET", socket_.name()}, {"WATCHDOG_USEC", "30000000"}, {"WATCHDOG_PID", "1"}}));
  loop_.advance(seconds(60));
  EXPECT_THAT(socket_.take(), IsEmpty());
}

TEST_F(ServiceManagerTest, IsSilentWithoutASocketItCanUse) {
  for (const std::string& name :
       {std::string(), std::string("@"), std::string("relative"), "/" + std::string(200, 'x')}) {
    ServiceManager manager(loop_, environment({{"NOTIFY_SOCKET", name}, {"WATCHDOG_USEC", "1000000"}}));
    manager.ready("");
    EXPECT_EQ(loop_.pending_timers(), 0U) << name;
  }
}

}  // namespace
}  // namespace invar::app
