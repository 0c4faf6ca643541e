#include "components/pyroscope/scrape/type_choice.h"

#include <algorithm>
#include <utility>

#include "components/pyroscope/scrape/scrape_url.h"

namespace invar::components::pyroscope_scrape {
namespace {

using Types = std::vector<ProfileType>;

std::string_view last_element(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// The type that the last element of a path stands for in the programs around us; the element itself where it is a
// type's name.
std::string_view common_meaning(std::string_view element) {
  constexpr std::pair<std::string_view, std::string_view> kMeanings[] = {
      {"heap", "memory"},
      {"allocs", "memory"},
      {"profile", "process_cpu"},
      {"cpu", "process_cpu"},
      {"delta_heap", "godeltaprof_memory"},
      {"delta_mutex", "godeltaprof_mutex"},
      {"delta_block", "godeltaprof_block"},
  };
  const auto* const found =
      std::ranges::find(kMeanings, element, &std::pair<std::string_view, std::string_view>::first);
  return found != std::end(kMeanings) ? found->second : element;
}

ProfileType type_of_its_own(std::string_view name, std::string_view path) {
  return {.name = std::string(name), .path = std::string(path), .enabled = true, .delta = false};
}

ProfileType type_of_path(std::string_view path, const Types& enabled) {
  const std::string wanted = join_path("", path);
  for (const auto& type : enabled) {
    if (join_path("", type.path) == wanted) return type;
  }
  const std::string_view element = last_element(path);
  const auto meant = std::ranges::find(enabled, common_meaning(element), &ProfileType::name);
  return meant != enabled.end() ? *meant : type_of_its_own(element, path);
}

}  // namespace

Types types_of_target(std::string_view name, std::string_view path, const Types& types) {
  const auto named = std::ranges::find(types, name, &ProfileType::name);
  if (!name.empty() && named != types.end()) return {*named};
  Types enabled;
  std::ranges::copy_if(types, std::back_inserter(enabled), &ProfileType::enabled);
  if (path.empty() || enabled.size() == 1) return enabled;
  if (!name.empty()) return {type_of_its_own(name, path)};
  return {type_of_path(path, enabled)};
}

}  // namespace invar::components::pyroscope_scrape
