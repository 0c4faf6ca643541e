// gRPC and gRPC-Web beside Connect: the frame around the one message of a unary call, and how answers and errors look. Pure.
// gRPC-Web is made for HTTP/1.1; gRPC works over it with clients that read trailers there (connect-go does).
// Errors: kInvalidArgument in plain words. Source: the PROTOCOL-HTTP2 and PROTOCOL-WEB pages of gRPC;
// pyroscope-receive-http-relabel-enrich.md A4.
#pragma once

#include <string>
#include <string_view>

#include "components/pyroscope/receive_http/connect.h"

namespace invar::components::pyroscope_receive_http {

// `type` is canonical: lower case, "application/grpc...". Errors are the answer to send.
std::expected<ConnectCall, http::ServerResponse> open_grpc_call(std::string type,
                                                                const http::Headers& headers);

struct GrpcMessage {
  std::string_view bytes;
  bool packed = false;
};
Result<GrpcMessage> read_grpc_message(std::string_view body);

http::ServerResponse grpc_error(const ConnectCall& call, ConnectCode code, std::string_view message);
http::ServerResponse grpc_empty_answer(const ConnectCall& call);

}  // namespace invar::components::pyroscope_receive_http
