// The arguments and exports of remote.s3. Spec: discovery.md 13.
#pragma once

#include <chrono>
#include <string>

#include "http/client.h"
#include "syntax/schema.h"

namespace invar::components::remote_s3 {

struct Client {
  std::string key;
  http::SecretText secret;
  std::string endpoint;
  bool disable_ssl = false;
  bool use_path_style = false;
  std::string region, signing_region;
  bool operator==(const Client&) const = default;
};

struct Arguments {
  std::string path;
  Duration poll_frequency = std::chrono::minutes(10);
  bool is_secret = false;
  Client client;
  bool operator==(const Arguments&) const = default;
};

struct Exports {
  syntax::OptionalSecretText content;
  bool operator==(const Exports&) const = default;
};

const syntax::Schema& arguments_schema();
const syntax::Schema& exports_schema();

// "s3://bucket/a/b". Errors: what is wrong with it. Pure.
struct Place {
  std::string bucket, key;
};
Result<Place> parse_path(std::string_view path);

// Where the object is: `endpoint` is AWS' own of the region or another. Pure.
std::string object_url(const Place& place, std::string endpoint, bool path_style);

}  // namespace invar::components::remote_s3
