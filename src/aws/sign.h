// AWS Signature Version 4: signs a request so that AWS knows who sent it.
// Shape:   sign(request, credentials, {"eu-west-1", "ec2"}, now) adds X-Amz-Date, X-Amz-Security-Token, for S3 X-Amz-Content-Sha256, and
//          Authorization. All headers that the request has by then are signed; add those that may change on the way after it.
// Needs:   a URL whose path and query are percent-encoded as AWS does it (a blank is %20); the body in body_head alone.
// Errors:  what is wrong with the URL. Threads: any; pure.
// Source:  AWS General Reference, "Signature Version 4 signing process"; its published test suite is the test.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"
#include "http/client.h"

namespace invar::aws {

struct Credentials {
  std::string access_key;
  http::SecretText secret_key, session_token;
  UnixNanos expires_unix_ns = 0;  // 0: never
  bool operator==(const Credentials&) const = default;
};

struct SigningScope {
  std::string region, service;  // "ec2", "s3", "sts"
};

Result<> sign(http::Request& request, const Credentials& credentials, const SigningScope& scope,
              UnixNanos now);

// As AWS encodes paths and queries: all but A-Z a-z 0-9 - _ . ~, and of a path the slashes.
std::string encode_path(std::string_view path);

}  // namespace invar::aws
