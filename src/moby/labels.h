// Labels that targets of Docker and of a swarm have in common. Pure. Spec: discovery.md 8, 9.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "component/target.h"
#include "syntax/value.h"

namespace invar::moby {

using LabelsById = std::map<std::string, component::Target::Map, std::less<>>;

// Of the answer of /networks: by id, `<prefix>network_id`, `…_name`, `…_scope`, `…_internal`, `…_ingress`, `…_label_<name>`.
LabelsById network_labels(const syntax::Value& networks, const std::string& prefix);

// `labels`, an object, each as `<prefix><clean name>`.
void add_labels(component::Target::Map& out, const std::string& prefix, const syntax::Value& labels);

// Adds what is not there yet.
void merge(component::Target::Map& out, const component::Target::Map& more);
void merge(component::Target::Map& out, const LabelsById& more, std::string_view id);

}  // namespace invar::moby
