#include "components/discovery/azure/discovery.h"

#include <fmt/format.h>

#include <deque>
#include <map>

#include "base/strings.h"
#include "component/address.h"
#include "component/fetcher.h"
#include "component/json_fields.h"
#include "component/poller.h"
#include "components/discovery/azure/machines.h"
#include "components/discovery/azure/token.h"

namespace invar::components::discovery_azure {
namespace {

using component::text_field;
using syntax::Value;

constexpr auto kTimeout = std::chrono::seconds(60);
constexpr const char* kComputeVersion = "api-version=2023-09-01";
constexpr const char* kNetworkVersion = "api-version=2023-05-01";
constexpr const char* kScaleSetNetworkVersion = "api-version=2018-10-01";
constexpr std::size_t kMostRequests = 100'000;  // of one refresh
constexpr int kRememberedRefreshes = 10;

class AzureDiscoverer final : public component::PolledDiscoverer {
 public:
  AzureDiscoverer(const component::Options& options, const Arguments& arguments,
                  std::unique_ptr<http::Client> client, std::unique_ptr<TokenSource> tokens)
      : PolledDiscoverer(options, "azure", arguments.refresh_interval),
        arguments_(arguments),
        resources_(find_cloud(arguments.environment)->resources),
        failures_(options.metrics->counter("prometheus_sd_azure_failures_total",
                                           "Number of Azure service discovery refresh failures.")),
        cache_hits_(options.metrics->counter("prometheus_sd_azure_cache_hit_total",
                                             "Number of network interfaces that were remembered.")),
        fetcher_(std::move(client)),
        tokens_(std::move(tokens)) {}

 private:
  enum class What { kMachines, kScaleSets, kInterface };
  struct Step {
    What what;
    std::string url;        // of an interface: its id
    std::string scale_set;  // whose machines are listed
  };
  struct Remembered {
    Interface nic;
    int refreshes_left = 0;
  };

  void refresh(Done done) override {
    done_ = std::move(done);
    machines_.clear();
    requests_ = 0;
    const std::string compute = fmt::format("{}/subscriptions/{}/providers/Microsoft.Compute", resources_,
                                            http::path_escape(arguments_.subscription_id));
    steps_ = {{What::kMachines, fmt::format("{}/virtualMachines?{}", compute, kComputeVersion), ""},
              {What::kScaleSets, fmt::format("{}/virtualMachineScaleSets?{}", compute, kComputeVersion), ""}};
    for (auto& [id, remembered] : interfaces_) --remembered.refreshes_left;
    std::erase_if(interfaces_, [](const auto& entry) { return entry.second.refreshes_left <= 0; });
    listed_ = false;
    next();
  }

  void next() {
    if (steps_.empty() && !listed_) {
      listed_ = true;
      ask_for_interfaces();
    }
    if (steps_.empty()) return publish();
    if (++requests_ > kMostRequests)
      return finish(fail(ErrorCode::kResourceExhausted, "Azure's lists do not end"));
    if (!tokens_) return send("");
    tokens_->get(alive_.bind([this](Result<std::string> token) {
      token ? send(*token) : finish(std::unexpected(token.error()));
    }));
  }

  void send(const std::string& token) {
    Step step = std::move(steps_.front());
    steps_.pop_front();
    http::Request request;
    request.url = step.url;
    if (step.what == What::kInterface) {
      const bool of_scale_set =
          to_lower_ascii(step.url).find("/virtualmachinescalesets/") != std::string::npos;
      request.url = fmt::format("{}{}?{}&$expand=IPConfigurations%2FPublicIPAddress", resources_, step.url,
                                of_scale_set ? kScaleSetNetworkVersion : kNetworkVersion);
    }
    request.timeout = kTimeout;
    if (!token.empty()) request.headers.set("Authorization", "Bearer " + token);
    fetcher_.send(std::move(request),
                  alive_.bind([this, step = std::move(step)](Result<http::Response> answer) {
                    const bool gone = !answer && answer.error().code == ErrorCode::kNotFound;
                    if (gone && step.what == What::kInterface) return next();  // and so is its machine
                    if (!answer) {
                      if (tokens_) tokens_->forget();
                      return finish(std::unexpected(answer.error()));
                    }
                    const auto body = component::parse_answer(answer->body);
                    if (!body) return finish(std::unexpected(body.error()));
                    take(step, *body);
                    next();
                  }));
  }

