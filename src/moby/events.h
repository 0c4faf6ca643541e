// Events: calls back when the daemon tells that containers, networks, services, tasks or nodes changed. A burst is one call. Where
// there is no stream of events (a proxy that forbids it) it is tried again every half minute.
// Threads: loop thread only. Lifetime: within that of its Client. Spec: discovery.md 8.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "async/loop.h"
#include "moby/client.h"

namespace invar::moby {

// Whether one event (a JSON object) may change what discovery sees: most of a busy daemon's events are commands run in containers.
bool matters(std::string_view event);

class Events {
 public:
  // Also called when the stream begins, as something may have changed before.
  Events(async::Loop& loop, Client& client, std::function<void()> on_change);

  void start();
  // "told by the daemon", or why not.
  [[nodiscard]] std::string state() const;

 private:
  void read(std::string_view part);
  void ended(std::expected<http::Response, http::Failure> answer);
  void changed();

  Client& client_;
  std::function<void()> on_change_;
  std::string line_;  // an event of which the end has not come yet
  std::string problem_ = "not connected yet";
  std::unique_ptr<http::Call> call_;
  async::Timer again_;
  async::Timer settle_;
  async::Alive alive_;
};

}  // namespace invar::moby
