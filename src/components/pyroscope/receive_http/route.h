// Which of the paths that a Pyroscope server takes profiles at a request means. Pure.
// Doubled and trailing slashes are forgiven; what a server serves and we do not is told from what nobody serves.
// Source: pyroscope-receive-http-relabel-enrich.md A2.
#pragma once

#include <string>
#include <string_view>

namespace invar::components::pyroscope_receive_http {

enum class Route {
  kIngest,  // /ingest, /pyroscope/ingest
  kPush,    // /push.v1.PusherService/Push, also below /pyroscope
  kReady,   // /ready: what load balancers and health checks ask a Pyroscope server
  kOtlp,    // OpenTelemetry profiles: known, not taken
  kOther,
};

// `path` is decoded, without its query.
Route route_of(std::string_view path);

// The label of metrics.
std::string_view metric_name(Route route);

// One sentence for a client whose request leads nowhere: what to do instead. `method` as it was sent.
std::string advice(Route route, std::string_view method);

}  // namespace invar::components::pyroscope_receive_http
