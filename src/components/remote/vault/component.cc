#include "components/remote/vault/component.h"

#include "components/remote/vault/arguments.h"
#include "components/remote/vault/vault.h"
#include "http/proxy.h"

namespace invar::components::remote_vault {
namespace {

constexpr const char* kDocumentation =
    R"(Reads a secret of a KV engine, version 1 or 2, and exports its texts as secrets. Fields that are no texts are left out, with a
warning. `path` is the engine's path and the secret's, `secret/shop/push`; where the engine's path has slashes itself, write it as
`path` and the secret's as `key`.

Exactly one `auth.*` block says who asks. A token that was given by a login is renewed after two thirds of its lease; one that cannot
be renewed, or is refused, is replaced by another login.

`auth.aws` signs with the credentials that `discovery.ec2` describes, those of an instance's or pod's role among them; with
its type `ec2` an instance shows what AWS signed about it. Vault takes a second login of an instance only from who made the first, by a
nonce that does not outlive Invar's process: after a restart it is refused, unless the role allows it, so `iam` is the better one.
`auth.azure` is for machines with a managed identity. `auth.gcp` of the type `gce` is for
machines of Google Cloud, that of the type `iam` signs as a service account, by the credentials that `discovery.gce` describes.

With `reread_frequency` the secret is read that often. Without it, it is read again when its lease ends, and never if it has none,
which is so for version 2. A secret that an engine makes for whoever asks is renewed after two thirds of its lease, and another one is
asked for where that cannot be. The loading of the configuration does not wait for it. While it cannot be read the last data stays
exported, the component is unhealthy and says why, and it is tried again.

The environment variables `VAULT_CACERT`, `VAULT_CLIENT_CERT`, `VAULT_CLIENT_KEY`, `VAULT_TLS_SERVER_NAME` and `VAULT_SKIP_VERIFY` say
how the server is verified, as for Vault's own tools.

It is experimental as it was tested against the documented answers of Vault, Azure and Google only, not against a Vault; what
`auth.aws` signs with `iam` was tested against moto, an imitation of AWS.
)";

constexpr const char* kExample = R"(remote.vault "push" {
  server           = "https://vault.example.com:8200"
  path             = "secret/profiling/push"
  reread_frequency = "5m"

  auth.kubernetes {
    role = "invar"
  }
}

pyroscope.write "backend" {
  endpoint {
    url          = "http://127.0.0.1:4040"
    bearer_token = remote.vault.push.data["token"]
  }
}
)";

http::ClientConfig tls_of_environment() {
  const auto environment = http::process_environment();
  http::TlsConfig tls;
  tls.ca_file = environment("VAULT_CACERT");
  tls.cert_file = environment("VAULT_CLIENT_CERT");
  tls.key_file = environment("VAULT_CLIENT_KEY");
  tls.server_name = environment("VAULT_TLS_SERVER_NAME");
  const std::string skip = environment("VAULT_SKIP_VERIFY");
  tls.insecure_skip_verify = skip == "1" || skip == "t" || skip == "true" || skip == "TRUE" || skip == "True";
  http::ClientConfig config;
  if (tls != http::TlsConfig{}) config.tls = std::move(tls);
  return config;
}

}  // namespace

component::Registration registration() {
  return {
      .name = "remote.vault",
      .summary = "Exports the values of a secret of HashiCorp Vault.",
      .stability = syntax::Stability::kExperimental,
      .arguments = &arguments_schema,
      .exports = &exports_schema,
      .build =
          [](component::Options options, const component::Boxed& arguments) {
            return build(tls_of_environment(), http::process_environment(), std::move(options), arguments);
          },
      .documentation = kDocumentation,
      .example = kExample,
  };
}

}  // namespace invar::components::remote_vault
