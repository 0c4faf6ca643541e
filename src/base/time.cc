#include "base/time.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <optional>

namespace invar {
namespace {

constexpr std::uint64_t kLargest = std::uint64_t{1} << 63;  // the magnitude of the most negative duration

// Quotes, backslashes and everything outside printable ASCII are escaped byte by byte.
std::string quote_duration(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < ' ' || byte >= 0x80) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else {
      if (c == '"' || c == '\\') out.push_back('\\');
      out.push_back(c);
    }
  }
  return out + '"';
}

std::unexpected<Error> bad_duration(std::string_view text) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("time: invalid duration {}", quote_duration(text)));
}

std::optional<std::uint64_t> unit_nanoseconds(std::string_view unit) {
  if (unit == "ns") return 1;
  if (unit == "us" || unit == "\u00b5s" || unit == "\u03bcs") return 1'000;
  if (unit == "ms") return 1'000'000;
  if (unit == "s") return 1'000'000'000;
  if (unit == "m") return 60'000'000'000;
  if (unit == "h") return 3'600'000'000'000;
  return std::nullopt;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Reads digits from the front. False when the number passes 2^63.
bool take_whole(std::string_view& text, std::uint64_t& value) {
  value = 0;
  while (!text.empty() && is_digit(text.front())) {
    if (value > kLargest / 10) return false;
    value = value * 10 + static_cast<std::uint64_t>(text.front() - '0');
    if (value > kLargest) return false;
    text.remove_prefix(1);
  }
  return true;
}

// Digits after the point as value/scale; digits beyond the precision of a duration are read and ignored.
void take_fraction(std::string_view& text, std::uint64_t& value, double& scale) {
  value = 0;
  scale = 1;
  bool full = false;
  while (!text.empty() && is_digit(text.front())) {
    if (!full) {
      const auto digit = static_cast<std::uint64_t>(text.front() - '0');
      if (value > (kLargest - 1) / 10 || value * 10 + digit > kLargest) {
        full = true;
      } else {
        value = value * 10 + digit;
        scale *= 10;
      }
    }
    text.remove_prefix(1);
  }
}

// "1.5" out of 1'500 and digits = 3; no trailing zeros.
std::string decimal(std::uint64_t value, int digits) {
  std::uint64_t scale = 1;
  for (int i = 0; i < digits; ++i) scale *= 10;
  std::string out = fmt::format("{}", value / scale);
  std::string fraction = fmt::format("{:0{}}", value % scale, digits);
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  if (!fraction.empty()) out.append(1, '.').append(fraction);
  return out;
}

std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (!is_digit(text[i])) return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// Seconds east of UTC, or nothing when the rest of the text is no zone.
std::optional<int> take_zone(std::string_view text) {
  if (text == "Z") return 0;
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const int sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  const auto hours = take_number(text, 2);
  if (!hours || !take(text, ':')) return std::nullopt;
  const auto minutes = take_number(text, 2);
  if (!minutes || !text.empty() || *hours > 24 || *minutes > 59) return std::nullopt;
  return sign * (*hours * 3600 + *minutes * 60);
}

std::optional<UnixNanos> rfc3339_nanoseconds(std::string_view text) {
  const auto year = take_number(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day || !take(text, 'T')) return std::nullopt;
  const auto hour = take_number(text, 2);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || !take(text, ':')) return std::nullopt;
  const auto second = take_number(text, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;

  std::int64_t nanoseconds = 0;
  if (take(text, '.')) {
    std::int64_t place = 100'000'000;
    if (text.empty() || !is_digit(text.front())) return std::nullopt;
    while (!text.empty() && is_digit(text.front())) {
      nanoseconds += (text.front() - '0') * place;
      place /= 10;
      text.remove_prefix(1);
    }
  }
  const auto zone = take_zone(text);
  if (!zone) return std::nullopt;

  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  const std::int64_t seconds = ((days * 24 + *hour) * 60 + *minute) * 60 + *second - *zone;
  const __int128 total = static_cast<__int128>(seconds) * 1'000'000'000 + nanoseconds;
  if (total > std::numeric_limits<UnixNanos>::max() || total < std::numeric_limits<UnixNanos>::min())
    return std::nullopt;
  return static_cast<UnixNanos>(total);
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  const std::string_view whole_text = text;
  bool negative = false;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  if (text == "0") return Duration{0};
  if (text.empty()) return bad_duration(whole_text);

  std::uint64_t total = 0;
  while (!text.empty()) {
    if (text.front() != '.' && !is_digit(text.front())) return bad_duration(whole_text);
    std::uint64_t value = 0;
    const std::size_t before_whole = text.size();
    if (!take_whole(text, value)) return bad_duration(whole_text);
    bool any_digit = text.size() != before_whole;
    std::uint64_t fraction = 0;
    double scale = 1;
    if (take(text, '.')) {
      const std::size_t before_fraction = text.size();
      take_fraction(text, fraction, scale);
      any_digit = any_digit || text.size() != before_fraction;
    }
    if (!any_digit) return bad_duration(whole_text);

    std::size_t unit_length = 0;
    while (unit_length < text.size() && text[unit_length] != '.' && !is_digit(text[unit_length]))
      ++unit_length;
    if (unit_length == 0) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("time: missing unit in duration {}", quote_duration(whole_text)));
    }
    const std::string_view unit_text = text.substr(0, unit_length);
    const auto unit = unit_nanoseconds(unit_text);
    if (!unit) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("time: unknown unit {} in duration {}", quote_duration(unit_text),
                              quote_duration(whole_text)));
    }
    text.remove_prefix(unit_length);

    if (value > kLargest / *unit) return bad_duration(whole_text);
    value *= *unit;
    if (fraction > 0) {
      value +=
          static_cast<std::uint64_t>(static_cast<double>(fraction) * (static_cast<double>(*unit) / scale));
      if (value > kLargest) return bad_duration(whole_text);
    }
    total += value;
    if (total > kLargest) return bad_duration(whole_text);
  }
  if (negative) return Duration{static_cast<std::int64_t>(0 - total)};
  if (total == kLargest) return bad_duration(whole_text);
  return Duration{static_cast<std::int64_t>(total)};
}

