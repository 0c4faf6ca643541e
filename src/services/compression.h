// Sends an answer gzipped to clients that accept it: metrics, JSON and pages shrink to a tenth.
// Threads: loop thread only. Spec: cli-http-ui.md 5, 6.
#pragma once

#include "http/server.h"

namespace invar::services {

// RFC 9110: `gzip` or `*` with a weight above zero. Pure.
bool accepts_gzip(std::string_view accept_encoding);

void send_compressed(const http::ServerRequest& request, const http::ResponderPtr& responder,
                     http::ServerResponse response);

}  // namespace invar::services
