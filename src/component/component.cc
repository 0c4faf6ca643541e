#include "component/component.h"

#include <algorithm>

#include "base/check.h"

namespace invar::component {
namespace {

int severity(HealthState state) {
  switch (state) {
    case HealthState::kHealthy:
      return 0;
    case HealthState::kUnknown:
      return 1;
    case HealthState::kUnhealthy:
      return 2;
    case HealthState::kExited:
      return 3;
  }
  return 0;
}

// "a.b" lies inside the name "a": a block could not tell the two apart.
bool is_prefix(std::string_view shorter, std::string_view longer) {
  return longer.starts_with(shorter) && (longer.size() == shorter.size() || longer[shorter.size()] == '.');
}

}  // namespace

std::string_view to_string(HealthState state) {
  switch (state) {
    case HealthState::kUnknown:
      return "unknown";
    case HealthState::kHealthy:
      return "healthy";
    case HealthState::kUnhealthy:
      return "unhealthy";
    case HealthState::kExited:
      return "exited";
  }
  return "unknown";
}

std::string_view to_string(Severity severity) {
  return severity == Severity::kFailing ? "failing" : "degraded";
}

Health combine(const std::vector<Health>& parts) {
  if (parts.empty()) return {};
  const Health* worst = &parts.front();
  for (const Health& part : parts) {
    const int difference = severity(part.state) - severity(worst->state);
    if (difference > 0 || (difference == 0 && part.updated_unix_ns > worst->updated_unix_ns)) worst = &part;
  }
  return *worst;
}

void Registry::add(Registration registration) {
  for (const Registration& known : list_)
    INVAR_CHECK(!is_prefix(known.name, registration.name) && !is_prefix(registration.name, known.name),
                "component names overlap: " + known.name + " and " + registration.name);
  const auto place =
      std::lower_bound(list_.begin(), list_.end(), registration,
                       [](const Registration& a, const Registration& b) { return a.name < b.name; });
  list_.insert(place, std::move(registration));
}

const Registration* Registry::find(std::string_view name) const {
  const auto it = std::lower_bound(
      list_.begin(), list_.end(), name,
      [](const Registration& known, std::string_view wanted) { return known.name < wanted; });
  return it != list_.end() && it->name == name ? &*it : nullptr;
}

}  // namespace invar::component
