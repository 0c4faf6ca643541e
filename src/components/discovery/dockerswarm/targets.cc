#include "components/discovery/dockerswarm/targets.h"

#include <map>
#include <set>
#include <string>
#include <utility>

#include "component/address.h"
#include "component/json_fields.h"
#include "moby/labels.h"

namespace invar::components::discovery_dockerswarm {
namespace {

using component::field;
using component::items_of;
using component::join_host_port;
using component::parse_answer;
using component::text_field;
using syntax::Value;
using Labels = component::Target::Map;

const std::string kPrefix = "__meta_dockerswarm_";

// "10.0.0.2/24"
std::string without_mask(const std::string& cidr) {
  return cidr.substr(0, cidr.find('/'));
}

bool is_tcp(const Value& port) {
  return text_field(port, "Protocol") == "tcp";
}

// The targets of one object, each address with its labels once.
class Collector {
 public:
  void add(std::string_view host, const std::string& port, Labels labels) {
    if (host.empty()) return;
    labels["__address__"] = join_host_port(host, port);
    if (seen_.insert(labels).second) targets_.emplace_back(labels);
  }
  component::Targets take() { return std::move(targets_); }

 private:
  std::set<Labels> seen_;
  component::Targets targets_;
};

std::string mode_of(const Value& spec) {
  const Value& mode = field(spec, "Mode");
  if (!field(mode, "Global").is_null()) return "global";
  return field(mode, "Replicated").is_null() ? "" : "replicated";
}

Labels basic_service_labels(const Value& service) {
  const Value& spec = field(service, "Spec");
  Labels labels = {{kPrefix + "service_id", text_field(service, "ID")},
                   {kPrefix + "service_name", text_field(spec, "Name")},
                   {kPrefix + "service_mode", mode_of(spec)}};
  moby::add_labels(labels, kPrefix + "service_label_", field(spec, "Labels"));
  return labels;
}

Labels service_labels(const Value& service) {
  Labels labels = basic_service_labels(service);
  const Value& container = field(field(field(service, "Spec"), "TaskTemplate"), "ContainerSpec");
  labels[kPrefix + "service_task_container_hostname"] = text_field(container, "Hostname");
  labels[kPrefix + "service_task_container_image"] = text_field(container, "Image");
  if (const Value& update = field(service, "UpdateStatus"); !update.is_null())
    labels[kPrefix + "service_updating_status"] = text_field(update, "State");
  return labels;
}

Labels node_labels(const Value& node) {
  const Value& spec = field(node, "Spec");
  const Value& description = field(node, "Description");
  const Value& platform = field(description, "Platform");
  const Value& status = field(node, "Status");
  Labels labels = {{kPrefix + "node_id", text_field(node, "ID")},
                   {kPrefix + "node_role", text_field(spec, "Role")},
                   {kPrefix + "node_availability", text_field(spec, "Availability")},
                   {kPrefix + "node_hostname", text_field(description, "Hostname")},
                   {kPrefix + "node_platform_architecture", text_field(platform, "Architecture")},
                   {kPrefix + "node_platform_os", text_field(platform, "OS")},
                   {kPrefix + "node_status", text_field(status, "State")},
                   {kPrefix + "node_address", text_field(status, "Addr")}};
  moby::add_labels(labels, kPrefix + "node_label_", field(spec, "Labels"));
  return labels;
}

component::Targets targets_of_service(const Value& service, const moby::LabelsById& networks,
                                      const std::string& port) {
  const Labels common = service_labels(service);
  const Value& endpoint = field(service, "Endpoint");
  Collector collector;
  for (const Value& virtual_ip : items_of(field(endpoint, "VirtualIPs"))) {
    const std::string ip = without_mask(text_field(virtual_ip, "Addr"));
    Labels labels = common;
    moby::merge(labels, networks, text_field(virtual_ip, "NetworkID"));
    bool any = false;
    for (const Value& published : items_of(field(endpoint, "Ports"))) {
      if (!is_tcp(published)) continue;
      Labels with_port = labels;
      with_port[kPrefix + "service_endpoint_port_name"] = text_field(published, "Name");
      with_port[kPrefix + "service_endpoint_port_publish_mode"] = text_field(published, "PublishMode");
      collector.add(ip, text_field(published, "PublishedPort"), std::move(with_port));
      any = true;
    }
    if (!any) collector.add(ip, port, std::move(labels));
  }
  return collector.take();
}

class TaskReader {
 public:
  TaskReader(const Value& services, const Value& nodes, const Value& networks, std::string port)
      : networks_(moby::network_labels(networks, kPrefix)), port_(std::move(port)) {
    for (const Value& service : items_of(services)) services_[text_field(service, "ID")] = &service;
    for (const Value& node : items_of(nodes)) nodes_[text_field(node, "ID")] = node_labels(node);
  }

