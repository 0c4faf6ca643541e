#include "components/discovery/gce/discovery.h"

#include <fmt/format.h>

#include "component/fetcher.h"
#include "component/json_fields.h"
#include "component/poller.h"

namespace invar::components::discovery_gce {
namespace {

constexpr auto kTimeout = std::chrono::seconds(60);
constexpr const char* kScope = "https://www.googleapis.com/auth/compute.readonly";
constexpr int kMostPages = 1000;

class GceDiscoverer final : public component::PolledDiscoverer {
 public:
  GceDiscoverer(const component::Options& options, const Arguments& arguments,
                std::unique_ptr<http::Client> client, std::unique_ptr<google::TokenSource> tokens)
      : PolledDiscoverer(options, "gce", arguments.refresh_interval),
        arguments_(arguments),
        fetcher_(std::move(client)),
        tokens_(std::move(tokens)) {}

 private:
  void refresh(Done done) override {
    targets_.clear();
    pages_ = 0;
    tokens_->get(alive_.bind([this, done = std::move(done)](Result<std::string> token) mutable {
      if (!token) return done(std::unexpected(token.error()));
      list(*token, "", std::move(done));
    }));
  }

  void list(const std::string& token, const std::string& page, Done done) {
    http::Request request;
    request.url =
        fmt::format("https://compute.googleapis.com/compute/v1/projects/{}/zones/{}/instances?maxResults=500",
                    http::path_escape(arguments_.project), http::path_escape(arguments_.zone));
    if (!arguments_.filter.empty()) request.url += "&filter=" + http::query_escape(arguments_.filter);
    if (!page.empty()) request.url += "&pageToken=" + http::query_escape(page);
    request.timeout = kTimeout;
    request.headers.set("Authorization", "Bearer " + token);
    fetcher_.send(std::move(request), alive_.bind([this, token, done = std::move(done)](auto answer) mutable {
      if (!answer) {
        tokens_->forget();
        return done(std::unexpected(answer.error().wrapped("error retrieving refresh targets from gce")));
      }
      const auto body = component::parse_answer(answer->body);
      if (!body) return done(std::unexpected(body.error()));
      read_instances(*body, arguments_, targets_);
      const std::string next = component::text_field(*body, "nextPageToken");
      if (!next.empty() && ++pages_ < kMostPages) return list(token, next, std::move(done));
      component::Groups groups;
      groups.emplace(fmt::format("GCE_{}_{}", arguments_.project, arguments_.zone), std::move(targets_));
      done(std::move(groups));
    }));
  }

  const Arguments arguments_;
  component::Fetcher fetcher_;
  std::unique_ptr<google::TokenSource> tokens_;
  component::Targets targets_;  // of the refresh under way
  int pages_ = 0;
  async::Alive alive_;
};

}  // namespace

Result<std::unique_ptr<component::Discoverer>> make_discoverer(google::Environment environment,
                                                               const component::Options& options,
                                                               const Arguments& arguments) {
  INVAR_ASSIGN_OR_RETURN(auto client, options.http->make_client({}, options.id));
  INVAR_ASSIGN_OR_RETURN(auto tokens, google::TokenSource::make(options, kScope, std::move(environment)));
  return std::make_unique<GceDiscoverer>(options, arguments, std::move(client), std::move(tokens));
}

}  // namespace invar::components::discovery_gce
