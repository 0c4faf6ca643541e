#include "components/discovery/http/discovery.h"

#include "base/build_info.h"
#include "base/strings.h"
#include "codec/content_coding.h"
#include "component/poller.h"
#include "component/target_group.h"
#include "http/answer_body.h"

namespace invar::components::discovery_http {
namespace {

using component::Groups;

// One source: the order of the groups does not matter, and each answer is the whole truth.
Result<Groups> read_groups(std::string_view body, const std::string& url) {
  INVAR_ASSIGN_OR_RETURN(auto groups, component::parse_target_groups_json(body));
  component::Targets targets;
  for (component::TargetGroup& group : groups) {
    group.labels["__meta_url"] = url;
    append_targets(group, targets);
  }
  return Groups{{url, std::move(targets)}};
}

class HttpDiscoverer final : public component::PolledDiscoverer {
 public:
  HttpDiscoverer(const component::Options& options, const Arguments& arguments,
                 std::unique_ptr<http::Client> client)
      : PolledDiscoverer(options, "http", arguments.refresh_interval),
        pool_(*options.pool),
        failures_(options.metrics->counter("prometheus_sd_http_failures_total",
                                           "Number of HTTP service discovery refresh failures.")),
        url_(arguments.url),
        interval_(arguments.refresh_interval),
        client_(std::move(client)) {}

 private:
  void refresh(Done done) override {
    http::Request request;
    request.url = url_;
    request.timeout = interval_;
    request.max_body_bytes = kMaxBodyBytes;
    request.headers = {
        {"Accept", "application/json"},
        {"User-Agent", user_agent()},
        {"X-Prometheus-Refresh-Interval-Seconds",
         format_double(std::chrono::duration<double>(interval_).count())},
    };
    call_ =
        client_->send(std::move(request), alive_.bind([this, done = std::move(done)](auto response) mutable {
          received(std::move(response), std::move(done));
        }));
  }

  void received(std::expected<http::Response, http::Failure> response, Done done) {
    if (!response) return failed(std::move(response.error().message), done);
    if (response->status != 200)
      return failed("server returned HTTP status " + response->status_line + http::what_it_says(*response),
                    done);
    const std::string_view content_type = trim_space(response->headers.get("Content-Type"));
    if (!acceptable_content_type(content_type))
      return failed("unsupported content type " + quote(content_type), done);
    pool_.run(
        [body = std::move(response->body), coding = std::string(response->headers.get("Content-Encoding")),
         url = http::redact_url(url_)]() mutable -> Result<Groups> {
          INVAR_ASSIGN_OR_RETURN(body, codec::undo_content_coding(std::move(body), coding, kMaxBodyBytes));
          return read_groups(body, url);
        },
        alive_.bind([this, done = std::move(done)](Result<Groups> groups) mutable {
          if (!groups) return failed(std::move(groups.error().message), done);
          done(std::move(groups));
        }));
  }

  void failed(std::string message, Done& done) {
    failures_.add();
    done(fail(ErrorCode::kUnavailable, http::redact_url(url_) + ": " + std::move(message)));
  }

  async::WorkerPool& pool_;
  metrics::Counter& failures_;
  const std::string url_;
  const Duration interval_;
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<http::Call> call_;  // before the client that made it is gone
  async::Alive alive_;
};

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

Result<std::unique_ptr<component::Discoverer>> make_discoverer(const component::Options& options,
                                                               const Arguments& arguments) {
  INVAR_ASSIGN_OR_RETURN(auto client, options.http->make_client(arguments.client, options.id));
  return std::make_unique<HttpDiscoverer>(options, arguments, std::move(client));
}

}  // namespace invar::components::discovery_http
