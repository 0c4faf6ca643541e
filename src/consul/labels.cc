#include "consul/labels.h"

#include <algorithm>
#include <array>

#include "component/json_fields.h"
#include "component/label_name.h"

namespace invar::consul {
namespace {

using component::text_field;

constexpr std::array<std::string_view, 4> kRanks = {"passing", "warning", "critical", "maintenance"};
constexpr int kMaintenance = 3;

}  // namespace

std::string join_tags(const syntax::Value& tags, std::string_view separator) {
  std::string text(separator);
  for (const auto& tag : component::items_of(tags)) text.append(component::text_of(tag)).append(separator);
  return text.size() == separator.size() ? text.append(separator) : text;
}

bool has_tags(const syntax::Value& tags, const std::vector<std::string>& wanted) {
  const auto items = component::items_of(tags);
  return std::ranges::all_of(wanted, [&](const std::string& tag) {
    return std::ranges::any_of(items, [&](const auto& item) { return component::text_of(item) == tag; });
  });
}

void add_labels(component::Target::Map& labels, std::string_view prefix, const syntax::Value& fields) {
  for (const auto& [name, value] : component::fields_of(fields))
    labels[std::string(prefix) + component::clean_label_name(name)] = component::text_of(value);
}

void Health::add(const syntax::Value& check) {
  const std::string id = text_field(check, "CheckID");
  if (id == "_node_maintenance" || id.starts_with("_service_maintenance:")) {
    rank_ = kMaintenance;
    return;
  }
  const auto found = std::ranges::find(kRanks, text_field(check, "Status"));
  if (found != kRanks.end()) rank_ = std::max(rank_, static_cast<int>(found - kRanks.begin()));
}

void Health::add(const Health& other) {
  rank_ = std::max(rank_, other.rank_);
}

std::string Health::text() const {
  return std::string(kRanks[static_cast<std::size_t>(rank_)]);
}

}  // namespace invar::consul
