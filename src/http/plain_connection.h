// PlainConnection: one kept-alive HTTP/1.1 connection over TCP or a Unix socket, without TLS and without a proxy; one request
// at a time.
//
// Cost:     a request is one sendmsg, one read per 64 KiB and one read that finds nothing and waits for what comes next. That
//           read stays pending while the connection is idle, so that a peer who closes it is noticed at once.
// Errors:   Failure in words; `stale` when the peer closed a connection before any byte of the answer came.
// Threads:  loop thread. `done` is called from the loop, never from exchange().
// Lifetime: shared with its own pending reads: close() ends it, the last reference only frees it.
#pragma once

#include <array>
#include <boost/asio/generic/stream_protocol.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "http/client.h"
#include "http/engine.h"
#include "http/response_parser.h"

namespace invar::http {

class PlainConnection : public std::enable_shared_from_this<PlainConnection> {
 public:
  struct Outcome {
    std::expected<Response, Failure> response;
    bool stale = false;
  };
  using Done = std::move_only_function<void(Outcome)>;
  using Closed = std::move_only_function<void()>;

  // Takes over a connected, non-blocking socket.
  static std::shared_ptr<PlainConnection> adopt(boost::asio::io_context& io, UniqueFd socket);

  // The attempt stays in place until `done` or close().
  void exchange(const Attempt& attempt, Done done);
  // Of a streamed answer: while paused at most the 4 KiB of one pending read come in. resume() hands over later, on the loop.
  void pause() { paused_ = true; }
  void resume();
  // After `done`: whether it can carry another request.
  [[nodiscard]] bool reusable() const { return reusable_; }
  // Waits for the next request; `closed` is called when the peer ends the connection before that.
  void rest(Closed closed);
  void close();
  [[nodiscard]] bool receiving() const { return parser_.anything_arrived(); }

  using Socket = boost::asio::generic::stream_protocol::socket;
  explicit PlainConnection(Socket socket) : socket_(std::move(socket)) {}

 private:
  void write_rest();
  void read_later();
  void on_read(const boost::system::error_code& error, std::size_t size);
  bool take(std::string_view bytes);
  bool hand_over();
  void go_on();
  void on_end(const boost::system::error_code& error);
  void conclude(ResponseParser::Progress progress);
  void deliver(Outcome outcome);

  Socket socket_;
  ResponseParser parser_;
  const Attempt* attempt_ = nullptr;
  std::string head_;
  std::uint64_t written_ = 0;
  bool reading_ = false;
  bool paused_ = false;
  bool head_told_ = false;
  // The end, if it came while paused.
  std::optional<ResponseParser::Progress> ended_;
  std::optional<boost::system::error_code> lost_;
  bool reusable_ = false;
  Done done_;
  Closed closed_;
  std::array<char, 4096> first_;  // what a pending read fills
};

}  // namespace invar::http
