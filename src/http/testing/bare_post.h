// BarePost: libcurl's multi interface on one epoll, posting one body again and again, and nothing else: the least that any sender
// must cost. For benchmarks. Threads: one.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace invar::http::testing {

class BarePost {
 public:
  BarePost(std::string url, std::string body, std::size_t in_flight);
  ~BarePost();
  // Posts so many; every answer must be a 200.
  void run(std::size_t requests);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace invar::http::testing
