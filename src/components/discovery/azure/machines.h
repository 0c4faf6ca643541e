// What Azure says about machines and their network interfaces. Pure. Spec: discovery.md 11f.
// Source: Azure's REST reference: Virtual Machines, Virtual Machine Scale Set VMs, Network Interfaces.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "component/target.h"
#include "components/discovery/azure/arguments.h"
#include "syntax/value.h"

namespace invar::components::discovery_azure {

struct Machine {
  component::Target::Map labels;        // all but the addresses
  std::vector<std::string> interfaces;  // ids: paths of the API
};

// `scale_set`: "" for a machine of its own.
Machine read_machine(const syntax::Value& value, const std::string& scale_set, const Arguments& arguments);

struct Interface {
  bool allocated = false;  // Azure says "primary" of interfaces of machines that run
  bool primary = false;
  std::string private_ip, public_ip;
};
Interface read_interface(const syntax::Value& value);

// "shop" of "/subscriptions/1/resourceGroups/shop/providers/…"; "" where there is none.
std::string resource_group_of(std::string_view id);

}  // namespace invar::components::discovery_azure
