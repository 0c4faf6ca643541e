#include "http/plain_connection.h"

#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
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
  asio::ip::tcp::socket socket(io);
  error_code error;
  socket.assign(family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), fd.release(), error);
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
  parser_.start(attempt.method == "HEAD", attempt.max_body_bytes, attempt.expected_body_bytes);
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
  socket_.async_wait(asio::ip::tcp::socket::wait_write,
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

// True when the exchange is over.
bool PlainConnection::take(std::string_view bytes) {
  const auto progress = parser_.feed(bytes);
  if (progress == ResponseParser::Progress::kMore) return false;
  conclude(progress);
  return true;
}

void PlainConnection::on_end(const error_code& error) {
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