  component::Targets read(const Value& task) const {
    Collector collector;
    const Labels common = labels_of(task);
    const auto node = common.find(kPrefix + "node_address");
    const std::string address = node != common.end() ? node->second : std::string();
    for (const Value& port : items_of(field(field(field(task, "Status"), "PortStatus"), "Ports"))) {
      if (!is_tcp(port)) continue;
      Labels labels = common;
      labels[kPrefix + "task_port_publish_mode"] = text_field(port, "PublishMode");
      collector.add(address, text_field(port, "PublishedPort"), std::move(labels));
    }
    for (const Value& attachment : items_of(field(task, "NetworksAttachments")))
      for (const Value& cidr : items_of(field(attachment, "Addresses")))
        add_attached(task, common, attachment, without_mask(component::text_of(cidr)), collector);
    return collector.take();
  }

 private:
  const Value& service_of(const Value& task) const {
    static const Value none;
    const auto it = services_.find(text_field(task, "ServiceID"));
    return it != services_.end() ? *it->second : none;
  }

  Labels labels_of(const Value& task) const {
    const Value& status = field(task, "Status");
    const std::string slot = text_field(task, "Slot");
    Labels labels = {{kPrefix + "task_id", text_field(task, "ID")},
                     {kPrefix + "task_desired_state", text_field(task, "DesiredState")},
                     {kPrefix + "task_state", text_field(status, "State")},
                     {kPrefix + "task_slot", slot.empty() ? "0" : slot}};
    if (const Value& container = field(status, "ContainerStatus"); !container.is_null())
      labels[kPrefix + "task_container_id"] = text_field(container, "ContainerID");
    moby::add_labels(labels, kPrefix + "container_label_",
                     field(field(field(task, "Spec"), "ContainerSpec"), "Labels"));
    if (const Value& service = service_of(task); !service.is_null())
      moby::merge(labels, basic_service_labels(service));
    moby::merge(labels, nodes_, text_field(task, "NodeID"));
    return labels;
  }

  void add_attached(const Value& task, const Labels& common, const Value& attachment, const std::string& ip,
                    Collector& collector) const {
    Labels labels = common;
    moby::merge(labels, networks_, text_field(field(attachment, "Network"), "ID"));
    bool any = false;
    for (const Value& port : items_of(field(field(service_of(task), "Endpoint"), "Ports"))) {
      if (!is_tcp(port)) continue;
      Labels with_port = labels;
      with_port[kPrefix + "task_port_publish_mode"] = text_field(port, "PublishMode");
      collector.add(ip, text_field(port, "TargetPort"), std::move(with_port));
      any = true;
    }
    if (!any) collector.add(ip, port_, std::move(labels));
  }

  std::map<std::string, const Value*, std::less<>> services_;
  moby::LabelsById nodes_;
  const moby::LabelsById networks_;
  const std::string port_;
};

}  // namespace

Result<component::Groups> read_services(std::string_view services, std::string_view networks,
                                        std::int64_t port) {
  INVAR_ASSIGN_OR_RETURN(const Value list, parse_answer(services));
  INVAR_ASSIGN_OR_RETURN(const Value network_list, parse_answer(networks));
  const moby::LabelsById labels = moby::network_labels(network_list, kPrefix);
  component::Groups groups;
  for (const Value& service : items_of(list)) {
    // A plugin has no container, and nothing listens at its address.
    if (field(field(field(service, "Spec"), "TaskTemplate"), "ContainerSpec").is_null()) continue;
    groups.emplace(text_field(field(service, "Spec"), "Name") + " " + text_field(service, "ID"),
                   targets_of_service(service, labels, std::to_string(port)));
  }
  return groups;
}

Result<component::Groups> read_tasks(std::string_view tasks, std::string_view services,
                                     std::string_view nodes, std::string_view networks, std::int64_t port) {
  INVAR_ASSIGN_OR_RETURN(const Value list, parse_answer(tasks));
  INVAR_ASSIGN_OR_RETURN(const Value service_list, parse_answer(services));
  INVAR_ASSIGN_OR_RETURN(const Value node_list, parse_answer(nodes));
  INVAR_ASSIGN_OR_RETURN(const Value network_list, parse_answer(networks));
  const TaskReader reader(service_list, node_list, network_list, std::to_string(port));
  component::Groups groups;
  for (const Value& task : items_of(list))
    groups.emplace(text_field(task, "ServiceID") + " " + text_field(task, "ID"), reader.read(task));
  return groups;
}

Result<component::Groups> read_nodes(std::string_view nodes, std::int64_t port) {
  INVAR_ASSIGN_OR_RETURN(const Value list, parse_answer(nodes));
  component::Groups groups;
  for (const Value& node : items_of(list)) {
    Labels labels = node_labels(node);
    labels[kPrefix + "node_engine_version"] =
        text_field(field(field(node, "Description"), "Engine"), "EngineVersion");
    if (const Value& manager = field(node, "ManagerStatus"); !manager.is_null()) {
      const std::string leader = text_field(manager, "Leader");
      labels[kPrefix + "node_manager_leader"] = leader.empty() ? "false" : leader;
      labels[kPrefix + "node_manager_reachability"] = text_field(manager, "Reachability");
      labels[kPrefix + "node_manager_address"] = text_field(manager, "Addr");
    }
    Collector collector;
    collector.add(text_field(field(node, "Status"), "Addr"), std::to_string(port), std::move(labels));
    groups.emplace(text_field(node, "ID"), collector.take());
  }
  return groups;
}

}  // namespace invar::components::discovery_dockerswarm
