#include "components/discovery/nomad/services.h"

#include "component/address.h"
#include "component/json_fields.h"

namespace invar::components::discovery_nomad {
namespace {

using component::field;
using component::items_of;
using component::text_field;
using syntax::Value;

const std::string kPrefix = "__meta_nomad_";

Result<Value> parse_list(std::string_view json) {
  INVAR_ASSIGN_OR_RETURN(Value list, component::parse_answer(json));
  if (list.type() != syntax::Type::kArray) return fail(ErrorCode::kDataLoss, "the answer is no list");
  return list;
}

}  // namespace

Result<std::vector<ServiceName>> read_services(std::string_view json) {
  INVAR_ASSIGN_OR_RETURN(const Value list, parse_list(json));
  std::vector<ServiceName> names;
  for (const Value& space : items_of(list)) {
    for (const Value& service : items_of(field(space, "Services")))
      names.push_back({text_field(space, "Namespace"), text_field(service, "ServiceName")});
  }
  return names;
}

Result<component::Targets> read_instances(std::string_view json, std::string_view tag_separator) {
  INVAR_ASSIGN_OR_RETURN(const Value list, parse_list(json));
  component::Targets targets;
  for (const Value& instance : items_of(list)) {
    const std::string address = text_field(instance, "Address");
    const std::string port = text_field(instance, "Port");
    component::Target::Map labels = {
        {"__address__", component::join_host_port(address, port)},
        {kPrefix + "address", address},
        {kPrefix + "dc", text_field(instance, "Datacenter")},
        {kPrefix + "node_id", text_field(instance, "NodeID")},
        {kPrefix + "namespace", text_field(instance, "Namespace")},
        {kPrefix + "service", text_field(instance, "ServiceName")},
        {kPrefix + "service_address", address},
        {kPrefix + "service_id", text_field(instance, "ID")},
        {kPrefix + "service_port", port},
    };
    std::string tags(tag_separator);
    for (const Value& tag : items_of(field(instance, "Tags")))
      tags.append(component::text_of(tag)).append(tag_separator);
    if (!items_of(field(instance, "Tags")).empty()) labels[kPrefix + "tags"] = std::move(tags);
    targets.emplace_back(labels);
  }
  return targets;
}

}  // namespace invar::components::discovery_nomad
