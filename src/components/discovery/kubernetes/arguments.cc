#include "components/discovery/kubernetes/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/strings.h"
#include "component/choice_rule.h"
#include "component/http_client_schema.h"
#include "component/url_rule.h"
#include "kube/selector.h"

namespace invar::components::discovery_kubernetes {
namespace {

constexpr std::array<std::string_view, 6> kRoles = {"node",      "service",       "pod",
                                                    "endpoints", "endpointslice", "ingress"};

// Which selectors reach a watch of a role.
std::vector<std::string> selectors_of(Role role) {
  switch (role) {
    case Role::kPod:
      return {"pod", "node"};
    case Role::kEndpoints:
      return {"pod", "service", "endpoints"};
    case Role::kEndpointSlice:
      return {"pod", "service", "endpointslice"};
    default:
      return {std::string(to_string(role))};
  }
}

Result<> check_selectors(const Arguments& arguments) {
  const auto allowed = selectors_of(role_of(arguments));
  std::set<std::string> seen;
  for (const Selector& selector : arguments.selectors) {
    if (std::ranges::find(allowed, selector.role) == allowed.end()) {
      return invalid(fmt::format("{} role supports only {} selectors", arguments.role, join(allowed, ", ")));
    }
    if (!seen.insert(selector.role).second) return invalid("duplicated selector role: " + selector.role);
  }
  return {};
}

Result<> check_connection(const Arguments& arguments) {
  const bool api_server = !arguments.api_server.empty();
  const bool kubeconfig = !arguments.kubeconfig_file.empty();
  if (api_server && kubeconfig)
    return invalid("cannot use 'kubeconfig_file' and 'api_server' simultaneously");
  if (arguments.client != http::ClientConfig{}) {
    if (kubeconfig) {
      return invalid("cannot use a custom HTTP client configuration together with 'kubeconfig_file'");
    }
    if (!api_server) {
      return invalid(
          "to use custom HTTP client configuration please provide the 'api_server' URL explicitly");
    }
  }
  if (arguments.namespaces.own_namespace) {
    if (api_server) return invalid("cannot use 'api_server' and 'namespaces.own_namespace' simultaneously");
    if (kubeconfig)
      return invalid("cannot use 'kubeconfig_file' and 'namespaces.own_namespace' simultaneously");
  }
  return {};
}

std::optional<syntax::DecodeError> check_role(std::string_view role) {
  return component::check_choice(role, "unknown Kubernetes SD role", kRoles);
}

Result<> check(const Arguments& arguments) {
  INVAR_TRY(check_connection(arguments));
  return check_selectors(arguments);
}

const syntax::Schema& namespaces_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Namespaces>()
          .attribute("own_namespace", &Namespaces::own_namespace,
                     "Watch the namespace that this runs in; only inside of a cluster.")
          .attribute("names", &Namespaces::names, "Namespaces to watch; all of them when none is given.")
          .build();
  return schema;
}

const syntax::Schema& selectors_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Selector>()
          .attribute("role", &Selector::role,
                     "Which objects are chosen: a role, the component's own or one it reads besides.")
          .required()
          .valid([](const Selector& selector) { return check_role(selector.role); })
          .attribute("label", &Selector::label, "Label selector in the API's form: `app=shop,tier!=test`.")
          .valid([](const Selector& selector) {
            return component::mistake_in(kube::check_label_selector(selector.label));
          })
          .attribute("field", &Selector::field, "Field selector in the API's form: `spec.nodeName=node-1`.")
          .valid([](const Selector& selector) {
            return component::mistake_in(kube::check_field_selector(selector.field));
          })
          .build();
  return schema;
}

const syntax::Schema& attach_metadata_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<AttachMetadata>()
          .attribute(
              "node", &AttachMetadata::node,
              "Add labels and annotations of the node; for the roles pod, endpoints and endpointslice.")
          .attribute("namespace", &AttachMetadata::name_space,
                     "Add labels and annotations of the namespace; for all roles but node.")
          .build();
  return schema;
}

}  // namespace

std::string_view to_string(Role role) {
  return kRoles[static_cast<std::size_t>(role)];
}

Role role_of(const Arguments& arguments) {
  const auto found = std::ranges::find(kRoles, arguments.role);
  return static_cast<Role>(found - kRoles.begin());
}

const syntax::Schema& arguments_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Arguments>()
          .attribute(
              "role", &Arguments::role,
              "What becomes targets: `node`, `service`, `pod`, `endpoints`, `endpointslice` or `ingress`.")
          .required()
          .valid([](const Arguments& arguments) { return check_role(arguments.role); })
          .attribute_with<component::UrlCodec>("api_server", &Arguments::api_server,
                                               "URL of the API server; without it and `kubeconfig_file` the "
                                               "service account of the pod is used.")
          .valid([](const Arguments& arguments) -> std::optional<syntax::DecodeError> {
            if (arguments.api_server.empty()) return std::nullopt;
            return component::check_server_url(arguments.api_server,
                                               {.example = "https://10.0.0.1:6443", .query_allowed = false});
          })
          .attribute("kubeconfig_file", &Arguments::kubeconfig_file,
                     "A kubeconfig; its current context is used.")
          .squash(&Arguments::client, component::http_client_schema())
          .block("namespaces", &Arguments::namespaces, namespaces_schema(), "Which namespaces are watched.")
          .block("selectors", &Arguments::selectors, selectors_schema(),
                 "Which objects the server sends at all; at most one block a role.")
          .block("attach_metadata", &Arguments::attach_metadata, attach_metadata_schema(),
                 "Labels of further objects to add.")
          .check(check)
          .build();
  return schema;
}

}  // namespace invar::components::discovery_kubernetes
