#include "components/pyroscope/receive_http/route.h"

#include <array>

namespace invar::components::pyroscope_receive_http {
namespace {

struct Served {
  std::string_view path;
  Route route;
};
constexpr std::array kServed = {
    Served{"/ingest", Route::kIngest},
    Served{"/pyroscope/ingest", Route::kIngest},
    Served{"/push.v1.PusherService/Push", Route::kPush},
    Served{"/pyroscope/push.v1.PusherService/Push", Route::kPush},
    Served{"/ready", Route::kReady},
    Served{"/v1development/profiles", Route::kOtlp},
    Served{"/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export", Route::kOtlp},
};

constexpr std::string_view kWays =
    "profiles are taken by POST at /ingest and /push.v1.PusherService/Push; the address that a client is "
    "given ends "
    "before these paths";

// "//a///b/" -> "/a/b"
std::string without_extra_slashes(std::string_view path) {
  std::string out;
  out.reserve(path.size());
  for (const char c : path)
    if (c != '/' || !out.ends_with('/')) out += c;
  if (out.size() > 1 && out.ends_with('/')) out.pop_back();
  return out;
}

}  // namespace

Route route_of(std::string_view path) {
  const std::string plain = without_extra_slashes(path);
  for (const Served& served : kServed)
    if (served.path == plain) return served.route;
  return Route::kOther;
}

std::string_view metric_name(Route route) {
  switch (route) {
    case Route::kIngest:
      return "ingest";
    case Route::kPush:
      return "push_v1_pusherservice";
    case Route::kReady:
      return "ready";
    case Route::kOtlp:
    case Route::kOther:
      break;
  }
  return "other";
}

std::string advice(Route route, std::string_view method) {
  switch (route) {
    case Route::kIngest:
    case Route::kPush:
      return "profiles are sent here by POST, not by " + std::string(method);
    case Route::kReady:
      return "the state is asked for by GET, not by " + std::string(method);
    case Route::kOtlp:
      return "OpenTelemetry profiles are not taken here; " + std::string(kWays);
    case Route::kOther:
      break;
  }
  return "nothing is served at this path; " + std::string(kWays);
}

}  // namespace invar::components::pyroscope_receive_http
