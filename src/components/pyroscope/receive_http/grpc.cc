#include "components/pyroscope/receive_http/grpc.h"

#include <fmt/format.h>

#include "base/strings.h"

namespace invar::components::pyroscope_receive_http {
namespace {

constexpr std::size_t kFrameHead = 5, kMaxGrpcTimeoutDigits = 8;
constexpr char kPacked = 1, kTrailers = static_cast<char>(0x80);

int number_of(ConnectCode code) {
  switch (code) {
    case ConnectCode::kInvalidArgument:
      return 3;
    case ConnectCode::kDeadlineExceeded:
      return 4;
    case ConnectCode::kUnimplemented:
      return 12;
    case ConnectCode::kUnavailable:
      return 14;
  }
  return 2;
}

std::string frame(char flags, std::string_view bytes) {
  std::string out(1, flags);
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(bytes.size() >> shift);
  return out.append(bytes);
}

// Printable ASCII stays, but for the percent sign.
std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c >= ' ' && c <= '~' && c != '%') {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

http::Headers answer_headers(const ConnectCall& call) {
  return {{"Content-Type", call.content_type}, {"Grpc-Accept-Encoding", "gzip"}};
}

// "10S": digits and a unit. Empty when there is nothing to say against it.
std::optional<http::ServerResponse> timeout_error(const ConnectCall& call, std::string_view timeout) {
  if (timeout.empty()) return std::nullopt;
  const std::string_view digits = timeout.substr(0, timeout.size() - 1);
  const auto number = parse_uint(digits);
  if (!number || digits.size() > kMaxGrpcTimeoutDigits ||
      std::string_view("HMSmun").find(timeout.back()) == std::string_view::npos)
    return grpc_error(call, ConnectCode::kInvalidArgument,
                      "protocol error: invalid timeout " + quote(timeout));
  if (*number == 0) return grpc_error(call, ConnectCode::kDeadlineExceeded, "context deadline exceeded");
  return std::nullopt;
}

}  // namespace

std::expected<ConnectCall, http::ServerResponse> open_grpc_call(std::string type,
                                                                const http::Headers& headers) {
  ConnectCall call;
  call.protocol = type.starts_with("application/grpc-web") ? RpcProtocol::kGrpcWeb : RpcProtocol::kGrpc;
  call.json = type.ends_with("+json");
  call.content_type = std::move(type);
  const std::string_view encoding = headers.get("Grpc-Encoding");
  call.gzip_request = encoding == "gzip";
  if (!call.gzip_request && !encoding.empty() && encoding != "identity")
    return std::unexpected(
        grpc_error(call, ConnectCode::kUnimplemented,
                   "unknown compression " + quote(encoding) + ": supported encodings are gzip"));
  if (auto error = timeout_error(call, headers.get("Grpc-Timeout")))
    return std::unexpected(*std::move(error));
  return call;
}

Result<GrpcMessage> read_grpc_message(std::string_view body) {
  const auto invalid = [](const std::string& why) {
    return fail(ErrorCode::kInvalidArgument, "protocol error: " + why);
  };
  if (body.size() < kFrameHead) return invalid(body.empty() ? "the call has no message" : "incomplete frame");
  std::size_t size = 0;
  for (const char c : body.substr(1, 4)) size = size << 8 | static_cast<unsigned char>(c);
  if ((body[0] & ~kPacked) != 0)
    return invalid(fmt::format("unknown frame flags {:#04x}", static_cast<unsigned char>(body[0])));
  const GrpcMessage message{body.substr(kFrameHead, size), body[0] == kPacked};
  if (message.bytes.size() < size)
    return invalid(fmt::format("promised {} bytes in the frame, got {}", size, message.bytes.size()));
  if (body.size() > kFrameHead + size) return invalid("a unary call has one message");
  return message;
}

http::ServerResponse grpc_error(const ConnectCall& call, ConnectCode code, std::string_view message) {
  http::ServerResponse answer{200, answer_headers(call), ""};
  answer.headers.add("Grpc-Status", std::to_string(number_of(code)));
  answer.headers.add("Grpc-Message", percent_encoded(message));
  return answer;
}

http::ServerResponse grpc_empty_answer(const ConnectCall& call) {
  http::ServerResponse answer{200, answer_headers(call), frame(0, call.json ? "{}" : "")};
  if (call.protocol == RpcProtocol::kGrpcWeb) {
    answer.body += frame(kTrailers, "grpc-status: 0\r\n");
  } else {
    answer.headers.add("Trailer", "Grpc-Status");
    answer.trailers.add("Grpc-Status", "0");
  }
  return answer;
}

}  // namespace invar::components::pyroscope_receive_http
