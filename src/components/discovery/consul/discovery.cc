#include "components/discovery/consul/discovery.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/strings.h"
#include "component/json_fields.h"
#include "component/shortest_interval.h"
#include "components/discovery/consul/service.h"
#include "consul/labels.h"
#include "consul/watch.h"
#include "http/backoff.h"

namespace invar::components::discovery_consul {
namespace {

using component::Targets;
using syntax::Value;

constexpr auto kSelfTimeout = std::chrono::seconds(15);
constexpr Duration kLeastPause = std::chrono::seconds(1);
const std::vector<double> kSeconds = {0.01, 0.1, 1, 10, 120};

class ConsulDiscoverer final : public component::Discoverer {
 public:
  ConsulDiscoverer(std::function<double()> random, const component::Options& options,
                   const Arguments& arguments, std::unique_ptr<http::Client> client)
      : random_(std::move(random)),
        loop_(*options.loop),
        failures_(options.metrics->counter("prometheus_sd_consul_rpc_failures_total",
                                           "The number of Consul RPC call failures.")),
        catalog_seconds_(duration(*options.metrics, "catalog", "services")),
        service_seconds_(duration(*options.metrics, "health", "service")),
        arguments_(arguments),
        interval_(component::usable_interval(arguments.refresh_interval, options.logger)),
        client_(std::move(client), arguments.access),
        datacenter_(arguments.access.datacenter),
        retry_(loop_) {}

  void start(component::GroupSink& sink) override {
    sink_ = &sink;
    if (datacenter_.empty()) {
      find_datacenter();
    } else {
      watch();
    }
  }

  component::BodyValue debug_info() const override {
    component::BodyValue body;
    body.attribute("datacenter", syntax::Value(datacenter_));
    for (const auto& [name, service] : services_) {
      if (!service.error) continue;
      component::BodyValue broken;
      broken.attribute("error", syntax::Value(service.error->message));
      body.block("service", name, std::move(broken));
    }
    return body;
  }

 private:
  using Answer = Result<std::optional<Value>>;
  struct Known {
    std::unique_ptr<consul::Watch> watch;
    std::optional<Targets> targets;  // none before the first answer
    std::optional<Error> error;
    [[nodiscard]] bool reported() const { return targets || error; }
  };

  static metrics::Histogram& duration(metrics::Scope& scope, const std::string& endpoint,
                                      const std::string& call) {
    return scope.histogram("prometheus_sd_consul_rpc_duration_seconds",
                           "The duration of a Consul RPC call in seconds.", kSeconds,
                           {{"endpoint", endpoint}, {"call", call}});
  }

  // ---- the data center, which is a label of each target

  void find_datacenter() {
    self_ = client_.get("/v1/agent/self", {}, kSelfTimeout,
                        alive_.bind([this](auto answer) { found_datacenter(std::move(answer)); }));
  }

  void found_datacenter(Result<consul::Client::Answer> answer) {
    if (answer) {
      datacenter_ = component::text_field(component::field(answer->body, "Config"), "Datacenter");
      if (!datacenter_.empty()) return watch();
      answer = fail(ErrorCode::kDataLoss, "Consul at " + client_.shown() + " does not say its data center");
    }
    failures_.add();
    sink_->failed(answer.error());
    const Duration pause = std::max(kLeastPause, http::backoff(++attempts_, random_(), {}));
    retry_.arm_after(pause, [this] { find_datacenter(); });
  }

  // ---- watches

  void watch() {
    if (!arguments_.services.empty() && arguments_.tags.empty()) {
      for (const std::string& name : arguments_.services) watch(name);
      return;
    }
    catalog_ = std::make_unique<consul::Watch>(loop_, client_,
                                               plan("/v1/catalog/services", catalog_seconds_,
                                                    [this](Answer answer) { catalog(std::move(answer)); }));
  }

  void watch(const std::string& name) {
    if (services_.contains(name)) return;
    consul::Watch::Plan of = plan("/v1/health/service/" + http::path_escape(name), service_seconds_,
                                  [this, name](Answer answer) { service(name, std::move(answer)); });
    for (const std::string& tag : arguments_.tags) of.parameters.emplace_back("tag", tag);
    services_[name].watch = std::make_unique<consul::Watch>(loop_, client_, std::move(of));
  }

