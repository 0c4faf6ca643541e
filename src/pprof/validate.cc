#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/strings.h"
#include "codec/gzip.h"
#include "pprof/foreign_format.h"
#include "pprof/profile.h"
#include "pprof/profile_check.h"

namespace invar::pprof {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](auto prefix) { return text.starts_with(prefix); });
}

// HTML, XML or JSON by its first character that is not a space. No pprof body begins so: '<' and '{' are wire
// types 4 and 3, '[' is a varint of field 11.
bool looks_like_markup(std::string_view body) {
  const std::string_view head = body.substr(0, 64);
  const std::size_t start = head.find_first_not_of(" \t\r\n\v\f");
  if (start == std::string_view::npos || body.size() < 10) return false;
  const std::string_view text = body.substr(start);
  if (text.front() == '{' || text.front() == '[') return body.size() > 20;
  if (text.front() != '<') return false;
  if (lower(text.substr(0, 2)) == "<!") return text.size() >= 9 && (text[2] == 'd' || text[2] == 'D');
  return text.size() >= 5 && std::string_view("hHbBtT?").find(text[1]) != std::string_view::npos;
}

Result<> check_form(std::string_view body, std::string_view content_type) {
  if (starts_with_any(lower(content_type), {"text/", "application/json", "application/xhtml"})) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("unexpected Content-Type {}, expected application/octet-stream for pprof data",
                            content_type));
  }
  if (looks_like_markup(body)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("text response instead of pprof: {} (server should return HTTP error, not 200)",
                            quote(body.substr(0, 50))));
  }
  if (body.size() <= 2) return fail(ErrorCode::kInvalidArgument, "data too short for pprof format");
  const int wire_type = body.front() & 7;
  if (wire_type > 5 && !codec::is_gzip(body)) {
    std::string hex;
    for (const char c : body.substr(0, 16)) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("invalid protobuf data: illegal wireType {} (expected 0-5), first bytes: {}",
                            wire_type, hex));
  }
  return {};
}

}  // namespace

Result<> check_head(std::string_view body, std::string_view content_type) {
  if (Result<> head = check_form(body, content_type); head || foreign_format(body).empty()) return head;
  return fail(ErrorCode::kInvalidArgument, std::string(foreign_format(body)));
}

Result<Summary> validate_body(std::string_view body, std::string_view content_type, std::uint64_t limit_bytes,
                              std::string& scratch) {
  if (body.empty()) return fail(ErrorCode::kInvalidArgument, "empty profile");
  INVAR_TRY(check_head(body, content_type));
  if (codec::is_gzip(body)) {
    thread_local codec::Inflater inflater;
    INVAR_TRY(inflater.gunzip(body, limit_bytes, scratch));
  } else {
    if (body.size() > limit_bytes) {
      return fail(ErrorCode::kResourceExhausted, fmt::format("larger than {} bytes", limit_bytes));
    }
    scratch.assign(body);
  }
  // Scratch of the thread, because a worker validates many bodies and there is no object to keep it in.
  thread_local ProfileCheck check;
  const std::size_t size = scratch.size();
  scratch.append(kPadding, '\0');
  Result<Summary> summary = check.run(std::string_view(scratch).substr(0, size));
  scratch.resize(size);
  return summary;
}

}  // namespace invar::pprof
