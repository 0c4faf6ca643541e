#include "http/answer_body.h"

#include <utility>

#include "codec/content_coding.h"
#include "http/shown_body.h"

namespace invar::http {
namespace {

constexpr std::uint64_t kMostOfAnError = std::uint64_t{1} << 20;

}  // namespace

Result<std::string> plain_body(Response answer, std::uint64_t max_bytes) {
  return codec::undo_content_coding(std::move(answer.body), answer.headers.get("Content-Encoding"),
                                    max_bytes);
}

Result<> unpack(Response& answer, std::uint64_t max_bytes) {
  if (answer.headers.get("Content-Encoding").empty()) return {};
  INVAR_ASSIGN_OR_RETURN(answer.body, plain_body(answer, max_bytes));
  answer.headers.erase("Content-Encoding");
  return {};
}

std::string what_it_says(const Response& answer) {
  const std::string plain = plain_body(answer, kMostOfAnError).value_or(answer.body);
  const std::string shown = shown_body(plain, answer.headers.get("Content-Type"));
  return shown.empty() ? "" : ": " + shown;
}

}  // namespace invar::http
