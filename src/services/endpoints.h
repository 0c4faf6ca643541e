// The endpoints that operators and probes call: health, readiness, reload, metrics, component handlers, the
// status page. Threads: loop thread only. Spec: cli-http-ui.md 5.
#pragma once

#include <functional>
#include <string>

#include "component/view.h"
#include "metrics/metrics.h"
#include "services/router.h"
#include "services/status_page.h"
#include "services/web_app.h"

namespace invar::services {

struct EndpointHost {
  const component::ComponentDirectory* components = nullptr;
  metrics::Registry* metrics = nullptr;
  // Re-reads and applies the configuration; `done` hears "" when it was applied whole, else the text of runtime.md 9.
  std::function<void(std::function<void(const std::string& error)> done)> reload;
  std::function<StatusInput()> status;
  std::string prefix = "/";  // of the UI, ends in '/'
  WebApp app = built_web_app();
};

void add_endpoints(Router& router, const EndpointHost& host);

}  // namespace invar::services
