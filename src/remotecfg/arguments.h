// The `remotecfg` block: where the remote configuration comes from and who asks for it. Spec: remotecfg.md 1.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "base/time.h"
#include "http/client.h"
#include "syntax/schema.h"

namespace invar::remotecfg {

struct Arguments {
  std::string url;  // "": no remote configuration
  std::string id;   // "": the instance's
  std::string name;
  std::map<std::string, std::string> attributes;
  Duration poll_frequency = std::chrono::minutes(1);
  http::ClientConfig client;
  bool operator==(const Arguments&) const = default;
};

const syntax::Schema& schema();

}  // namespace invar::remotecfg
