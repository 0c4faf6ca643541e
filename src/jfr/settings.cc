#include "jfr/settings.h"

#include <array>
#include <charconv>
#include <utility>

namespace invar::jfr {

std::int64_t interval_ns(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 8> kUnits = {{{"", 1},
                                                                                {"ns", 1},
                                                                                {"us", 1'000},
                                                                                {"ms", 1'000'000},
                                                                                {"s", 1'000'000'000},
                                                                                {"m", 60'000'000'000},
                                                                                {"h", 3'600'000'000'000},
                                                                                {"d", 86'400'000'000'000}}};
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number <= 0) return 0;
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  for (const auto& [name, scale] : kUnits) {
    if (unit == name) return number <= INT64_MAX / scale ? number * scale : 0;
  }
  return 0;
}

void Settings::note(std::string_view name, std::string_view value, bool of_execution) {
  if (name == "event") event = value;
  if (name == "wall") wall_interval = interval_ns(value);
  if (name == "alloc") allocation_interval = interval_ns(value);
  if (name == "nativemem") malloc_interval = interval_ns(value);
  if (of_execution && (name == "interval" || name == "period")) execution_interval = interval_ns(value);
}

}  // namespace invar::jfr
