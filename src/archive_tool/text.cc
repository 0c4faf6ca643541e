#include "archive_tool/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/strings.h"

namespace invar::archive_tool {
namespace {

constexpr UnixNanos kSecond = 1'000'000'000;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

Result<Duration> parse_age(std::string_view text) {
  Duration days{0};
  std::string_view rest = text;
  for (const auto& [unit, hours] : {std::pair{'w', 7 * 24}, std::pair{'d', 24}}) {
    const std::size_t digits = rest.find_first_not_of("0123456789");
    if (digits == 0 || digits == std::string_view::npos || rest[digits] != unit) continue;
    const auto number = parse_uint(rest.substr(0, digits));
    if (!number || *number > 10'000) return invalid(fmt::format("invalid duration {}", quote(text)));
    days += std::chrono::hours(hours) * static_cast<int>(*number);
    rest.remove_prefix(digits + 1);
  }
  if (rest.empty() && !text.empty()) return days;
  const auto more = parse_duration(rest);
  if (!more || *more < Duration::zero()) return invalid(fmt::format("invalid duration {}", quote(text)));
  return std::min(days, kForever) + std::min(*more, kForever);
}

Result<UnixNanos> parse_when(std::string_view text, UnixNanos now) {
  if (text == "now") return now;
  if (const auto seconds = parse_uint(text); seconds && text.size() >= 9 && *seconds < 9'000'000'000) {
    return static_cast<UnixNanos>(*seconds) * kSecond;
  }
  if (const auto ago = parse_age(text)) return now - ago->count();
  // A date, with as much of a time as there is.
  std::string full(text);
  if (full.size() > 10 && full[10] == ' ') full[10] = 'T';
  if (full.size() == 10) full += "T00:00";
  if (full.size() == 16) full += ":00";
  if (full.size() == 19 || (full.size() > 19 && full[19] == '.' && is_digit(full.back()))) full += 'Z';
  if (const auto instant = parse_rfc3339(full)) return *instant;
  return invalid(fmt::format(
      "invalid time {}: write 2026-08-21, \"2026-08-21 13:40\", 2026-08-21T13:40:27Z, or 90m, 12h, "
      "7d for so long ago",
      quote(text)));
}

std::string show_time(UnixNanos unix_ns) {
  const std::string text = format_rfc3339(unix_ns);
  std::string out = text.substr(0, 19);
  if (out.size() > 10) out[10] = ' ';
  return out;
}

std::string show_value(std::int64_t value, std::string_view unit) {
  const auto scaled = [&](double number, std::string_view suffix) {
    const double size = std::abs(number);
    const int digits = size < 10 ? 2 : size < 100 ? 1 : 0;
    return fmt::format("{:.{}f} {}", number, digits, suffix);
  };
  const double number = static_cast<double>(value), size = std::abs(number);
  if (unit == "bytes") {
    constexpr std::array<std::string_view, 7> kNames = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    std::size_t power = 0;
    double factor = 1;
    for (; power + 1 < kNames.size() && size / factor >= 1024; ++power) factor *= 1024;
    return power == 0 ? fmt::format("{} B", value) : scaled(number / factor, kNames[power]);
  }
  constexpr std::array<std::pair<std::string_view, double>, 4> kUnits = {
      {{"nanoseconds", 1e-9}, {"microseconds", 1e-6}, {"milliseconds", 1e-3}, {"seconds", 1}}};
  for (const auto& [name, seconds] : kUnits) {
    if (unit != name) continue;
    if (value == 0) return "0 s";
    const double in_seconds = number * seconds, length = std::abs(in_seconds);
    if (length >= 3600) return scaled(in_seconds / 3600, "h");
    if (length >= 60) return scaled(in_seconds / 60, "min");
    if (length >= 1) return scaled(in_seconds, "s");
    if (length >= 1e-3) return scaled(in_seconds * 1e3, "ms");
    if (length >= 1e-6) return scaled(in_seconds * 1e6, "us");
    return scaled(in_seconds * 1e9, "ns");
  }
  return fmt::to_string(value);
}

std::string show_share(std::int64_t value, std::int64_t total) {
  if (total == 0) return "-";
  const double percent = 100 * static_cast<double>(value) / static_cast<double>(total);
  if (percent >= 1000) return ">999%";  // negative values, or a sum beyond 64 bits: the figure says nothing
  if (percent <= -1000) return "<-999%";
  return fmt::format("{:.1f}%", percent);
}

Result<std::uint64_t> parse_size(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto number = parse_double(text.substr(0, digits));
  const std::string unit = to_lower_ascii(trim_space(text.substr(digits)));
  constexpr std::array<std::pair<std::string_view, double>, 14> kUnits = {{{"", 1},
                                                                           {"b", 1},
                                                                           {"kb", 1e3},
                                                                           {"mb", 1e6},
                                                                           {"gb", 1e9},
                                                                           {"tb", 1e12},
                                                                           {"k", 0x1p10},
                                                                           {"m", 0x1p20},
                                                                           {"g", 0x1p30},
                                                                           {"t", 0x1p40},
                                                                           {"kib", 0x1p10},
                                                                           {"mib", 0x1p20},
                                                                           {"gib", 0x1p30},
                                                                           {"tib", 0x1p40}}};
  for (const auto& [name, factor] : kUnits) {
    if (number && unit == name && *number * factor < 0x1p63)
      return static_cast<std::uint64_t>(*number * factor);
  }
  return invalid(fmt::format("invalid size {}: write 500MB, 2GiB, or a number of bytes", quote(text)));
}

}  // namespace invar::archive_tool