  void take(const Step& step, const Value& body) {
    if (step.what == What::kInterface) {
      interfaces_[step.url] = {read_interface(body), kRememberedRefreshes};
      return;
    }
    for (const Value& item : component::items_of(component::field(body, "value"))) {
      if (step.what == What::kMachines) {
        machines_.push_back(read_machine(item, step.scale_set, arguments_));
      } else {
        steps_.push_back(
            {What::kMachines,
             fmt::format("{}{}/virtualMachines?{}", resources_, text_field(item, "id"), kComputeVersion),
             text_field(item, "name")});
      }
    }
    // Only where the list came from: the next page is asked for with the same token.
    if (const std::string page = text_field(body, "nextLink"); page.starts_with(resources_ + "/"))
      steps_.push_front({step.what, page, step.scale_set});
  }

  void ask_for_interfaces() {
    for (const Machine& machine : machines_) {
      for (const std::string& id : machine.interfaces) {
        if (interfaces_.contains(id)) {
          cache_hits_.add();
        } else {
          steps_.push_back({What::kInterface, id, ""});
        }
      }
    }
  }

  void publish() {
    component::Targets targets;
    for (Machine& machine : machines_) {
      for (const std::string& id : machine.interfaces) {
        const Interface& nic = interfaces_[id].nic;
        if (!nic.allocated) break;  // the machine does not run
        if (!nic.primary || nic.private_ip.empty()) continue;
        machine.labels["__address__"] =
            component::join_host_port(nic.private_ip, std::to_string(arguments_.port));
        machine.labels["__meta_azure_machine_private_ip"] = nic.private_ip;
        if (!nic.public_ip.empty()) machine.labels["__meta_azure_machine_public_ip"] = nic.public_ip;
        targets.emplace_back(machine.labels);
        break;
      }
    }
    component::Groups groups;
    groups.emplace("azure", std::move(targets));
    finish(std::move(groups));
  }

  void finish(Result<component::Groups> result) {
    steps_.clear();
    if (!result) failures_.add();
    auto done = std::move(done_);
    done(std::move(result));
  }

  const Arguments arguments_;
  const std::string resources_;
  metrics::Counter& failures_;
  metrics::Counter& cache_hits_;
  component::Fetcher fetcher_;
  std::unique_ptr<TokenSource> tokens_;           // null: the client has the tokens
  std::map<std::string, Remembered> interfaces_;  // by id

  // The refresh under way.
  Done done_;
  std::deque<Step> steps_;
  std::vector<Machine> machines_;
  std::size_t requests_ = 0;
  bool listed_ = false;  // all machines are known
  async::Alive alive_;
};

}  // namespace

Result<std::unique_ptr<component::Discoverer>> make_discoverer(const Environment& environment,
                                                               const component::Options& options,
                                                               const Arguments& arguments) {
  const Cloud& cloud = *find_cloud(arguments.environment);
  http::ClientConfig config = arguments.client;
  std::unique_ptr<TokenSource> tokens;
  Result<Access> access = choose_access(arguments, environment);
  const auto* application = access ? std::get_if<OAuth>(&access->identity) : nullptr;
  if (application != nullptr) {
    http::OAuth2 oauth;
    oauth.client_id = application->client_id;
    oauth.client_secret = application->client_secret;
    oauth.token_url =
        fmt::format("{}/{}/oauth2/v2.0/token", access->login, http::path_escape(application->tenant_id));
    oauth.scopes = {fmt::format("{}/.default", cloud.audience)};
    oauth.proxy = config.proxy;
    config.oauth2 = std::move(oauth);
  } else {
    http::ClientConfig of_tokens;
    if (access && std::holds_alternative<Federated>(access->identity)) of_tokens.proxy = config.proxy;
    INVAR_ASSIGN_OR_RETURN(auto asking, options.http->make_client(of_tokens, options.id));
    tokens = std::make_unique<TokenSource>(options, std::move(asking), std::move(access),
                                           std::string(cloud.audience));
  }
  INVAR_ASSIGN_OR_RETURN(auto client, options.http->make_client(config, options.id));
  return std::make_unique<AzureDiscoverer>(options, arguments, std::move(client), std::move(tokens));
}

}  // namespace invar::components::discovery_azure
