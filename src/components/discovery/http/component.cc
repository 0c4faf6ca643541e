#include "components/discovery/http/component.h"

#include "component/discovery.h"
#include "components/discovery/http/arguments.h"
#include "components/discovery/http/discovery.h"

namespace invar::components::discovery_http {
namespace {

constexpr const char* kDocumentation =
    R"(The server answers `GET <url>` with status 200, `Content-Type: application/json` and a list of target groups:

```json
[{"targets": ["10.0.0.1:8080", "10.0.0.2:8080"], "labels": {"env": "prod"}}]
```

Each entry of `targets` becomes the label `__address__` of one target; `labels` are added to every target of the group. The
label `__meta_url` holds the URL, without a password. The request carries `X-Prometheus-Refresh-Interval-Seconds`.

When a request fails, or the answer is not as described, the targets found before stay exported and the component is unhealthy;
the reason is in the log and in its health. New targets are exported at once after a start or a change of the arguments,
afterwards at most every five seconds (every second while few targets change), and only when they differ.
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
  return component::discovery_registration<Arguments>({.name = "discovery.http",
                                                       .summary = "Fetches targets from an HTTP endpoint.",
                                                       .arguments = &arguments_schema,
                                                       .documentation = kDocumentation,
                                                       .example = kExample},
                                                      &make_discoverer);
}

}  // namespace invar::components::discovery_http
