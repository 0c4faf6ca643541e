#include "components/remote/s3/component.h"

#include "components/remote/s3/arguments.h"
#include "components/remote/s3/s3.h"
#include "http/proxy.h"

namespace invar::components::remote_s3 {
namespace {

constexpr const char* kDocumentation =
    R"(The object is read when the component starts, at every `poll_frequency`, and after a change of the arguments; at most 64 MiB of it.
The loading of the configuration does not wait for it. While it cannot be read the last content stays exported and the component is
unhealthy.

**Credentials** are `key` and `secret`, else those of AWS' usual places, as `discovery.ec2` describes them. Without a region in
`client`, the environment, the profile and the instance, and with `endpoint`, it is `us-east-1`.

It was tested against moto, an imitation of AWS, and its signatures against AWS' published examples.
)";

constexpr const char* kExample = R"(remote.s3 "token" {
  path      = "s3://profiling/push-token"
  is_secret = true
}

pyroscope.write "backend" {
  endpoint {
    url          = "http://127.0.0.1:4040"
    bearer_token = remote.s3.token.content
  }
}
)";

}  // namespace

component::Registration registration() {
  return {
      .name = "remote.s3",
      .summary = "Exports the content of an object of S3.",
      .arguments = &arguments_schema,
      .exports = &exports_schema,
      .build =
          [](component::Options options, const component::Boxed& arguments) {
            return build(http::process_environment(), std::move(options), arguments);
          },
      .documentation = kDocumentation,
      .example = kExample,
  };
}

}  // namespace invar::components::remote_s3
