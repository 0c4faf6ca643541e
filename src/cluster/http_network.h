// HttpNetwork: packets and streams between nodes over HTTP/2, as the reference's nodes send them.
//
// Packets wait in a queue of their own for each peer, so that one that hangs delays no other; a full queue loses its oldest. What
// waits when a request ends goes in one.
// With a secret every message is sealed (seal.h), and what is not is heard by nobody.
// Bounds:   100 packets of 10 MiB a peer, streams of 64 MiB and 5 s.
// Threads:  loop thread. Lifetime: what it hears goes to `node` until that is null.
// Spec:     clustering.md 5.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "cluster/seal.h"
#include "cluster/swim.h"
#include "http/client.h"
#include "http/http2.h"
#include "metrics/metrics.h"

namespace invar::cluster {

inline constexpr std::string_view kTransportPath = "/api/v1/ckit/transport/";

class HttpNetwork final : public Network {
 public:
  struct Config {
    std::shared_ptr<http::Client> client;  // only HTTP/2
    bool tls = false;
    std::shared_ptr<const Seal> seal;  // null: without a secret
    log::Logger logger;
  };
  HttpNetwork(async::Loop& loop, Config config, metrics::Scope& metrics);

  void send(const std::string& to, std::string packet) override;
  void exchange(const std::string& to, std::string stream, Done done) override;

  // The server's side: of HTTP/2 alone.
  void handle(const http::ServerRequest& request,
              const http::ResponderPtr& responder);  // below kTransportPath
  http::BodySink stream(const http::ServerRequest& head, const http::ResponderPtr& responder);

  void set_node(Swim* node) { node_ = node; }

 private:
  struct Peer {
    std::deque<std::string> waiting;
    std::unique_ptr<http::Call> call;
  };
  struct Incoming;
  struct Counters;

  void post_waiting(const std::string& to);
  [[nodiscard]] http::Request request_to(const std::string& to, std::string_view path,
                                         std::string body) const;
  [[nodiscard]] int refusal(const http::ServerRequest& request) const;  // a status, 0 for none
  void hear_stream(Incoming& incoming, std::string_view part);
  void refuse_stranger(const std::string& peer, const Error& why);

  async::Loop& loop_;
  const Config config_;
  Swim* node_ = nullptr;
  std::unique_ptr<Counters> counters_;
  std::map<std::string, Peer> peers_;
  std::map<std::uint64_t, std::unique_ptr<http::Call>> exchanges_;
  std::uint64_t last_exchange_ = 0;
  std::optional<async::TimePoint> told_of_stranger_;
  async::Alive alive_;  // last

 public:
  ~HttpNetwork() override;
};

}  // namespace invar::cluster
