// One connection of the server: reads requests one after another, answers each before it reads the next.
// Threads: loop thread. Lifetime: shared; keeps itself alive while an operation is under way. Never touches the server
// after its `closed` callback.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>

#include "http/http2.h"
#include "http/server.h"
#include "http/server_tls.h"

namespace invar::http {

struct ConnectionSettings {
  std::uint64_t max_body_bytes = 0;
  Duration idle_timeout{}, read_timeout{}, write_timeout{};
  std::function<void()> on_cut_request;  // all as in ServerOptions
  decltype(ServerOptions::on_refused_request) on_refused_request;
  std::shared_ptr<const Http2Options> http2;  // null: refused
  std::optional<ServerAuth> auth;
  log::Logger logger;
};

class ServerConnection {
 public:
  virtual ~ServerConnection() = default;
  virtual void start() = 0;
  virtual void close() = 0;               // now
  virtual void close_after_answer() = 0;  // at once when idle
};

struct ConnectionParts {
  boost::asio::ip::tcp::socket socket;
  ConnectionSettings settings;
  std::shared_ptr<const Handler> handler;
  std::function<void(ServerConnection*)> closed;
};

std::shared_ptr<ServerConnection> make_plain_connection(ConnectionParts parts);
std::shared_ptr<ServerConnection> make_tls_connection(ConnectionParts parts, SslContextPtr context);

}  // namespace invar::http
