// Who we are to AWS, as far as it is written down: arguments, environment and the files that AWS' own tools share.
// Threads: any; settle() reads files: on a pool. Errors: what is missing in which file; secrets are in no message.
// Source: AWS SDKs and Tools Reference Guide, "Standardized credential providers" and "Shared config and credentials files".
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "aws/sign.h"
#include "fs/filesystem.h"

namespace invar::aws {

// What a component's arguments say; all of it may be empty.
struct Identity {
  std::string access_key;
  http::SecretText secret_key;
  std::string profile, role_arn, region;
  bool operator==(const Identity&) const = default;
};

using Environment = std::function<std::string(const char* name)>;  // "" = unset

// Where credentials come from: the first of these that is set, else the instance's metadata service.
struct Settled {
  std::optional<Credentials> keys;
  struct WebIdentity {
    std::string role_arn, token;
  };
  std::optional<WebIdentity> web_identity;
  struct Container {
    std::string url, authorization;
  };
  std::optional<Container> container;

  std::string role_arn, external_id;  // a role to take with them; "" = none
  std::string region;                 // "" = that of the instance
  std::string metadata_endpoint;
};
// Where a service is: as the environment says (AWS_ENDPOINT_URL_EC2, AWS_ENDPOINT_URL), else AWS' own in the region.
std::string endpoint(std::string_view service, std::string_view region, const Environment& environment);

// The instance's metadata service, without a slash at its end.
std::string metadata_endpoint(const Environment& environment);

Result<Settled> settle(const Identity& identity, fs::FileSystem& files, const Environment& environment);

}  // namespace invar::aws
