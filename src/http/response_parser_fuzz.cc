// An answer cut in two anywhere means the same as in one piece; limits hold.
#include <cstdint>

#include "base/check.h"
#include "http/response_parser.h"

using invar::http::ResponseParser;

namespace {

constexpr std::uint64_t kMaxBody = 1000;

ResponseParser::Progress feed(ResponseParser& parser, std::string_view text, std::size_t cut) {
  parser.start({.max_body_bytes = kMaxBody});
  auto progress = parser.feed(text.substr(0, cut));
  if (progress == ResponseParser::Progress::kMore) progress = parser.feed(text.substr(cut));
  if (progress == ResponseParser::Progress::kMore) progress = parser.end();
  INVAR_CHECK(parser.body_bytes() <= kMaxBody, "more body than allowed");
  return progress;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  ResponseParser whole;
  ResponseParser parts;
  const auto one = feed(whole, text, text.size());
  const auto two = feed(parts, text, data[0] % text.size());
  // Cut inside, the first part may already be a whole answer.
  if (one != ResponseParser::Progress::kDone || two != ResponseParser::Progress::kDone) return 0;
  const auto a = whole.take();
  const auto b = parts.take();
  INVAR_CHECK(a.status == b.status && a.body == b.body && a.headers.size() == b.headers.size(),
              "the cut changed the answer");
  return 0;
}
