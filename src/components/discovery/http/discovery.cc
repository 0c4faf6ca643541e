#include "components/discovery/http/discovery.h"

#include "base/build_info.h"
#include "base/strings.h"
#include "component/target_group.h"

namespace invar::components::discovery_http {
namespace {

using component::TargetGroup;
using component::Targets;

Result<Targets> read_targets(std::string_view body, const std::string& url) {
  INVAR_ASSIGN_OR_RETURN(std::vector<TargetGroup> groups, component::parse_target_groups_json(body));
  Targets targets;
  for (TargetGroup& group : groups) {
    group.labels["__meta_url"] = url;
    append_targets(group, targets);
  }
  return targets;
}

}  // namespace

bool acceptable_content_type(std::string_view content_type) {
  constexpr std::string_view kJson = "application/json";
  if (!equals_ignore_case(content_type.substr(0, kJson.size()), kJson)) return false;
  std::string_view rest = content_type.substr(kJson.size());
  if (rest.empty()) return true;
  if (!rest.starts_with(';')) return false;
  rest.remove_prefix(1);
  while (!rest.empty() && (rest.front() == ' ' || rest.front() == '\t')) rest.remove_prefix(1);
  return equals_ignore_case(rest, "charset=utf-8") || equals_ignore_case(rest, "charset=\"utf-8\"");
}

void HttpDiscovery::configure(const Arguments& arguments, std::unique_ptr<http::Client> client) {
  cancel();
  arguments_ = arguments;
  client_ = std::move(client);
}

void HttpDiscovery::refresh(component::Refresher::Done done) {
  http::Request request;
  request.url = arguments_.url;
  request.timeout = arguments_.refresh_interval;
  request.max_body_bytes = kMaxBodyBytes;
  request.headers = {
      {"Accept", "application/json"},
      {"User-Agent", user_agent()},
      {"X-Prometheus-Refresh-Interval-Seconds",
       format_double(std::chrono::duration<double>(arguments_.refresh_interval).count())},
  };
  call_ =
      client_->send(std::move(request), alive_.bind([this, done = std::move(done)](auto response) mutable {
        received(std::move(response), std::move(done));
      }));
}

void HttpDiscovery::failed(std::string message, component::Refresher::Done& done) {
  failures_.add();
  done(fail(ErrorCode::kUnavailable, std::move(message)));
}

void HttpDiscovery::received(std::expected<http::Response, http::Failure> response,
                             component::Refresher::Done done) {
  if (!response) return failed(response.error().message, done);
  if (response->status != 200) return failed("server returned HTTP status " + response->status_line, done);
  const std::string_view content_type = trim_space(response->headers.get("Content-Type"));
  if (!acceptable_content_type(content_type)) {
    return failed("unsupported content type " + quote(content_type), done);
  }
  pool_.run([body = std::move(response->body),
             url = http::redact_url(arguments_.url)] { return read_targets(body, url); },
            alive_.bind([this, done = std::move(done)](Result<Targets> targets) mutable {
              if (!targets) failures_.add();
              done(std::move(targets));
            }));
}

}  // namespace invar::components::discovery_http
