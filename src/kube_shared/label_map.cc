#include "kube_shared/label_map.h"

#include <fmt/format.h>

#include <utility>

#include "component/label_name.h"

namespace invar::kube_shared {

namespace {

constexpr std::string_view kPrefix = "__meta_kubernetes_";

// Without fmt's parsing: a pod has a hundred of these.
SharedText label_name(std::initializer_list<std::string_view> parts) {
  fmt::memory_buffer text;
  for (const std::string_view part : parts) text.append(part);
  return SharedText::common({text.data(), text.size()});
}

}  // namespace

LabelMap& LabelMap::set(std::string_view name, std::string_view value) {
  return add_shared(name, SharedText::common(value));
}

LabelMap& LabelMap::add_shared(std::string_view name, SharedText value) {
  entries_.emplace_back(label_name({kPrefix, name}), std::move(value));
  return *this;
}

LabelMap& LabelMap::plain(std::string_view name, std::string_view value) {
  entries_.emplace_back(SharedText::common(name), SharedText::common(value));
  return *this;
}

LabelMap& LabelMap::address(std::string_view value) {
  entries_.emplace_back(SharedText::common("__address__"), SharedText(value));  // there is hardly another
  return *this;
}

LabelMap& LabelMap::add(const LabelMap& other) {
  entries_.insert(entries_.end(), other.entries_.begin(), other.entries_.end());
  return *this;
}

LabelMap& LabelMap::pairs(std::string_view prefix, const kube::Pairs& pairs) {
  entries_.reserve(entries_.size() + 2 * pairs.size());
  for (const auto& [name, value] : pairs) {
    const std::string clean = component::clean_label_name(name);
    entries_.emplace_back(label_name({kPrefix, prefix, "_", clean}), value);
    entries_.emplace_back(label_name({kPrefix, prefix, "present_", clean}), SharedText::common("true"));
  }
  return *this;
}

LabelMap& LabelMap::meta(std::string_view kind, const kube::Meta& meta) {
  set(fmt::format("{}_name", kind), meta.name);
  pairs(fmt::format("{}_label", kind), meta.labels);
  return pairs(fmt::format("{}_annotation", kind), meta.annotations);
}

Group LabelMap::group() const {
  return std::make_shared<const component::TargetLabels>(labels());
}

component::Target LabelMap::target(const Group& group) const {
  return {group, labels()};
}

std::string join_address(std::string_view host, std::int32_t port) {
  return host.find(':') == std::string_view::npos ? fmt::format("{}:{}", host, port)
                                                  : fmt::format("[{}]:{}", host, port);
}

}  // namespace invar::kube_shared
