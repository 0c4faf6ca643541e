#include "webapi/params.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/strings.h"

namespace invar::webapi {

std::optional<UnixNanos> time_named(std::string_view text, UnixNanos now) {
  if (text == "now") return now;
  constexpr std::uint64_t kMostMs = 9'000'000'000'000;  // what nanoseconds can hold
  if (const auto ms = parse_uint(text); ms && *ms <= kMostMs) return static_cast<UnixNanos>(*ms) * 1'000'000;
  if (text.starts_with('-')) {
    const auto back = parse_duration(text);
    return back && *back >= -kForever ? std::optional(std::max<UnixNanos>(0, now + back->count()))
                                      : std::nullopt;
  }
  const auto instant = parse_rfc3339(text);
  return instant && *instant >= 0 ? std::optional(*instant) : std::nullopt;
}

void Params::fail(std::string_view name, std::string text, std::string hint) {
  if (!error_) error_ = bad_request(std::string(name), std::move(text), std::move(hint));
}

std::optional<std::string> Params::text(std::string_view name) {
  auto value = request_.query_value(name);
  if (value && !valid_utf8(*value)) {
    fail(name, fmt::format("{} is not valid UTF-8", name));
    return std::nullopt;
  }
  return value;
}

std::int64_t Params::whole(std::string_view name, std::int64_t otherwise, std::int64_t least,
                           std::int64_t most) {
  const auto value = request_.query_value(name);
  if (!value) return otherwise;
  const auto number = parse_int(*value);
  if (number && *number >= least && *number <= most) return *number;
  fail(name, fmt::format("{} must be a whole number from {} to {}", name, least, most));
  return otherwise;
}

std::size_t Params::choice(std::string_view name, std::initializer_list<std::string_view> choices) {
  const auto value = request_.query_value(name);
  if (!value) return 0;
  const auto found = std::ranges::find(choices, *value);
  if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
  fail(name, fmt::format("{} cannot be {}", name, quote(*value)),
       fmt::format("Choose one of {}.", fmt::join(choices, ", ")));
  return 0;
}

std::vector<std::size_t> Params::choices(std::string_view name, std::span<const std::string_view> known) {
  std::vector<std::size_t> out;
  const auto value = request_.query_value(name);
  if (!value || value->empty()) return out;
  for (const std::string_view word : split(*value, ',')) {
    const auto found = std::ranges::find(known, word);
    if (found == known.end()) {
      fail(name, fmt::format("{} cannot hold {}", name, quote(word)),
           fmt::format("Choose of {}.", fmt::join(known, ", ")));
      return {};
    }
    out.push_back(static_cast<std::size_t>(found - known.begin()));
  }
  return out;
}

std::optional<UnixNanos> Params::time(std::string_view name) {
  const auto value = request_.query_value(name);
  if (!value) return std::nullopt;
  if (const auto known = time_named(*value, now_)) return known;
  fail(name, fmt::format("{} is no time: {}", name, quote(*value)),
       "Write now, -5m, or milliseconds since 1970.");
  return std::nullopt;
}

std::optional<Selector> Params::selector(std::string_view name) {
  const auto value = text(name);
  if (!value || value->empty()) return std::nullopt;
  auto parsed = Selector::parse(*value);
  if (parsed) return std::move(*parsed);
  fail(name, parsed.error().message,
       "Write it as in PromQL: {service_name=\"cart\", namespace=~\"shop|infra\"}.");
  return std::nullopt;
}

}  // namespace invar::webapi
