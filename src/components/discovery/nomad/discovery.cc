#include "components/discovery/nomad/discovery.h"

#include <fmt/format.h>

#include "component/fetcher.h"
#include "component/poller.h"
#include "components/discovery/nomad/services.h"

namespace invar::components::discovery_nomad {
namespace {

using component::Groups;

constexpr auto kTimeout = std::chrono::seconds(30);

std::string without_last_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

// One request after another: the list of services, then the instances of each.
class NomadDiscoverer final : public component::PolledDiscoverer {
 public:
  NomadDiscoverer(const component::Options& options, const Arguments& arguments,
                  std::unique_ptr<http::Client> client)
      : PolledDiscoverer(options, "nomad", arguments.refresh_interval),
        failures_(options.metrics->counter("prometheus_sd_nomad_failures_total",
                                           "Number of nomad service discovery refresh failures.")),
        arguments_(arguments),
        server_(without_last_slash(arguments.server)),
        fetcher_(std::move(client)) {}

 private:
  void refresh(Done done) override {
    groups_.clear();
    get("/v1/services", arguments_.space, std::move(done), [this](const std::string& body, Done& done) {
      auto names = read_services(body);
      if (!names) return failed(names.error(), done);
      names_ = *std::move(names);
      next(std::move(done));
    });
  }

  void next(Done done) {
    if (names_.empty()) return done(std::move(groups_));
    ServiceName of = std::move(names_.back());
    names_.pop_back();
    const std::string path = "/v1/service/" + http::path_escape(of.name);
    const std::string space = of.space;
    get(path, space, std::move(done), [this, of = std::move(of)](const std::string& body, Done& done) {
      auto targets = read_instances(body, arguments_.tag_separator);
      if (!targets) return failed(targets.error(), done);
      groups_[of.space + "/" + of.name] = *std::move(targets);
      next(std::move(done));
    });
  }

  void get(const std::string& path, const std::string& space, Done done,
           std::move_only_function<void(const std::string& body, Done& done)> then) {
    http::Request request;
    request.url = fmt::format("{}{}?namespace={}&region={}", server_, path, http::query_escape(space),
                              http::query_escape(arguments_.region));
    if (arguments_.allow_stale) request.url += "&stale=";
    request.timeout = kTimeout;
    fetcher_.send(std::move(request), alive_.bind([this, done = std::move(done), then = std::move(then)](
                                                      Result<http::Response> answer) mutable {
      if (!answer) return failed(answer.error(), done);
      then(answer->body, done);
    }));
  }

  void failed(const Error& error, Done& done) {
    failures_.add();
    done(std::unexpected(error));
  }

  metrics::Counter& failures_;
  const Arguments arguments_;
  const std::string server_;
  component::Fetcher fetcher_;
  std::vector<ServiceName> names_;  // still to ask for
  Groups groups_;
  async::Alive alive_;
};

}  // namespace

Result<std::unique_ptr<component::Discoverer>> make_discoverer(const component::Options& options,
                                                               const Arguments& arguments) {
  INVAR_ASSIGN_OR_RETURN(auto client, options.http->make_client(arguments.client, options.id));
  return std::make_unique<NomadDiscoverer>(options, arguments, std::move(client));
}

}  // namespace invar::components::discovery_nomad
