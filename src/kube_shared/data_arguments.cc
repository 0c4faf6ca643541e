#include "kube_shared/data_arguments.h"

#include "base/strings.h"
#include "component/http_client_schema.h"
#include "component/url_rule.h"

namespace invar::kube_shared {
namespace {

Result<> check_client(const DataClient& client) {
  if (!client.api_server.empty() && !client.kubeconfig_file.empty())
    return invalid("only one of api_server and kubeconfig_file can be set");
  if (client.http == http::ClientConfig{}) return {};
  if (!client.kubeconfig_file.empty())
    return invalid("custom HTTP client configuration is not allowed when kubeconfig_file is set");
  if (client.api_server.empty())
    return invalid("api_server must be set when custom HTTP client configuration is provided");
  return {};
}

// What may stand in the path of a request.
Result<> check_name(std::string_view what, const std::string& name) {
  if (name.empty()) return invalid(std::string(what) + " name may not be empty");
  if (name == "." || name == ".." || name.find_first_of("/%") != std::string::npos)
    return invalid("invalid " + std::string(what) + " name " + quote(name));
  return {};
}

Result<> check(const DataArguments& arguments) {
  if (arguments.poll_frequency <= Duration::zero()) return invalid("poll_frequency must be greater than 0");
  if (arguments.poll_timeout <= Duration::zero()) return invalid("poll_timeout must be greater than 0");
  INVAR_TRY(check_name("namespace", arguments.space));
  return check_name("resource", arguments.name);
}

const syntax::Schema& client_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<DataClient>()
          .attribute_with<component::UrlCodec>("api_server", &DataClient::api_server,
                                               "URL of the API server; without it and `kubeconfig_file` the "
                                               "service account of the pod is used.")
          .valid([](const DataClient& client) -> std::optional<syntax::DecodeError> {
            if (client.api_server.empty()) return std::nullopt;
            return component::check_server_url(client.api_server,
                                               {.example = "https://10.0.0.1:6443", .query_allowed = false});
          })
          .attribute("kubeconfig_file", &DataClient::kubeconfig_file,
                     "A kubeconfig; its current context is used.")
          .squash(&DataClient::http, component::http_client_schema())
          .check(check_client)
          .build();
  return schema;
}

}  // namespace

const syntax::Schema& data_arguments_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<DataArguments>()
          .attribute("namespace", &DataArguments::space, "Its namespace.")
          .required()
          .attribute("name", &DataArguments::name, "Its name.")
          .required()
          .attribute("poll_frequency", &DataArguments::poll_frequency, "How often the API server is asked.")
          .attribute("poll_timeout", &DataArguments::poll_timeout, "Time limit of one request.")
          .block("client", &DataArguments::client, client_schema(), "How the API server is reached.")
          .check(check)
          .build();
  return schema;
}

const syntax::Schema& data_exports_schema() {
  static const syntax::Schema schema = syntax::SchemaBuilder<DataExports>()
                                           .attribute("data", &DataExports::data, "The values by their keys.")
                                           .build();
  return schema;
}

}  // namespace invar::kube_shared
