// The server's side of a Connect unary call: what the headers must say, and how answers and errors look. Pure.
// Spoken: protobuf and JSON, gzip in both directions. gRPC and gRPC-Web are other protocols: 415.
// Source: A4 of the relay's page; pyroscope-write.md 4 (codes).
#pragma once

#include <string>
#include <string_view>

#include "http/server.h"

namespace invar::components::pyroscope_receive_http {

enum class ConnectCode { kDeadlineExceeded, kInvalidArgument, kUnimplemented, kUnavailable };

struct ConnectCall {
  std::string content_type;  // as it is answered
  bool json = false;
  bool gzip_request = false, gzip_answer = false;
};

// Errors are the answer to send.
std::expected<ConnectCall, http::ServerResponse> open_connect_call(const http::Headers& headers);

http::ServerResponse connect_error(ConnectCode code, std::string_view message);
// A message without fields: nothing, or "{}".
http::ServerResponse connect_empty_answer(const ConnectCall& call);

}  // namespace invar::components::pyroscope_receive_http
