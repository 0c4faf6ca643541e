// HTTP/2 by prior knowledge, over TLS by ALPN: a server that speaks it besides HTTP/1.1, and a client that speaks nothing else.
// Threads and lifetime: as in server.h and client.h.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/client.h"
#include "http/server.h"

namespace invar::http {

// Takes the body of a request part by part. kMore: it goes on; kWhole, kCut: `part` is empty, and nothing follows.
enum class BodyEnd { kMore, kWhole, kCut };
using BodySink = std::function<void(std::string_view part, BodyEnd end)>;

struct Http2Options {
  Handler handler;  // of whole requests
  // Asked with the head of a request; without a sink the request goes to the handler when it is whole. May answer before its end, so
  // that both sides talk at once.
  std::function<BodySink(const ServerRequest& head, const ResponderPtr& responder)> on_stream;
};

// Server::listen(), its requests over HTTP/1.1 to `handler`.
Result<std::unique_ptr<Server>> listen_with_http2(async::Loop& loop, std::shared_ptr<fs::FileSystem> files,
                                                  log::Logger logger, ServerOptions options, Handler handler,
                                                  Http2Options http2);

// Errors: those of Transport::make_client(). A transport of a test makes its usual client.
Result<std::unique_ptr<Client>> make_http2_client(Transport& transport, const ClientConfig& config,
                                                  const std::string& dialer_name);

}  // namespace invar::http
