// The programs that a case talks to: each answers its requests in the order of its steps, the last for ever, and what it took is
// kept: pushed profiles with labels and totals, and how often it was asked for what.
//   heap 100 6400 ...        a profile (profile_text.h)
//   503 Retry-After:10 text/plain busy     a status, headers, a content type, a body
//   takes                    what a Pyroscope server answers to a push that it takes
//   refused | hang           no connection, no answer
//   3 x STEP                 three times
// Threads: loop thread. Lifetime: outlives the transport it serves.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "async/loop.h"
#include "base/error.h"
#include "http/testing/fake_transport.h"

namespace invar::app::testing {

class ScriptedPeers {
 public:
  explicit ScriptedPeers(async::Loop& loop) : loop_(loop) {}

  // `place` is host:port, or host:port/path for the requests of that path alone. Replaces the one that was there.
  Result<> set(const std::string& place, const std::vector<std::string>& steps);
  std::optional<http::testing::Answer> answer(const http::Request& request);

  // Since the last call, sorted, equal lines once with their count.
  std::vector<std::string> take_arrived(const std::string& host_port);
  std::vector<std::string> take_asked(const std::string& host_port);

 private:
  struct Peer {
    std::vector<std::string> steps;
    std::size_t next = 0;
  };
  std::optional<http::testing::Answer> answer_of(const std::string& step, const http::Url& url);
  void note_arrival(const http::Request& request, const http::Url& url);

  async::Loop& loop_;
  std::map<std::string, Peer> peers_;
  std::map<std::string, std::vector<std::string>> arrived_, asked_;
};

// Equal lines become one, `2 x LINE`.
std::vector<std::string> grouped(std::vector<std::string> lines);

// push.v1.PushRequest of one series with one sample.
std::string push_message(const std::vector<std::pair<std::string, std::string>>& labels,
                         std::string_view profile);

}  // namespace invar::app::testing
