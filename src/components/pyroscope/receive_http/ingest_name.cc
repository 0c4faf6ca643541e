#include "components/pyroscope/receive_http/ingest_name.h"

#include <algorithm>

#include "base/strings.h"
#include "http/url.h"

namespace invar::components::pyroscope_receive_http {
namespace {

constexpr std::string_view kAppName = "app_name";

bool letter_or_digit(char32_t rune) {
  return (rune >= 'a' && rune <= 'z') || (rune >= 'A' && rune <= 'Z') || (rune >= '0' && rune <= '9');
}

bool allowed_in_app(char32_t rune) {
  return letter_or_digit(rune) || rune == '_' || rune == '.' || rune == '-' || rune == '/';
}

// The first character that is not allowed, for the message.
template <class Allowed>
std::optional<std::string> forbidden(std::string_view text, Allowed allowed) {
  while (!text.empty()) {
    const Rune rune = decode_rune(text);
    if (!allowed(rune.value)) {
      std::string shown;
      append_rune(shown, rune.value);
      return shown;
    }
    text.remove_prefix(static_cast<std::size_t>(rune.length));
  }
  return std::nullopt;
}

}  // namespace

Result<Labels> parse_ingest_name(std::string_view name) {
  const std::size_t brace = name.find('{');
  const std::string_view app = trim_space(name.substr(0, brace));
  if (app.empty()) return invalid("service name is required");
  if (const auto rune = forbidden(app, allowed_in_app))
    return invalid("invalid service name: " + std::string(app) + ": character is not allowed: '" + *rune +
                   "'");
  std::vector<Label> labels = {{std::string(kMetricName), std::string(app)}};
  std::string_view rest = brace == std::string_view::npos ? std::string_view() : name.substr(brace + 1);
  while (true) {
    // A key without '=' ends quietly at '}'; at ',' the comma is a part of the key, and not allowed there.
    const std::size_t equals = rest.find_first_of("=}");
    if (equals == std::string_view::npos || rest[equals] == '}') break;
    const std::string_view key = trim_space(rest.substr(0, equals));
    rest.remove_prefix(equals + 1);
    const std::size_t end = rest.find_first_of(",}");
    if (end == std::string_view::npos) break;  // an unfinished pair is lost
    const std::string_view value = trim_space(rest.substr(0, end));
    if (key.empty()) return invalid("invalid label name: label name is required");
    if (const auto comma = key.find(','); comma != std::string_view::npos)
      return invalid("invalid label name: " + std::string(key) + ": a comma ends a label, and " +
                     quote(key.substr(0, comma)) + " has no value");
    if (!valid_utf8(key)) return invalid("invalid label name: " + quote(key) + " is not UTF-8");
    if (!valid_utf8(value))
      return invalid("invalid label value for " + std::string(key) + ": it is not UTF-8");
    labels.push_back({std::string(key), std::string(value)});
    if (rest[end] == '}') break;
    rest.remove_prefix(end + 1);
  }
  return Labels::from(std::move(labels));
}

Labels with_service_name(const Labels& labels) {
  LabelsBuilder builder(labels);
  builder.set(labels.has(kServiceName) ? kAppName : kServiceName, labels.get(kMetricName));
  return builder.build();
}

std::optional<std::string> form_value(std::string_view query, std::string_view key) {
  for (const std::string_view pair : split(query, '&')) {
    if (pair.empty() || pair.find(';') != std::string_view::npos) continue;
    const std::size_t equals = pair.find('=');
    const auto name = http::percent_decode(pair.substr(0, equals), true);
    if (!name || *name != key) continue;
    const auto value = http::percent_decode(
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
    if (value) return value;
  }
  return std::nullopt;
}

}  // namespace invar::components::pyroscope_receive_http
