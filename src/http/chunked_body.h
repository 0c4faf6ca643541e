// ChunkedBody: takes the chunks of a body apart, as servers really send them: blanks behind a size and lines that end in LF alone are
// read as curl and Go read them. Extensions and trailers are dropped.
// Use:     next() until it is no kPiece; each piece is a part of `bytes`, which loses from its front what was read.
// Memory:  the beginning of one line, at most kMostLine.
// Pure. Source: RFC 9112 7.1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace invar::http {

class ChunkedBody {
 public:
  static constexpr std::size_t kMostLine = std::size_t{1} << 20;  // also of all trailers together

  enum class Step {
    kMore,
    kPiece,
    kDone,
    kEndless,  // a line, or the trailers, longer than kMostLine
    kBad,      // why() says what is wrong
  };
  Step next(std::string_view& bytes, std::string_view& piece);
  [[nodiscard]] std::string_view why() const { return why_; }

 private:
  enum class State { kSize, kData, kEndOfData, kTrailers, kDone };
  Step line(std::string_view& bytes);
  Step bad(std::string_view why);

  State state_ = State::kSize;
  std::uint64_t left_ = 0;  // of the chunk
  std::size_t trailers_ = 0;
  std::string line_;  // as far as it has come
  std::string_view why_;
};

}  // namespace invar::http
