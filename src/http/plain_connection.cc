#include "http/plain_connection.h"

#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <span>

#include "base/check.h"
#include "http/failures.h"
#include "http/request_head.h"

namespace invar::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// After a full first buffer the rest is read here; it is empty again before anything else runs.
constexpr std::size_t kScratch = 64 << 10;
constexpr int kReadsInARow = 16;  // then others get their turn

char* scratch() {
  thread_local const auto buffer = std::make_unique_for_overwrite<char[]>(kScratch);
  return buffer.get();
}

}  // namespace

std::shared_ptr<PlainConnection> PlainConnection::adopt(asio::io_context& io, UniqueFd fd) {
  int family = AF_INET;
  socklen_t size = sizeof family;
  getsockopt(fd.get(), SOL_SOCKET, SO_DOMAIN, &family, &size);
  Socket socket(io);
  error_code error;
  socket.assign(asio::generic::stream_protocol(family, 0), fd.release(), error);
  INVAR_CHECK(!error, "a connected socket can be watched");
  socket.non_blocking(true, error);
  return std::make_shared<PlainConnection>(std::move(socket));
}

void PlainConnection::exchange(const Attempt& attempt, Done done) {
  attempt_ = &attempt;
  done_ = std::move(done);
  closed_ = nullptr;
  reusable_ = false;
  head_ = request_head(attempt);
  written_ = 0;
  paused_ = attempt.paused;
  head_told_ = false;
  ended_.reset();
  lost_.reset();
  parser_.start({.head_request = attempt.method == "HEAD",
                 .streamed = attempt.stream != nullptr,
                 .max_body_bytes = attempt.max_body_bytes,
                 .expected_body_bytes = attempt.expected_body_bytes});
  write_rest();
  if (!reading_) read_later();
}

void PlainConnection::write_rest() {
  std::array<asio::const_buffer, 4> parts;
  while (true) {
    std::size_t count = 0;
    std::uint64_t skip = written_;
    for (const std::string* part : {static_cast<const std::string*>(&head_), attempt_->body_head,
                                    attempt_->body, attempt_->body_tail}) {
      if (!part) continue;
      if (skip >= part->size()) {
        skip -= part->size();
        continue;
      }
      parts[count++] = asio::buffer(part->data() + skip, part->size() - skip);
      skip = 0;
    }
    if (count == 0) return;
    error_code error;
    written_ += socket_.write_some(std::span(parts.data(), count), error);
    if (error == asio::error::would_block) break;
    if (error) return;  // the peer may have answered before it closed: what can be read decides
  }
  socket_.async_wait(Socket::wait_write,
                     [self = shared_from_this(), attempt = attempt_](const error_code& error) {
                       if (!error && attempt == self->attempt_) self->write_rest();
                     });
}

void PlainConnection::read_later() {
  reading_ = true;
  socket_.async_read_some(asio::buffer(first_),
                          [self = shared_from_this()](const error_code& error, std::size_t size) {
                            self->reading_ = false;
                            self->on_read(error, size);
                          });
}

void PlainConnection::on_read(const error_code& error, std::size_t size) {
  if (!socket_.is_open()) return;
  if (!attempt_) {
    // Nothing was asked: the peer closes, or talks out of turn.
    auto closed = std::exchange(closed_, nullptr);
    close();
    if (closed) closed();
    return;
  }
  if (error) return on_end(error);
  if (take({first_.data(), size})) return;
  for (int i = 0, full = size == first_.size(); full && i < kReadsInARow; ++i) {
    error_code more_error;
    const std::size_t more = socket_.read_some(asio::buffer(scratch(), kScratch), more_error);
    if (more_error == asio::error::would_block) break;
    if (more_error) return on_end(more_error);
    if (take({scratch(), more})) return;
    full = more == kScratch;
  }
  read_later();
}

// True when nothing is to be read now: the exchange is over or paused.
bool PlainConnection::take(std::string_view bytes) {
  const auto progress = parser_.feed(bytes);
  if (!hand_over()) return true;
  if (progress == ResponseParser::Progress::kMore) return paused_;
  conclude(progress);
  return true;
}

// Gives the stream what has come; false when it ended the exchange.
bool PlainConnection::hand_over() {
  if (!attempt_->stream || paused_ || !parser_.head_complete() || !is_streamed(parser_.head().status))
    return true;
  const std::string part = parser_.take_part();
  if (part.empty() && head_told_) return true;
  head_told_ = true;
  const Attempt* const attempt = attempt_;
  attempt->stream->on_part(parser_.head(), part);
  return attempt_ == attempt;
}

void PlainConnection::resume() {
  paused_ = false;
  asio::post(socket_.get_executor(), [self = shared_from_this(), attempt = attempt_] {
    if (attempt && attempt == self->attempt_) self->go_on();
  });
}

void PlainConnection::go_on() {
  if (paused_ || !hand_over() || paused_) return;
  if (ended_) return conclude(*ended_);
  if (lost_) return on_end(*lost_);
  if (!reading_) read_later();
}

void PlainConnection::on_end(const error_code& error) {
  if (paused_) {
    lost_ = error;
    return;
  }
  const std::string& peer = attempt_->host_port;
  if (!parser_.anything_arrived()) {
    deliver(
        {std::unexpected(error == asio::error::eof ? no_answer(peer)
                                                   : connection_lost(peer, reason_of_errno(error.value()))),
         true});
  } else if (error == asio::error::eof) {
    conclude(parser_.end());
  } else {
    deliver({std::unexpected(connection_lost(peer, reason_of_errno(error.value())))});
  }
}

void PlainConnection::conclude(ResponseParser::Progress progress) {
  using enum ResponseParser::Progress;
  if (paused_) {
    ended_ = progress;
    return;
  }
  const std::string& peer = attempt_->host_port;
  switch (progress) {
    case kMore:
      return;
    case kDone: {
      const std::uint64_t size = head_.size() + body_size(*attempt_);
      reusable_ = parser_.keep_alive() && written_ == size;
      Response response = parser_.take();
      response.url = attempt_->url;
      return deliver({std::move(response)});
    }
    case kTooLarge:
      return deliver({std::unexpected(body_too_large(peer, attempt_->max_body_bytes))});
    case kEndlessHead:
      return deliver({std::unexpected(endless_head(peer))});
    case kCut:
      return deliver({std::unexpected(cut_answer(peer, parser_.body_bytes()))});
    case kNotHttp:
      return deliver({std::unexpected(not_http(peer, parser_.why()))});
  }
}

void PlainConnection::deliver(Outcome outcome) {
  const auto keep = shared_from_this();
  attempt_ = nullptr;
  auto done = std::exchange(done_, nullptr);
  done(std::move(outcome));
}

void PlainConnection::rest(Closed closed) {
  closed_ = std::move(closed);
  read_later();
}

void PlainConnection::close() {
  attempt_ = nullptr;
  done_ = nullptr;
  closed_ = nullptr;
  error_code ignored;
  socket_.close(ignored);
}

}  // namespace invar::http
