#include "components/discovery/docker/containers.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "component/address.h"
#include "component/json_fields.h"
#include "moby/labels.h"

namespace invar::components::discovery_docker {
namespace {

using component::field;
using component::fields_of;
using component::items_of;
using component::text_field;
using syntax::Value;
using Labels = component::Target::Map;

const std::string kPrefix = "__meta_docker_";
constexpr int kLongestChain = 20;  // of containers that use another one's network

const Value& networks_of(const Value& container) {
  return field(field(container, "NetworkSettings"), "Networks");
}

std::string mode_of(const Value& container) {
  return text_field(field(container, "HostConfig"), "NetworkMode");
}

class ContainerReader {
 public:
  ContainerReader(const Value& containers, const Value& networks, const Arguments& arguments)
      : containers_(containers),
        network_labels_(moby::network_labels(networks, kPrefix)),
        arguments_(arguments) {
    for (const Value& container : items_of(containers_)) by_id_[text_field(container, "Id")] = &container;
  }

  component::Groups read() {
    component::Groups groups;
    for (const Value& container : items_of(containers_)) {
      if (items_of(field(container, "Names")).empty()) continue;
      component::Targets targets = read(container);
      if (!targets.empty())
        groups.emplace(name_of(container) + " " + text_field(container, "Id"), std::move(targets));
    }
    return groups;
  }

 private:
  static std::string name_of(const Value& container) {
    return component::text_of(items_of(field(container, "Names")).front());
  }

  component::Targets read(const Value& container) {
    Labels common = {{kPrefix + "container_id", text_field(container, "Id")},
                     {kPrefix + "container_name", name_of(container)},
                     {kPrefix + "container_network_mode", mode_of(container)}};
    moby::add_labels(common, kPrefix + "container_label_", field(container, "Labels"));
    const Value& owner = network_owner(container);
    component::Targets targets;
    for (const auto& [name, network] : fields_of(networks_of(owner))) {
      if (network.is_null()) continue;
      add_targets(container, common, network, mode_of(owner) == "host", targets);
      if (arguments_.match_first_network) break;  // they are sorted by name
    }
    return targets;
  }

  // Whose networks the container uses: its own, or those of the container that its mode names.
  const Value& network_owner(const Value& container) const {
    const Value* owner = &container;
    for (int i = 0; i < kLongestChain && fields_of(networks_of(*owner)).empty(); ++i) {
      const std::string mode = mode_of(*owner);
      if (!mode.starts_with("container:")) break;
      const auto it = by_id_.find(mode.substr(std::string_view("container:").size()));
      if (it == by_id_.end()) break;
      owner = it->second;
    }
    return *owner;
  }

  void add_targets(const Value& container, const Labels& common, const Value& network, bool on_host,
                   component::Targets& out) const {
    std::string ip = text_field(network, "IPAddress");
    if (ip.empty()) ip = text_field(network, "GlobalIPv6Address");
    if (ip.empty() && !on_host) return;
    Labels labels = common;
    labels[kPrefix + "network_ip"] = ip;
    moby::merge(labels, network_labels_, text_field(network, "NetworkID"));
    bool any = false;
    std::set<std::pair<std::string, std::string>> seen;  // one published on 0.0.0.0 and on :: is told twice
    for (const Value& port : items_of(field(container, "Ports"))) {
      if (ip.empty() || text_field(port, "Type") != "tcp") continue;
      const std::string inside = text_field(port, "PrivatePort");
      const std::string outside = text_field(port, "PublicPort");
      if (!seen.emplace(inside, outside).second) continue;
      Labels with_port = labels;
      with_port["__address__"] = component::join_host_port(ip, inside);
      with_port[kPrefix + "port_private"] = inside;
      if (!outside.empty() && outside != "0") {
        with_port[kPrefix + "port_public"] = outside;
        with_port[kPrefix + "port_public_ip"] = text_field(port, "IP");
      }
      out.emplace_back(std::move(with_port));
      any = true;
    }
    if (any) return;
    labels["__address__"] = on_host ? arguments_.host_networking_host
                                    : component::join_host_port(ip, std::to_string(arguments_.port));
    out.emplace_back(labels);
  }

  const Value& containers_;
  const moby::LabelsById network_labels_;
  const Arguments& arguments_;
  std::map<std::string, const Value*, std::less<>> by_id_;
};

}  // namespace

Result<component::Groups> read_containers(std::string_view containers, std::string_view networks,
                                          const Arguments& arguments) {
  INVAR_ASSIGN_OR_RETURN(const Value container_list, component::parse_answer(containers));
  INVAR_ASSIGN_OR_RETURN(const Value network_list, component::parse_answer(networks));
  return ContainerReader(container_list, network_list, arguments).read();
}

}  // namespace invar::components::discovery_docker