  consul::Watch::Plan plan(std::string path, metrics::Histogram& seconds,
                           std::function<void(Answer)> told) const {
    consul::Watch::Plan plan{
        .path = std::move(path),
        .parameters = {},
        .interval = interval_,
        .random = random_,
        .took = [&seconds](Duration took) { seconds.observe(std::chrono::duration<double>(took).count()); },
        .told = std::move(told)};
    if (arguments_.allow_stale) plan.parameters.emplace_back("stale", "true");
    for (const auto& [name, value] : arguments_.node_meta)
      plan.parameters.emplace_back("node-meta", name + ":" + value);
    return plan;
  }

  // ---- what they say

  void catalog(Answer answer) {
    catalog_error_.reset();
    if (!answer) {
      failures_.add();
      catalog_error_ = answer.error();
      return say_how_it_goes();
    }
    if (!*answer) return say_how_it_goes();
    std::map<std::string, bool> wanted;
    for (const auto& [name, tags] : component::fields_of(**answer)) {
      const auto& names = arguments_.services;
      const bool named = names.empty() || std::ranges::find(names, name) != names.end();
      if (named && consul::has_tags(tags, arguments_.tags)) wanted[name] = true;
    }
    for (const auto& [name, yes] : wanted) watch(name);
    std::erase_if(services_, [&](const auto& entry) {
      if (wanted.contains(entry.first)) return false;
      if (published_) sink_->remove(entry.first);
      return true;
    });
    catalog_known_ = true;
    publish_first();
    say_how_it_goes();
  }

  void service(const std::string& name, Answer answer) {
    Known& known = services_[name];
    known.error.reset();
    if (!answer) {
      failures_.add();
      known.error = answer.error();
    } else if (*answer) {
      known.targets = read_instances(
          **answer, {.name = name, .datacenter = datacenter_, .tag_separator = arguments_.tag_separator});
      if (published_) sink_->set(name, *known.targets);
    }
    publish_first();
    say_how_it_goes();
  }

  // Once everything that there is has been told of, or could not be.
  void publish_first() {
    if (published_ || (catalog_ && !catalog_known_)) return;
    component::Groups groups;
    for (const auto& [name, known] : services_) {
      if (!known.reported()) return;
      if (known.targets) groups[name] = *known.targets;
    }
    if (groups.empty() && !services_.empty()) return;
    published_ = true;
    sink_->replace(std::move(groups));
  }

  // Without any answer it has failed; else what cannot be had is a remark.
  void say_how_it_goes() {
    std::vector<std::string> lacking;
    const Error* first = catalog_error_ ? &*catalog_error_ : nullptr;
    bool any_works = false;
    for (const auto& [name, known] : services_) {
      if (!known.error) {
        any_works = any_works || known.targets;
        continue;
      }
      if (first == nullptr) first = &*known.error;
      if (std::ranges::find(lacking, known.error->message) == lacking.end())
        lacking.push_back(known.error->message);
    }
    if (catalog_error_ || (first != nullptr && !any_works)) return sink_->failed(*first);
    if (!published_) return;
    sink_->works();
    sink_->remark(join(lacking, "; "));
  }

  const std::function<double()> random_;
  async::Loop& loop_;
  metrics::Counter& failures_;
  metrics::Histogram &catalog_seconds_, &service_seconds_;
  const Arguments arguments_;
  const Duration interval_;
  consul::Client client_;

  component::GroupSink* sink_ = nullptr;
  std::string datacenter_;
  int attempts_ = 0;
  async::Timer retry_;
  std::unique_ptr<consul::Client::Query> self_;

  std::unique_ptr<consul::Watch> catalog_;  // null when the services are named
  std::optional<Error> catalog_error_;
  bool catalog_known_ = false;
  std::map<std::string, Known, std::less<>> services_;
  bool published_ = false;
  async::Alive alive_;
};

}  // namespace

Result<std::unique_ptr<component::Discoverer>> make_discoverer(std::function<double()> random,
                                                               const component::Options& options,
                                                               const Arguments& arguments) {
  http::ClientConfig config = arguments.client;
  consul::add_basic_auth(config, arguments.username, arguments.password);
  INVAR_ASSIGN_OR_RETURN(auto client, options.http->make_client(config, options.id));
  return std::make_unique<ConsulDiscoverer>(std::move(random), options, arguments, std::move(client));
}

}  // namespace invar::components::discovery_consul
