#include "moby/labels.h"

#include "component/json_fields.h"
#include "component/label_name.h"

namespace invar::moby {

using component::field;
using component::text_field;
using syntax::Value;

namespace {

std::string flag_text(const Value& object, std::string_view name) {
  const std::string text = text_field(object, name);
  return text.empty() ? "false" : text;
}

}  // namespace

LabelsById network_labels(const Value& networks, const std::string& prefix) {
  LabelsById out;
  for (const Value& network : component::items_of(networks)) {
    component::Target::Map& labels = out[text_field(network, "Id")];
    labels[prefix + "network_id"] = text_field(network, "Id");
    labels[prefix + "network_name"] = text_field(network, "Name");
    labels[prefix + "network_scope"] = text_field(network, "Scope");
    labels[prefix + "network_internal"] = flag_text(network, "Internal");
    labels[prefix + "network_ingress"] = flag_text(network, "Ingress");
    add_labels(labels, prefix + "network_label_", field(network, "Labels"));
  }
  return out;
}

void add_labels(component::Target::Map& out, const std::string& prefix, const Value& labels) {
  for (const auto& [name, value] : component::fields_of(labels))
    out[prefix + component::clean_label_name(name)] = component::text_of(value);
}

void merge(component::Target::Map& out, const component::Target::Map& more) {
  out.insert(more.begin(), more.end());
}

void merge(component::Target::Map& out, const LabelsById& more, std::string_view id) {
  if (const auto it = more.find(id); it != more.end()) merge(out, it->second);
}

}  // namespace invar::moby
