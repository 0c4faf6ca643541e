// The arguments and exports of remote.http. Spec: discovery.md 13.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "http/client.h"
#include "syntax/schema.h"

namespace invar::components::remote_http {

struct Arguments {
  std::string url;
  Duration poll_frequency = std::chrono::minutes(1);
  Duration poll_timeout = std::chrono::seconds(10);
  bool is_secret = false;
  std::string method = "GET";
  std::map<std::string, std::string> headers;
  std::string body;
  http::ClientConfig client;
  bool operator==(const Arguments&) const = default;
};

struct Exports {
  syntax::OptionalSecretText content;
  bool operator==(const Exports&) const = default;
};

const syntax::Schema& arguments_schema();
const syntax::Schema& exports_schema();

}  // namespace invar::components::remote_http
