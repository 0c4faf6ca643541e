#include "kube/refusal.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "http/answer_body.h"
#include "http/shown_body.h"
#include "kube/decode.h"

namespace invar::kube {
namespace {

Status status_of(http::Response response) {
  (void)http::unpack(response);  // what stays packed is shown as what it is
  if (const auto envelope = open_envelope(response.body); envelope && envelope->kind == "Status") {
    if (auto status = decode_status(envelope->raw)) return *std::move(status);
  }
  // A proxy's page, or JSON of a server that does not know Protobuf.
  Status status;
  status.message = http::shown_body(response.body, response.headers.get("Content-Type"));
  return status;
}

// `pods in namespace "shop"`, `pods in all namespaces`, `nodes`.
std::string what_of(const WatchKey& key) {
  const ResourceName& name = name_of(key.resource);
  if (!name.namespaced) return std::string(name.plural);
  return key.space.empty() ? fmt::format("{} in all namespaces", name.plural)
                           : fmt::format("{} in namespace {}", name.plural, quote(key.space));
}

std::string rule_for(const WatchKey& key) {
  const ResourceName& name = name_of(key.resource);
  return fmt::format(
      R"(a {} with the rule {{apiGroups: ["{}"], resources: ["{}"], verbs: ["get", "list", "watch"]}})",
      key.space.empty() ? "ClusterRole" : "Role of that namespace", name.group, name.plural);
}

}  // namespace

Error refusal(std::string_view server, std::string_view verb, const WatchKey& key,
              const http::Response& response) {
  const Status status = status_of(response);
  const std::string because = status.message.empty() ? "" : ": " + status.message;
  switch (response.status) {
    case 401:
      return {ErrorCode::kPermissionDenied,
              fmt::format("{} does not accept the credentials (401){}", server, because)};
    case 403:
      return {ErrorCode::kPermissionDenied, fmt::format("{} does not allow to {} {}{}; it takes {}", server,
                                                        verb, what_of(key), because, rule_for(key))};
    case 404:
      return {ErrorCode::kNotFound,
              fmt::format("{} has no {} of {} (404)", server, name_of(key.resource).plural,
                          name_of(key.resource).group.empty() ? "v1" : name_of(key.resource).group)};
    default:
      return {ErrorCode::kUnavailable, fmt::format("{} answered {} when asked to {} {}{}", server,
                                                   response.status_line, verb, what_of(key), because)};
  }
}

bool needs_new_list(const http::Response& response) {
  if (response.status == 410) return true;
  return response.status == 504 &&
         status_of(response).message.find("Too large resource version") != std::string::npos;
}

Duration asked_delay(const http::Response& response) {
  if (const auto seconds = parse_uint(response.headers.get("Retry-After")); seconds && *seconds < 3600) {
    return std::chrono::seconds(*seconds);
  }
  return {};
}

}  // namespace invar::kube
