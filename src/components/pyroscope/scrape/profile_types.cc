#include "components/pyroscope/scrape/profile_types.h"

#include <algorithm>
#include <array>

namespace invar::components::pyroscope_scrape {
namespace {

struct FixedDefaults {
  FixedType type;
  std::string_view name;
  bool enabled;
  std::string_view path;
  bool delta;
};

// Spec: the table of pyroscope-scrape.md 2.
constexpr std::array<FixedDefaults, 9> kFixed = {{
    {FixedType::kMemory, "memory", true, "/debug/pprof/allocs", false},
    {FixedType::kBlock, "block", true, "/debug/pprof/block", false},
    {FixedType::kGoroutine, "goroutine", true, "/debug/pprof/goroutine", false},
    {FixedType::kMutex, "mutex", true, "/debug/pprof/mutex", false},
    {FixedType::kProcessCpu, "process_cpu", true, "/debug/pprof/profile", true},
    {FixedType::kFgprof, "fgprof", false, "/debug/fgprof", true},
    {FixedType::kGodeltaprofMemory, "godeltaprof_memory", false, "/debug/pprof/delta_heap", false},
    {FixedType::kGodeltaprofMutex, "godeltaprof_mutex", false, "/debug/pprof/delta_mutex", false},
    {FixedType::kGodeltaprofBlock, "godeltaprof_block", false, "/debug/pprof/delta_block", false},
}};

}  // namespace

ProfileSettings default_settings(FixedType type) {
  const auto& d = kFixed[static_cast<std::size_t>(type)];
  return {.enabled = d.enabled, .path = std::string(d.path), .delta = d.delta};
}

std::vector<ProfileType> profile_types(const ProfilingConfig& config) {
  const std::array<const ProfileSettings*, kFixed.size()> settings = {
      &config.memory,           &config.block,  &config.goroutine,          &config.mutex,
      &config.process_cpu,      &config.fgprof, &config.godeltaprof_memory, &config.godeltaprof_mutex,
      &config.godeltaprof_block};
  std::vector<ProfileType> types;
  types.reserve(kFixed.size() + config.custom.size());
  for (std::size_t i = 0; i < kFixed.size(); ++i) {
    types.push_back(
        {std::string(kFixed[i].name), settings[i]->path, settings[i]->enabled, settings[i]->delta});
  }
  for (const auto& custom : config.custom)
    types.push_back({custom.name, custom.path, custom.enabled, custom.delta});
  return types;
}

std::vector<ProfileType> scraped_types(const ProfilingConfig& config) {
  auto types = profile_types(config);
  for (const auto& type : types) {
    const std::string_view same = type.enabled ? computed_delta_name(type.name) : "";
    if (const auto twin = std::ranges::find(types, same, &ProfileType::name); twin != types.end())
      twin->enabled = false;
  }
  return types;
}

bool is_fixed_name(std::string_view name) {
  return std::ranges::any_of(kFixed, [&](const auto& fixed) { return fixed.name == name; });
}

std::string_view computed_delta_name(std::string_view name) {
  constexpr std::string_view kPrefix = "godeltaprof_";
  if (!name.starts_with(kPrefix) || !is_fixed_name(name)) return "";
  return name.substr(kPrefix.size());
}

}  // namespace invar::components::pyroscope_scrape
