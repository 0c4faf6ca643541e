// PlainPeer: a scripted TCP server for answers that no real server gives: cut, slow, endless, nonsense.
// For every connection the script gets what was received so far and says what to send next.
// Threads: runs on the harness's loop. Lifetime: dropped before the loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "async/loop.h"
#include "base/unique_fd.h"

namespace invar::http::testing {

class PlainPeer {
 public:
  struct Step {
    std::string send;
    bool close = false;
  };
  using Script = std::function<Step(const std::string& received)>;

  // With a path: on that Unix socket.
  PlainPeer(async::Loop& loop, Script script, const std::string& socket_path = "");
  ~PlainPeer();
  PlainPeer(const PlainPeer&) = delete;
  PlainPeer& operator=(const PlainPeer&) = delete;
  [[nodiscard]] std::string address() const { return address_; }
  [[nodiscard]] std::string url(const std::string& path = "/") const { return "http://" + address_ + path; }
  [[nodiscard]] int connections() const { return accepted_; }
  [[nodiscard]] std::size_t open_connections() const { return peers_.size(); }
  // Sends on every open connection, as an endless server would.
  void push(std::string_view bytes);

 private:
  struct Peer {
    UniqueFd fd;
    async::Loop::WatchId watch = 0;
    std::string received;
  };
  UniqueFd listen_on_loopback();
  void accept();
  void serve(int fd);
  void drop(int fd);

  async::Loop& loop_;
  Script script_;
  UniqueFd listener_;
  async::Loop::WatchId watch_ = 0;
  std::string address_;
  int accepted_ = 0;
  std::map<int, Peer> peers_;
};

// The usual one: answers every complete request head with the same bytes.
PlainPeer::Script answer_with(std::string bytes, bool close = false);

}  // namespace invar::http::testing
