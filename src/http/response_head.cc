#include "http/response_head.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "base/strings.h"
#include "http/url.h"

namespace invar::http {
namespace {

void append_fields(std::string& out, const Headers& fields) {
  for (const auto& [name, value] : fields) {
    // The framing is ours; a value that could split the head is our own bug's last chance to do no harm.
    if (equals_ignore_case(name, "Content-Length") || equals_ignore_case(name, "Transfer-Encoding")) continue;
    if (!is_header_token(name) || !is_header_value(value)) continue;
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
  }
}

}  // namespace

std::string response_head(const ServerResponse& response, BodyKind kind, bool keep_alive, UnixNanos now) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, status_text(response.status));
  append_fields(head, response.headers);
  if (!response.headers.has("Date")) {
    const std::time_t seconds = now / 1'000'000'000;
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    head += fmt::format("Date: {:%a, %d %b %Y %H:%M:%S} GMT\r\n", utc);
  }
  const bool no_body = response.status == 204 || response.status == 304 || response.status < 200;
  if (kind == BodyKind::kChunked) head += "Transfer-Encoding: chunked\r\n";
  if (kind == BodyKind::kSized && !no_body)
    head += fmt::format("Content-Length: {}\r\n", response.body.size());
  if (!keep_alive) head += "Connection: close\r\n";
  head += "\r\n";
  return head;
}

std::string chunk_head(std::size_t size) {
  return fmt::format("{:x}\r\n", size);
}

std::string chunked_body(std::string_view body, const Headers& trailers) {
  std::string out;
  if (!body.empty()) out.append(chunk_head(body.size())).append(body).append("\r\n");
  out += "0\r\n";
  append_fields(out, trailers);
  return out + "\r\n";
}

std::string clean_path(std::string_view target_path) {
  const auto decoded = percent_decode(target_path, false);
  if (!decoded || decoded->empty() || (*decoded)[0] != '/') return "/";
  std::vector<std::string_view> parts;
  const auto pieces = split(*decoded, '/');
  for (const auto piece : pieces) {
    if (piece.empty() || piece == ".") continue;
    if (piece == "..") {
      if (!parts.empty()) parts.pop_back();
    } else {
      parts.push_back(piece);
    }
  }
  std::string out;
  for (const auto part : parts) {
    out.push_back('/');
    out.append(part);
  }
  const auto last = pieces.back();
  if (out.empty() || last.empty() || last == "." || last == "..") out.push_back('/');
  return out;
}

}  // namespace invar::http
