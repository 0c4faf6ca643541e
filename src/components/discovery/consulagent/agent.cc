#include "components/discovery/consulagent/agent.h"

#include <algorithm>
#include <map>

#include "component/address.h"
#include "component/json_fields.h"
#include "component/label_name.h"
#include "consul/labels.h"

namespace invar::components::discovery_consulagent {
namespace {

using component::field;
using component::fields_of;
using component::text_field;
using syntax::Value;

const std::string kPrefix = "__meta_consulagent_";

// The health of each service: the worst of the checks of its instances and of the node.
std::map<std::string, consul::Health> healths(const AgentAnswers& answers) {
  consul::Health node;
  std::map<std::string, consul::Health> by_instance;
  for (const auto& [id, check] : fields_of(answers.checks)) {
    const std::string instance = text_field(check, "ServiceID");
    (instance.empty() ? node : by_instance[instance]).add(check);
  }
  std::map<std::string, consul::Health> by_service;
  for (const auto& [id, service] : fields_of(answers.services)) {
    consul::Health& health = by_service[text_field(service, "Service")];
    health.add(node);
    health.add(by_instance[id]);
  }
  return by_service;
}

bool wanted(const Value& service, const Arguments& arguments) {
  const auto& names = arguments.services;
  if (!names.empty() && std::ranges::find(names, text_field(service, "Service")) == names.end()) return false;
  return consul::has_tags(field(service, "Tags"), arguments.tags);
}

}  // namespace

Result<component::Groups> read_agent(const AgentAnswers& answers, const Arguments& arguments) {
  const Value& config = field(answers.self, "Config");
  const std::string own_datacenter = text_field(config, "Datacenter");
  const std::string& asked = arguments.access.datacenter;
  if (asked.empty() && own_datacenter.empty())
    return fail(ErrorCode::kDataLoss, "the agent does not say its data center");
  const std::string node_address = text_field(field(answers.self, "Member"), "Addr");
  auto health = healths(answers);

  component::Groups groups;
  for (const auto& [id, service] : fields_of(answers.services)) {
    if (!wanted(service, arguments)) continue;
    const std::string name = text_field(service, "Service");
    const std::string own_address = text_field(service, "Address");
    const std::string port = text_field(service, "Port");
    component::Target::Map labels = {
        {"__address__", component::join_host_port(own_address.empty() ? node_address : own_address, port)},
        {kPrefix + "service", name},
        {kPrefix + "dc", asked.empty() ? own_datacenter : asked},
        {kPrefix + "address", node_address},
        {kPrefix + "node", text_field(config, "NodeName")},
        {kPrefix + "tags", consul::join_tags(field(service, "Tags"), arguments.tag_separator)},
        {kPrefix + "service_address", own_address},
        {kPrefix + "service_port", port},
        {kPrefix + "service_id", text_field(service, "ID")},
        {kPrefix + "health", health[name].text()},
    };
    consul::add_labels(labels, kPrefix + "metadata_", field(answers.self, "Meta"));
    consul::add_labels(labels, kPrefix + "service_metadata_", field(service, "Meta"));
    for (const auto& [tag, address] : fields_of(field(service, "TaggedAddresses"))) {
      labels[kPrefix + "tagged_address_" + component::clean_label_name(tag)] =
          component::join_host_port(text_field(address, "Address"), text_field(address, "Port"));
    }
    groups[name].emplace_back(labels);
  }
  return groups;
}

}  // namespace invar::components::discovery_consulagent
