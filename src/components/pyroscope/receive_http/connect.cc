#include "components/pyroscope/receive_http/connect.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "codec/gzip.h"
#include "components/pyroscope/receive_http/grpc.h"
#include "json/writer.h"

namespace invar::components::pyroscope_receive_http {
namespace {

constexpr std::string_view kProto = "application/proto", kJson = "application/json",
                           kJsonUtf8 = "application/json; charset=utf-8";
constexpr std::array<std::string_view, 9> kTypes = {"application/grpc",
                                                    "application/grpc+json",
                                                    "application/grpc+proto",
                                                    "application/grpc-web",
                                                    "application/grpc-web+json",
                                                    "application/grpc-web+proto",
                                                    kJson,
                                                    kJsonUtf8,
                                                    kProto};
constexpr std::size_t kMaxTimeoutDigits = 10;

std::string accept_post() {
  std::string out;
  for (const std::string_view type : kTypes) {
    if (!out.empty()) out += ", ";
    out += type;
  }
  return out;
}

struct CodeText {
  std::string_view name;
  int status;
};
CodeText text_of(ConnectCode code) {
  switch (code) {
    case ConnectCode::kDeadlineExceeded:
      return {"deadline_exceeded", 504};
    case ConnectCode::kInvalidArgument:
      return {"invalid_argument", 400};
    case ConnectCode::kUnimplemented:
      return {"unimplemented", 501};
    case ConnectCode::kUnavailable:
      return {"unavailable", 503};
  }
  return {"unknown", 500};
}

// "Application/JSON;charset=UTF-8" -> "application/json; charset=utf-8"
std::string canonical_type(std::string_view written) {
  std::string out;
  for (const std::string_view part : split(written, ';')) {
    if (!out.empty()) out += "; ";
    out += to_lower_ascii(trim_space(part));
  }
  return out;
}

bool offers_gzip(std::string_view accept_encoding) {
  return std::ranges::any_of(split(accept_encoding, ','), [](std::string_view one) {
    return equals_ignore_case(trim_space(one.substr(0, one.find(';'))), "gzip");
  });
}

std::string packed_text(std::string_view text) {
  std::string packed;
  codec::Deflater().gzip(text, packed);
  return packed;
}

// Empty when there is nothing to say against it.
std::optional<http::ServerResponse> timeout_error(std::string_view timeout) {
  if (timeout.empty()) return std::nullopt;
  if (timeout.size() > kMaxTimeoutDigits)
    return connect_error(ConnectCode::kInvalidArgument,
                         "parse timeout: " + quote(timeout) + " has >10 digits");
  const auto ms = parse_int(timeout.starts_with('+') ? timeout.substr(1) : timeout);
  if (!ms)
    return connect_error(ConnectCode::kInvalidArgument,
                         "parse timeout: strconv.ParseInt: parsing " + quote(timeout) + ": invalid syntax");
  if (*ms <= 0) return connect_error(ConnectCode::kDeadlineExceeded, "context deadline exceeded");
  return std::nullopt;
}

}  // namespace

std::expected<ConnectCall, http::ServerResponse> open_connect_call(const http::Headers& headers) {
  ConnectCall call;
  call.content_type = canonical_type(headers.get("Content-Type"));
  if (std::ranges::find(kTypes, call.content_type) == kTypes.end())
    return std::unexpected(http::ServerResponse{415, {{"Accept-Post", accept_post()}}, ""});
  if (call.content_type.starts_with("application/grpc")) return open_grpc_call(call.content_type, headers);
  call.json = call.content_type != kProto;

  const std::string_view encoding = headers.get("Content-Encoding");
  call.gzip_request = encoding == "gzip";
  if (!call.gzip_request && !encoding.empty() && encoding != "identity")
    return std::unexpected(
        connect_error(ConnectCode::kUnimplemented,
                      "unknown compression " + quote(encoding) + ": supported encodings are gzip"));
  const std::string_view offered = headers.get("Accept-Encoding");
  call.gzip_answer = offered.empty() ? call.gzip_request : offers_gzip(offered);

  const std::string_view version = headers.get("Connect-Protocol-Version");
  if (!version.empty() && version != "1")
    return std::unexpected(connect_error(ConnectCode::kInvalidArgument,
                                         "Connect-Protocol-Version must be \"1\": got " + quote(version)));
  if (auto error = timeout_error(headers.get("Connect-Timeout-Ms")))
    return std::unexpected(*std::move(error));
  return call;
}

http::ServerResponse connect_error(ConnectCode code, std::string_view message) {
  const CodeText text = text_of(code);
  std::string body;
  json::Writer(body).begin_object().field("code", text.name).field("message", message).end_object();
  return {text.status, {{"Content-Type", std::string(kJson)}, {"Accept-Encoding", "gzip"}}, std::move(body)};
}

http::ServerResponse connect_empty_answer(const ConnectCall& call) {
  http::ServerResponse answer{
      200, {{"Content-Type", call.content_type}, {"Accept-Encoding", "gzip"}}, call.json ? "{}" : ""};
  if (!call.gzip_answer) return answer;
  static const std::string packed[] = {packed_text(""), packed_text("{}")};
  answer.headers.add("Content-Encoding", "gzip");
  answer.body = packed[call.json];
  return answer;
}

http::ServerResponse call_error(const ConnectCall& call, ConnectCode code, std::string_view message) {
  return call.protocol == RpcProtocol::kConnect ? connect_error(code, message)
                                                : grpc_error(call, code, message);
}

http::ServerResponse call_empty_answer(const ConnectCall& call) {
  return call.protocol == RpcProtocol::kConnect ? connect_empty_answer(call) : grpc_empty_answer(call);
}

}  // namespace invar::components::pyroscope_receive_http
