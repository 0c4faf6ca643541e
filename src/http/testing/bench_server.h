// A plain epoll HTTP server in a child process: 50 KB for every GET, drains and answers every POST. It listens on all
// loopback addresses, so 127.0.0.1, 127.0.0.2 ... are as many hosts.
// With `hold_until`, nobody gets an answer before so many have asked: long requests, all at once.
// Lifetime: the child ends with the object (and with its parent).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace invar::http::testing {

class BenchServer {
 public:
  explicit BenchServer(std::size_t body_bytes, std::size_t hold_until = 0);
  ~BenchServer();
  BenchServer(const BenchServer&) = delete;
  BenchServer& operator=(const BenchServer&) = delete;
  // "http://127.0.3.7:40001": the n-th host.
  [[nodiscard]] std::string url(std::size_t host) const;

 private:
  pid_t child_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace invar::http::testing
