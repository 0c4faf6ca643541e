#include "remotecfg/protocol.h"

#include <fmt/format.h>

#include <utility>

#include "base/build_info.h"
#include "base/shown_text.h"
#include "base/strings.h"
#include "codec/wire.h"
#include "http/answer_body.h"
#include "http/connect_code.h"
#include "json/reader.h"

namespace invar::remotecfg {
namespace {

using codec::wire::append_field;

constexpr std::string_view kService = "/collector.v1.CollectorService/";
constexpr std::string_view kContentType = "application/proto";
constexpr std::uint64_t kMostBytes = std::uint64_t{16} << 20;

std::string entry(std::string_view key, std::string_view value) {
  std::string out;
  append_field(out, 1, key);
  append_field(out, 2, value);
  return out;
}

void append_attributes(std::string& out, const Collector& collector) {
  constexpr std::uint32_t kLocalAttributes = 4;
  for (const auto& [name, value] : collector.attributes)
    append_field(out, kLocalAttributes, entry(name, value));
}

// {"code": "internal", "message": "boom"}, or nothing.
std::optional<std::string> error_of(std::string_view body) {
  std::string code, message, name;
  json::Reader reader(body);
  if (!reader.enter(json::Kind::kObject)) return std::nullopt;
  while (reader.next_member(name)) {
    if (name == "code") reader.read(code);
    if (name == "message") reader.read(message);
  }
  if (reader.failed() || code.empty()) return std::nullopt;
  return code + ": " + message;
}

}  // namespace

std::string register_message(const Collector& collector) {
  std::string out;
  append_field(out, 1, collector.id);
  append_field(out, 3, collector.name);
  append_attributes(out, collector);
  return out;
}

std::string unregister_message(const Collector& collector) {
  std::string out;
  append_field(out, 1, collector.id);
  return out;
}

std::string get_config_message(const Collector& collector, std::string_view hash,
                               const std::optional<Status>& status,
                               const std::optional<std::string>& effective) {
  std::string out;
  append_field(out, 1, collector.id);
  append_field(out, 3, hash);
  append_attributes(out, collector);
  if (status) {
    std::string message;
    append_field(message, 1, static_cast<std::uint64_t>(status->code));
    append_field(message, 2, status->error);
    append_field(out, 5, message);
  }
  if (effective) {
    std::string file, files, config;
    append_field(file, 1, *effective);
    append_field(file, 2, "text/plain");
    append_field(files, 1, entry("", file));
    append_field(config, 1, files);
    append_field(out, 6, config);
  }
  return out;
}

Result<Config> parse_config(std::string_view message) {
  Config config;
  codec::wire::Reader reader(message);
  codec::wire::Field field;
  while (reader.next(field)) {
    if (field.number == 1) config.content = field.bytes;
    if (field.number == 2) config.hash = field.bytes;
    if (field.number == 3) config.not_modified = field.value != 0;
  }
  if (reader.error() != nullptr)
    return fail(ErrorCode::kInvalidArgument,
                std::string("internal: the answer is no message: ") + reader.error());
  return config;
}

http::Request make_call(const std::string& url, std::string_view method, std::string message) {
  http::Request request;
  request.method = "POST";
  request.url = url;
  while (request.url.ends_with('/')) request.url.pop_back();
  request.url.append(kService).append(method);
  request.headers = {{"Content-Type", std::string(kContentType)},
                     {"Connect-Protocol-Version", "1"},
                     {"User-Agent", user_agent()}};
  request.body_head = std::move(message);
  request.max_body_bytes = kMostBytes;
  return request;
}

Result<std::string> take_answer(std::expected<http::Response, http::Failure> answer) {
  if (!answer) return fail(ErrorCode::kUnavailable, "unavailable: " + answer.error().message);
  const Result<> plain = http::unpack(*answer, kMostBytes);
  if (answer->status != 200) {
    const auto error = error_of(answer->body);
    return fail(ErrorCode::kUnavailable,
                error ? shown_text(*error)
                      : std::string(http::connect_code(answer->status)) + ": " + answer->status_line);
  }
  const std::string_view type = answer->headers.get("Content-Type");
  if (!type.starts_with(kContentType))
    return fail(ErrorCode::kInvalidArgument, fmt::format("unknown: invalid content-type: {}; expecting {}",
                                                         quote(type), quote(kContentType)));
  if (!plain) return std::unexpected(plain.error());
  return std::move(answer->body);
}

}  // namespace invar::remotecfg
