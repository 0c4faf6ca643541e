// Replays: what an archive holds, sent once more through a running component. GET and POST replays, GET and DELETE replays/{id}.
//
// Files are read on the disk pool, some at a time, oldest first, and offered to the component's receiver. While much waits in its queues
// nothing more is read: a replay must not push live profiles out. It ends when the receiver refuses for good or is gone.
// Bounds:  kMostRunning at a time, kMostKept are remembered. Threads: loop thread only.
// Lifetime: what `host` points to outlives it. Source: web-api.md 8.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "webapi/host.h"
#include "webapi/reply.h"
#include "webapi/routes.h"

namespace invar::json {
class Writer;
}

namespace invar::webapi {

struct ProfileChoice;

class Replays {
 public:
  static constexpr std::size_t kMostRunning = 2, kMostKept = 20, kAtOnce = 8;
  static constexpr std::uint64_t kMuchWaiting = 500;  // profiles in the queues of the component
  static constexpr Duration kLookAgain = std::chrono::milliseconds(200);

  Replays(const ApiHost& host, const Replies& replies);
  ~Replays();
  void add_to(Routes& routes);
  [[nodiscard]] std::string list_json() const;

 private:
  struct Replay;
  using ReplayPtr = std::shared_ptr<Replay>;
  struct Wish;

  void begin(const http::ServerRequest& request, const http::ResponderPtr& responder);
  void one(const http::ServerRequest& request, const http::ResponderPtr& responder, std::string_view id);
  void found(const ReplayPtr& replay, std::vector<std::string> names);
  void pump(const ReplayPtr& replay);
  void offer(const ReplayPtr& replay, const pipeline::ProfilePtr& profile);
  void ended(const ReplayPtr& replay, std::string_view state, std::string text);
  [[nodiscard]] std::uint64_t waiting(const Replay& replay) const;
  [[nodiscard]] std::string replay_json(const Replay& replay) const;
  void write(json::Writer& out, const Replay& replay) const;

  const ApiHost& host_;
  const Replies& replies_;
  std::deque<ReplayPtr> replays_;  // the latest first
  std::uint64_t last_id_ = 0;
  async::Alive alive_;
};

}  // namespace invar::webapi
