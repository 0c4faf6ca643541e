// DebugStreams: GET PREFIX/api/v0/web/debug/ID, what passes through a component: texts, each followed by "|;|", once a second.
//
// There while the configuration says `livedebugging { enabled = true }`; switched off, all streams end. What is not sent yet is kept up to
// kMostWaiting items a stream; what comes beyond is lost, which the log says once. Nobody looks: nothing is made.
// Threads: loop thread only. Lifetime: ends before the loop; the components may be gone. Source: cli-http-ui.md 6.5.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "async/loop.h"
#include "base/log.h"
#include "component/view.h"
#include "services/router.h"

namespace invar::services {

// Whether something of it can be seen. Pure.
bool can_be_watched(std::string_view component_name);
// One line: labels, type, size, destination and outcome of a profile; of anything else its text. Pure.
std::string debug_text(const pipeline::Shown& shown);

class DebugStreams {
 public:
  static constexpr std::size_t kMostWaiting = 1000, kMostStreams = 64;
  static constexpr std::size_t kMostBacklog = std::size_t{1}
                                              << 20;  // a client that is so far behind gets no more for now
  static constexpr Duration kFlush = std::chrono::seconds(1);

  DebugStreams(async::Loop& loop, log::Logger logger);

  void enable(bool enabled);
  [[nodiscard]] bool enabled() const { return enabled_; }
  // `components` outlives the router.
  void add_to(Router& router, const std::string& prefix, const component::ComponentDirectory& components);

 private:
  struct Stream {
    std::string id;
    http::ResponderPtr responder;
    double share = 1;
    std::vector<std::string> waiting;
    bool lost = false;
    std::optional<pipeline::Tap::Watch> watch;
  };
  void open(const http::ServerRequest& request, const http::ResponderPtr& responder,
            const component::ComponentDirectory& components, const std::string& id);
  void show(Stream& stream, const pipeline::Shown& shown);
  void flush();

  async::Loop& loop_;
  const log::Logger logger_;
  bool enabled_ = false;
  std::map<std::uint64_t, Stream> streams_;
  std::uint64_t last_stream_ = 0;
  std::minstd_rand random_;
  async::Timer timer_;
  async::Alive alive_;
};

}  // namespace invar::services
