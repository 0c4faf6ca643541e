// The server's side of a unary call: what the headers must say, and how answers and errors look. Pure.
// Spoken: Connect, gRPC and gRPC-Web (grpc.h); protobuf and JSON; gzip in both directions of Connect, and for requests of the others.
// Source: pyroscope-receive-http-relabel-enrich.md A4; pyroscope-write.md 4 (codes).
#pragma once

#include <string>
#include <string_view>

#include "http/server.h"

namespace invar::components::pyroscope_receive_http {

enum class ConnectCode { kDeadlineExceeded, kInvalidArgument, kUnimplemented, kUnavailable };

enum class RpcProtocol { kConnect, kGrpc, kGrpcWeb };

struct ConnectCall {
  RpcProtocol protocol = RpcProtocol::kConnect;
  std::string content_type;  // as it is answered
  bool json = false;
  bool gzip_request = false, gzip_answer = false;
};

// Errors are the answer to send.
std::expected<ConnectCall, http::ServerResponse> open_connect_call(const http::Headers& headers);

http::ServerResponse connect_error(ConnectCode code, std::string_view message);
// A message without fields: nothing, or "{}".
http::ServerResponse connect_empty_answer(const ConnectCall& call);

// In the protocol of the call.
http::ServerResponse call_error(const ConnectCall& call, ConnectCode code, std::string_view message);
http::ServerResponse call_empty_answer(const ConnectCall& call);

}  // namespace invar::components::pyroscope_receive_http
