// ResponseParser: bytes of an HTTP/1.x connection to a Response, one answer at a time. Body limit and head limit are
// enforced while reading; 1xx answers are skipped; trailers are dropped; the body is not decompressed.
// Use:     start() for every request, then feed() what arrives until it is not kMore; end() when the peer closes.
// Streams: a 2xx body then has no limit; the caller takes what has come out of body() and clears it.
// Memory:  the body, and the part of a head or chunk size line that is not complete yet.
// Pure: no sockets, no clock. The grammar is Boost.Beast's, for heads behind strict_head.h; chunks: chunked_body.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/client.h"

namespace invar::http {

class ResponseParser {
 public:
  enum class Progress {
    kMore,
    kDone,
    kTooLarge,     // more body than allowed
    kEndlessHead,  // more than 1 MiB of header fields
    kCut,          // the peer closed in the middle
    kNotHttp,      // why() says what is wrong
  };

  ResponseParser();
  ~ResponseParser();
  ResponseParser(const ResponseParser&) = delete;
  ResponseParser& operator=(const ResponseParser&) = delete;

  struct Expectation {
    bool head_request = false;  // the answer to a HEAD: without a body
    bool streamed = false;
    std::uint64_t max_body_bytes = 0, expected_body_bytes = 0;
  };
  void start(const Expectation& expectation);
  Progress feed(std::string_view bytes);
  Progress end();

  [[nodiscard]] bool anything_arrived() const { return arrived_; }
  [[nodiscard]] bool head_complete() const;
  [[nodiscard]] std::uint64_t body_bytes() const;  // so far, with what a stream took
  // Between head_complete() and take(): the head, and the part of the body that nobody took yet.
  [[nodiscard]] const Response& head() const;
  std::string take_part();
  // After kDone: the connection can carry another request.
  [[nodiscard]] bool keep_alive() const { return keep_alive_; }
  Response take();
  [[nodiscard]] const std::string& why() const { return why_; }

 private:
  struct Message;
  void begin_message();
  Progress parse(std::string_view& bytes);
  Progress parse_head(std::string_view& bytes);
  Progress parse_chunks(std::string_view& bytes);

  std::unique_ptr<Message> message_;
  std::string pending_;  // not consumed yet: the beginning of a line
  Expectation expectation_;
  bool arrived_ = false;
  bool keep_alive_ = false;
  std::string why_;
};

}  // namespace invar::http
