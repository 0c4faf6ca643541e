// The arguments and exports of remote.http. Spec: discovery.md 13.
#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "http/client.h"
#include "syntax/schema.h"

namespace invar::components::remote_http {

struct Arguments {
  std::string url;
  Duration poll_frequency = std::chrono::minutes(1);
  std::optional<Duration> poll_timeout;  // none: 10s, and never longer than poll_frequency
  bool is_secret = false;
  std::string method = "GET";
  std::map<std::string, std::string> headers;
  std::string body;
  http::ClientConfig client;
  [[nodiscard]] Duration timeout() const {
    return poll_timeout.value_or(std::min<Duration>(poll_frequency, std::chrono::seconds(10)));
  }
  bool operator==(const Arguments&) const = default;
};

struct Exports {
  syntax::OptionalSecretText content;
  bool operator==(const Exports&) const = default;
};

const syntax::Schema& arguments_schema();
const syntax::Schema& exports_schema();

}  // namespace invar::components::remote_http