std::string format_duration(Duration value) {
  const std::int64_t count = value.count();
  if (count == 0) return "0s";
  const std::uint64_t magnitude =
      count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
  std::string out = count < 0 ? "-" : "";
  if (magnitude < 1'000) return out + fmt::format("{}ns", magnitude);
  if (magnitude < 1'000'000) return out + decimal(magnitude, 3) + "\u00b5s";
  if (magnitude < 1'000'000'000) return out + decimal(magnitude, 6) + "ms";

  constexpr std::uint64_t kMinute = 60'000'000'000;
  const std::uint64_t minutes = magnitude / kMinute;
  if (minutes >= 60) out += fmt::format("{}h", minutes / 60);
  if (minutes >= 1) out += fmt::format("{}m", minutes % 60);
  return out + decimal(magnitude % kMinute, 9) + "s";
}

std::string format_rfc3339(UnixNanos unix_ns) {
  constexpr std::int64_t kDay = 86'400'000'000'000;
  const std::int64_t days = unix_ns / kDay - (unix_ns % kDay < 0 ? 1 : 0);
  const std::int64_t rest = unix_ns % kDay + (unix_ns % kDay < 0 ? kDay : 0);
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  const std::chrono::hh_mm_ss<std::chrono::nanoseconds> clock{std::chrono::nanoseconds{rest}};
  std::string out = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (clock.subseconds().count() != 0) {
    out += fmt::format(".{:09}", clock.subseconds().count());
    while (out.back() == '0') out.pop_back();
  }
  return out + 'Z';
}

Result<UnixNanos> parse_rfc3339(std::string_view text) {
  if (const auto value = rfc3339_nanoseconds(text)) return *value;
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} is not an RFC 3339 time", quote_duration(text.substr(0, 64))));
}

}  // namespace invar
