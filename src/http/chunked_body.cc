#include "http/chunked_body.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/strings.h"

namespace invar::http {
namespace {

// "1a; name=value"
std::optional<std::uint64_t> chunk_size(std::string_view line) {
  const std::string_view digits = trim_space(line.substr(0, line.find(';')));
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return size;
}

}  // namespace

ChunkedBody::Step ChunkedBody::bad(std::string_view why) {
  why_ = why;
  return Step::kBad;
}

// kDone: line_ is whole, without its end.
ChunkedBody::Step ChunkedBody::line(std::string_view& bytes) {
  const std::size_t end = bytes.find('\n');
  line_.append(bytes.substr(0, end));
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  if (line_.size() > kMostLine) return Step::kEndless;
  if (end == std::string_view::npos) return Step::kMore;
  while (line_.ends_with('\r')) line_.pop_back();
  return Step::kDone;
}

ChunkedBody::Step ChunkedBody::next(std::string_view& bytes, std::string_view& piece) {
  while (state_ != State::kDone) {
    if (state_ == State::kData) {
      if (bytes.empty()) return Step::kMore;
      piece = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())));
      bytes.remove_prefix(piece.size());
      left_ -= piece.size();
      if (left_ == 0) state_ = State::kEndOfData;
      return Step::kPiece;
    }
    if (state_ == State::kEndOfData && !bytes.empty() && bytes.front() != '\r' && bytes.front() != '\n')
      return bad("a chunk of its body is longer than its size says");
    if (const Step step = line(bytes); step != Step::kDone) return step;
    if (state_ == State::kEndOfData) {
      state_ = State::kSize;
    } else if (state_ == State::kSize) {
      const auto size = chunk_size(line_);
      if (!size) return bad("a chunk of its body has no size");
      left_ = *size;
      state_ = left_ > 0 ? State::kData : State::kTrailers;
    } else {
      trailers_ += line_.size();
      if (line_.empty()) state_ = State::kDone;
      if (trailers_ > kMostLine) return Step::kEndless;
    }
    line_.clear();
  }
  return Step::kDone;
}

}  // namespace invar::http
