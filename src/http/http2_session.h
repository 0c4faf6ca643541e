// Http2Session: the server's side of one connection that speaks HTTP/2 (RFC 9113), over libnghttp2.
//
// Requests run side by side; each goes to the handler when it is whole, or, where Http2Options::on_stream takes it, part by part.
// Bounds:   128 requests at a time, a body of max_body_bytes (413), a head of 64 KiB (431), idle_timeout without a byte.
// Threads:  loop thread. Lifetime: shared, as ServerConnection's. `closed` runs once, when nothing more will happen.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <memory>
#include <string>

#include "http/server_connection.h"

namespace invar::http {

class Http2Session {
 public:
  virtual ~Http2Session() = default;
  virtual void close() = 0;
  virtual void close_after_answers() = 0;
};

struct Http2Parts {
  ConnectionSettings settings;
  std::string peer;
  std::string received;  // read already, from the preface on
  std::function<void()> closed;
};

std::shared_ptr<Http2Session> start_http2(boost::asio::ip::tcp::socket stream, Http2Parts parts);
std::shared_ptr<Http2Session> start_http2(boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream,
                                          Http2Parts parts);

}  // namespace invar::http
