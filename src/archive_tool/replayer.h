// Replayer: reads the files of a Source on the worker pool and hands them to a sender, in order, some at a time.
//
//   file -> pool: read, restore -> (rate) -> send -> ended: sent | refused | not delivered
//
// What was sent or refused is done; the rest stands in no state and is sent by the next run. After the first profile
// that could not be delivered nothing new is begun.
// Threads: loop thread only. Lifetime: the Source outlives it and the pool's work.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <set>
#include <string>

#include "archive_tool/replay_state.h"
#include "archive_tool/selection.h"
#include "async/loop.h"
#include "async/worker_pool.h"
#include "pipeline/profile.h"

namespace invar::archive_tool {

enum class ReplayEnd { kSent, kRefused, kNotDelivered };

class Replayer {
 public:
  using Ended = std::function<void(ReplayEnd end, std::string error)>;  // once, also from within Send
  struct Settings {
    double per_second = 0;  // 0: as fast as it goes
    std::size_t at_once = 64;
  };
  struct Events {
    std::function<void(pipeline::ProfilePtr profile, Ended ended)> send;
    std::function<void(std::string problem)> problem;  // a file could not be read or was not sent; names it
    std::function<void()> finished;  // posted, once: all is done, or stopped and nothing under way
  };
  struct Progress {
    std::size_t files = 0, gone_through = 0;  // of all, those of earlier runs included
    std::uint64_t sent = 0, refused = 0, not_delivered = 0, unreadable = 0, bytes = 0;
    bool complete = false;  // every file was gone through and none is left over
  };

  Replayer(async::Loop& loop, async::WorkerPool& pool, const Source& source, Settings settings,
           ReplayState resume, Events events);

  void start() { pump(); }
  void stop();  // begins nothing more
  [[nodiscard]] Progress progress() const;
  [[nodiscard]] ReplayState state() const;
  [[nodiscard]] std::size_t under_way() const { return active_; }

 private:
  struct Read {
    std::string path;
    pipeline::ProfilePtr profile;  // null: not selected
    std::string error;
  };
  static Read read(const Source& source, std::size_t file, Duration shift);
  void pump();
  void on_read(std::size_t file, Read read);
  void send(std::size_t file, const std::string& path, pipeline::ProfilePtr profile);
  void done(std::size_t file, const std::string& path);
  void leave();
  void check_finished();

  async::Loop& loop_;
  async::WorkerPool& pool_;
  const Source& source_;
  const Settings settings_;
  const Events events_;
  ReplayState state_;
  Progress progress_;
  std::size_t next_ = 0, low_ = 0;     // low_: all before are done
  std::set<std::size_t> done_behind_;  // >= low_
  std::size_t active_ = 0;             // being read, waiting for the rate, or being sent
  std::deque<std::pair<std::size_t, Read>> ready_;
  async::TimePoint next_send_{};
  bool stopping_ = false, finished_ = false;
  async::Timer rate_timer_;
  async::Alive alive_;
};

// `from` and `until` of an /ingest query moved by `shift`, in the unit in which each is written.
std::string shift_query(std::string_view query, Duration shift);

}  // namespace invar::archive_tool
