#include "app/service_manager.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "base/strings.h"

namespace invar::app {

ServiceManager::ServiceManager(async::Loop& loop, const Variable& variable)
    : loop_(&loop), socket_(variable("NOTIFY_SOCKET")), alive_timer_(loop) {
  const bool usable = socket_.size() > 1 && socket_.size() < sizeof(sockaddr_un::sun_path) &&
                      (socket_[0] == '/' || socket_[0] == '@');
  if (!usable) return;
  fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const std::string pid = variable("WATCHDOG_PID");
  if (!pid.empty() && pid != std::to_string(getpid())) return;
  if (const auto micros = parse_uint(variable("WATCHDOG_USEC")); micros && *micros > 0) {
    alive_every_ = std::chrono::microseconds(*micros) / 2;
    show_alive();
  }
}

ServiceManager::~ServiceManager() {
  if (fd_ >= 0) close(fd_);
}

void ServiceManager::ready(std::string_view status) {
  send(fmt::format("READY=1\nSTATUS={}\n", status));
}

void ServiceManager::reloading() {
  send(fmt::format(
      "RELOADING=1\nMONOTONIC_USEC={}\n",
      std::chrono::duration_cast<std::chrono::microseconds>(loop_->now().time_since_epoch()).count()));
}

void ServiceManager::stopping() {
  send("STOPPING=1\n");
}

void ServiceManager::show_alive() {
  send("WATCHDOG=1\n");
  alive_timer_.arm_after(alive_every_, [this] { show_alive(); });
}

void ServiceManager::send(std::string_view message) const {
  if (fd_ < 0) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_[0] == '@') address.sun_path[0] = '\0';
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  sendto(fd_, message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
         length);
}

}  // namespace invar::app
