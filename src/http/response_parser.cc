#include "http/response_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>

#include "base/shown_text.h"
#include "http/answer_limits.h"
#include "http/beast_parser.h"
#include "http/chunked_body.h"
#include "http/engine.h"
#include "http/strict_head.h"

namespace invar::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

constexpr std::string_view kTlsAlert = "\x15\x03";

std::string_view words_for(std::string_view first_bytes) {
  return first_bytes.starts_with(kTlsAlert) ? "it answers in TLS (is the scheme https?)"
                                            : "its answer does not begin with HTTP/1";
}

}  // namespace

struct ResponseParser::Message final : beast_http::basic_parser<false> {
  explicit Message(const Expectation& expectation) : expectation(expectation) {
    eager(true);
    skip(expectation.head_request);
    header_limit(kMaxHeadBytes);
    body_limit(expectation.max_body_bytes);
  }

  void on_request_impl(beast_http::verb, string_view, string_view, int, error_code&) override {}
  void on_response_impl(int code, string_view reason, int, error_code&) override {
    response.status = code;
    response.status_line =
        fmt::format("{} {}", code,
                    reason.empty() ? std::string(status_text(code))
                                   : shown_text(std::string_view(reason.data(), reason.size())));
    if (expectation.streamed && is_streamed(code)) body_limit(boost::none);
  }
  void on_field_impl(beast_http::field, string_view name, string_view value, error_code&) override {
    if (!head_complete) response.headers.add(std::string(name), std::string(value));
  }
  void on_header_impl(error_code&) override { head_complete = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    if (expectation.streamed && is_streamed(response.status)) return;
    response.body.reserve(std::min(length.value_or(expectation.expected_body_bytes), kMaxReserve));
  }
  std::size_t on_body_impl(string_view bytes, error_code&) override {
    response.body.append(bytes.data(), bytes.size());
    body_bytes += bytes.size();
    return bytes.size();
  }
  // Chunks are taken apart by ours.
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view, error_code&) override { return 0; }
  void on_finish_impl(error_code&) override {}

  // False when it is more than allowed.
  bool take_chunked(std::string_view piece) {
    const bool unlimited = expectation.streamed && is_streamed(response.status);
    if (!unlimited && piece.size() > expectation.max_body_bytes - body_bytes) return false;
    if (!unlimited && body_bytes == 0)
      response.body.reserve(std::min(expectation.expected_body_bytes, kMaxReserve));
    response.body.append(piece);
    body_bytes += piece.size();
    return true;
  }

  const Expectation expectation;
  Response response;
  std::uint64_t body_bytes = 0;
  bool head_complete = false;
  ChunkedBody chunks;
};

ResponseParser::ResponseParser() = default;
ResponseParser::~ResponseParser() = default;

void ResponseParser::start(const Expectation& expectation) {
  expectation_ = expectation;
  begin_message();
  pending_.clear();
  arrived_ = keep_alive_ = false;
}

void ResponseParser::begin_message() {
  message_ = std::make_unique<Message>(expectation_);
}

ResponseParser::Progress ResponseParser::feed(std::string_view bytes) {
  arrived_ = arrived_ || !bytes.empty();
  if (pending_.empty()) {
    const Progress progress = parse(bytes);
    if (progress == Progress::kMore) pending_.assign(bytes);
    return progress;
  }
  pending_.append(bytes);
  std::string_view rest = pending_;
  const Progress progress = parse(rest);
  pending_.erase(0, pending_.size() - rest.size());
  return progress;
}

// kDone: the head is complete and consumed.
ResponseParser::Progress ResponseParser::parse_head(std::string_view& bytes) {
  if (!may_be_head(bytes)) {
    why_ = words_for(bytes);
    return Progress::kNotHttp;
  }
  const std::size_t size = head_size(bytes);
  if (size > kMaxHeadBytes || (size == 0 && bytes.size() > kMaxHeadBytes)) return Progress::kEndlessHead;
  if (size == 0) return Progress::kMore;
  const std::string head = strict_head(bytes.substr(0, size));
  bytes.remove_prefix(size);
  error_code error;
  message_->put(boost::asio::buffer(head), error);
  if (error == beast_http::error::body_limit) return Progress::kTooLarge;
  if (error && error != beast_http::error::need_more) {
    why_ = error.message();
    return Progress::kNotHttp;
  }
  return Progress::kDone;
}

// kDone: all of them are there.
ResponseParser::Progress ResponseParser::parse_chunks(std::string_view& bytes) {
  using Step = ChunkedBody::Step;
  std::string_view piece;
  while (true) {
    switch (message_->chunks.next(bytes, piece)) {
      case Step::kPiece:
        if (!message_->take_chunked(piece)) return Progress::kTooLarge;
        break;
      case Step::kMore:
        return Progress::kMore;
      case Step::kDone:
        return Progress::kDone;
      case Step::kEndless:
        return Progress::kEndlessHead;
      case Step::kBad:
        why_ = message_->chunks.why();
        return Progress::kNotHttp;
    }
  }
}

// Consumes from the front of `bytes` what is complete.
ResponseParser::Progress ResponseParser::parse(std::string_view& bytes) {
  while (true) {
    if (!message_->head_complete) {
      const Progress progress = parse_head(bytes);
      if (progress != Progress::kDone) return progress;
    }
    const bool in_chunks = !message_->is_done() && message_->chunked();
    if (in_chunks) {
      const Progress progress = parse_chunks(bytes);
      if (progress != Progress::kDone) return progress;
    }
    while (!in_chunks && !message_->is_done()) {
      if (bytes.empty()) return Progress::kMore;
      error_code error;
      const std::size_t used = message_->put(boost::asio::buffer(bytes.data(), bytes.size()), error);
      bytes.remove_prefix(used);
      if (error == beast_http::error::need_more) {
        return bytes.size() > kMaxHeadBytes ? Progress::kEndlessHead : Progress::kMore;
      }
      if (error == beast_http::error::body_limit) return Progress::kTooLarge;
      if (error == beast_http::error::header_limit) return Progress::kEndlessHead;
      if (error) {
        why_ = error.message();
        return Progress::kNotHttp;
      }
    }
    if (message_->response.status >= 200 || message_->response.status == 101) {
      keep_alive_ = message_->keep_alive() && bytes.empty();
      return Progress::kDone;
    }
    // 1xx: the real answer follows.
    begin_message();
    if (bytes.empty()) return Progress::kMore;
  }
}

ResponseParser::Progress ResponseParser::end() {
  if (!message_->got_some()) return Progress::kCut;
  error_code error;
  message_->put_eof(error);
  return error ? Progress::kCut : Progress::kDone;
}

bool ResponseParser::head_complete() const {
  return message_ && message_->head_complete;
}

std::uint64_t ResponseParser::body_bytes() const {
  return message_ ? message_->body_bytes : 0;
}

const Response& ResponseParser::head() const {
  return message_->response;
}

std::string ResponseParser::take_part() {
  return std::exchange(message_->response.body, {});
}

Response ResponseParser::take() {
  Response response = std::move(message_->response);
  message_.reset();
  return response;
}

}  // namespace invar::http
