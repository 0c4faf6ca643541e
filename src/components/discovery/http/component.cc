#include "components/discovery/http/component.h"

#include "components/discovery/http/arguments.h"
#include "components/discovery/http/discovery.h"

namespace invar::components::discovery_http {
namespace {

using component::Boxed;

class HttpComponent final : public component::Component {
 public:
  explicit HttpComponent(component::Options options)
      : options_(std::move(options)),
        discovery_(*options_.pool,
                   options_.metrics->counter("prometheus_sd_http_failures_total",
                                             "Number of HTTP service discovery refresh failures.")),
        refresher_(options_, "http") {}

  Result<> configure(const Arguments& arguments) {
    INVAR_ASSIGN_OR_RETURN(auto client, options_.http->make_client(arguments.client, options_.id));
    arguments_ = arguments;
    discovery_.configure(arguments_, std::move(client));
    if (started_) run();
    return {};
  }

  void start() override {
    started_ = true;
    run();
  }

  Result<> update(const Boxed& arguments) override {
    if (arguments.as<Arguments>() == arguments_) return {};
    return configure(arguments.as<Arguments>());
  }

  void stop(async::Task done) override {
    started_ = false;
    refresher_.stop();
    discovery_.cancel();
    done();
  }

  std::optional<component::Health> health() const override { return refresher_.health(); }
  component::BodyValue debug_info() const override { return refresher_.debug_info(); }

 private:
  void run() {
    refresher_.run(arguments_.refresh_interval,
                   [this](component::Refresher::Done done) { discovery_.refresh(std::move(done)); });
  }

  component::Options options_;
  Arguments arguments_;
  bool started_ = false;
  HttpDiscovery discovery_;
  component::Refresher refresher_;
};

constexpr const char* kDocumentation =
    R"(The server answers `GET <url>` with status 200, `Content-Type: application/json` and a list of target groups:

```json
[{"targets": ["10.0.0.1:8080", "10.0.0.2:8080"], "labels": {"env": "prod"}}]
```

Each entry of `targets` becomes the label `__address__` of one target; `labels` are added to every target of the group. The
label `__meta_url` holds the URL, without a password. The request carries `X-Prometheus-Refresh-Interval-Seconds`.

When a request fails, or the answer is not as described, the targets found before stay exported; the reason is in the log and
in the component's health. New targets are exported at once after a start or a change of the arguments, afterwards at most
every five seconds, and only when they differ.
)";

constexpr const char* kExample = R"(discovery.http "services" {
  url              = "http://127.0.0.1:8080/targets"
  refresh_interval = "30s"
}

pyroscope.scrape "services" {
  targets    = discovery.http.services.targets
  forward_to = []
}
)";

}  // namespace

component::Registration registration() {
  return {
      .name = "discovery.http",
      .summary = "Fetches targets from an HTTP endpoint.",
      .arguments = &arguments_schema(),
      .exports = &component::target_exports_schema(),
      .build = [](component::Options options,
                  const Boxed& arguments) -> Result<std::unique_ptr<component::Component>> {
        auto made = std::make_unique<HttpComponent>(std::move(options));
        INVAR_TRY(made->configure(arguments.as<Arguments>()));
        return made;
      },
      .documentation = kDocumentation,
      .example = kExample,
  };
}

}  // namespace invar::components::discovery_http
