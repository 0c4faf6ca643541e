#include "webapi/releases.h"

#include <algorithm>
#include <array>

namespace invar::webapi {
namespace {

// The first of them that is there counts.
constexpr std::array<std::string_view, 5> kVersionLabels = {"service_version", "version", "app_version",
                                                            "app_kubernetes_io_version", "service_git_ref"};

}  // namespace

void Releases::add(UnixNanos at, std::string_view series, const Labels& labels, const Build& build) {
  const auto* const label =
      std::ranges::find_if(kVersionLabels, [&](std::string_view name) { return labels.has(name); });
  const bool labelled = label != kVersionLabels.end();
  const std::string name(labelled ? *label : "");
  const std::string value(labelled ? labels.get(name) : std::string_view(build.id));
  if (value.empty()) return;
  const std::string service(labels.get(kServiceName));
  Versions& known = known_[service + '\0' + name + '\0' + (labelled ? "" : build.file)];
  if (!known.values.contains(value)) {
    if (known.came_again) found_.push_back({at, service, name, value, known.last});
    known.values.insert(value);
  }
  known.came_again |= !known.series.emplace(series).second;
  known.last = value;
}

}  // namespace invar::webapi
