// ServiceManager: tells systemd, or whoever set NOTIFY_SOCKET, how the service is: ready, reloading, stopping, alive.
// Protocol: one datagram a message, `KEY=VALUE` lines (man 3 sd_notify; cli-http-ui.md 4.1). WATCHDOG_USEC asks for a sign of life, sent twice in
//           that time by the loop itself: a loop that hangs is silent.
// Errors:   a message that cannot be sent is dropped; the service runs without.
// Threads:  loop thread only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "async/loop.h"

namespace invar::app {

class ServiceManager {
 public:
  // `variable` reads the environment: "" for an unset one.
  using Variable = std::function<std::string(const char* name)>;

  // Without NOTIFY_SOCKET every call does nothing.
  ServiceManager(async::Loop& loop, const Variable& variable);
  ~ServiceManager();
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  void ready(std::string_view status);  // after the start, and after each reload
  void reloading();
  void stopping();

 private:
  void send(std::string_view message) const;
  void show_alive();

  async::Loop* loop_;
  std::string socket_;  // a path, or `@name` of an abstract socket
  int fd_ = -1;
  Duration alive_every_{};
  async::Timer alive_timer_;
};

}  // namespace invar::app
