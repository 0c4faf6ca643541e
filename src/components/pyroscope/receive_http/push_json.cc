#include <fmt/format.h>

#include <algorithm>
#include <expected>
#include <utility>

#include "base/strings.h"
#include "codec/base64.h"
#include "components/pyroscope/receive_http/push_decode.h"
#include "json/reader.h"

namespace invar::components::pyroscope_receive_http {
namespace {

// Both alphabets, with or without padding.
std::expected<std::string, std::size_t> from_any_base64(std::string text) {
  while (text.ends_with('=')) text.pop_back();
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  text.append((4 - text.size() % 4) % 4, '=');
  return codec::from_base64(text);
}

// A field of a message: its name, another name for it or "", and how its value is read.
struct JsonField {
  std::string_view name, other;
  std::function<bool()> read;
  bool seen = false;
};

// Null counts as absent; fields of other names are ignored; a field that comes twice is an error.
bool read_message(json::Reader& in, std::vector<JsonField> fields) {
  in.enter(json::Kind::kObject);
  std::string name;
  while (in.next_member(name)) {
    const auto field = std::ranges::find_if(
        fields, [&](const JsonField& f) { return f.name == name || (!f.other.empty() && f.other == name); });
    if (field == fields.end()) continue;
    if (std::exchange(field->seen, true))
      return in.fail_at(in.name_offset(), "duplicate field " + quote(name));
    if (in.kind() == json::Kind::kNull ? !in.read_null() : !field->read()) return false;
  }
  return !in.failed();
}

template <class Item>
std::function<bool()> read_list(json::Reader& in, std::vector<Item>& out,
                                bool (*read)(json::Reader&, Item&)) {
  return [&in, &out, read] {
    in.enter(json::Kind::kArray);
    while (in.next_element()) {
      if (!read(in, out.emplace_back())) return false;
    }
    return !in.failed();
  };
}

std::function<bool()> read_text(json::Reader& in, std::string& out) {
  return [&in, &out] { return in.read(out); };
}

bool read_label(json::Reader& in, Label& out) {
  return read_message(in, {{"name", "", read_text(in, out.name)}, {"value", "", read_text(in, out.value)}});
}

bool read_sample(json::Reader& in, PushedSample& out) {
  std::string body;
  const auto read_body = [&] {
    const std::size_t at = in.offset();
    std::string text;
    if (!in.read(text)) return false;
    auto decoded = from_any_base64(std::move(text));
    if (!decoded) return in.fail_at(at, "invalid value for bytes field rawProfile: it is not base64");
    body = *std::move(decoded);
    return true;
  };
  if (!read_message(in, {{"rawProfile", "raw_profile", read_body}, {"ID", "", read_text(in, out.id)}}))
    return false;
  out.body = share(std::move(body));
  return true;
}

bool read_series(json::Reader& in, PushedSeries& out) {
  return read_message(in, {{"labels", "", read_list(in, out.labels, &read_label)},
                           {"samples", "", read_list(in, out.samples, &read_sample)}});
}

}  // namespace

Result<std::vector<PushedSeries>> decode_push_json(std::string_view message) {
  if (message.empty())
    return fail(ErrorCode::kInvalidArgument,
                "unmarshal message: zero-length payload is not a valid JSON object");
  std::vector<PushedSeries> all;
  json::Reader in(message, {.strict_text = true});
  if (read_message(in, {{"series", "", read_list(in, all, &read_series)}}) && in.end()) return all;
  const json::Place place = in.place(in.error_offset());
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("unmarshal message: unmarshal into *pushv1.PushRequest: proto: (line {}:{}): {}",
                          place.line, place.column, in.error().message));
}

}  // namespace invar::components::pyroscope_receive_http
