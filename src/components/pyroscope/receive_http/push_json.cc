#include <algorithm>
#include <expected>
#include <utility>

#include "base/strings.h"
#include "codec/base64.h"
#include "components/pyroscope/receive_http/json_reader.h"
#include "components/pyroscope/receive_http/push_decode.h"

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
struct Field {
  std::string_view name, other;
  std::function<Result<>()> read;
  bool seen = false;
};

// Null counts as absent; fields of other names are ignored; a field that comes twice is an error.
Result<> read_message(JsonReader& reader, std::vector<Field> fields) {
  return reader.object([&](std::string_view name, std::size_t at) -> Result<> {
    const auto field = std::ranges::find_if(
        fields, [&](const Field& f) { return f.name == name || (!f.other.empty() && f.other == name); });
    if (field == fields.end()) return reader.skip();
    if (std::exchange(field->seen, true)) return reader.error(at, "duplicate field " + quote(name));
    if (reader.take_null()) return {};
    return field->read();
  });
}

Field text_field(JsonReader& reader, std::string_view name, std::string& out) {
  return {name, "", [&reader, name, &out]() -> Result<> {
            INVAR_ASSIGN_OR_RETURN(out, reader.string("string", name));
            return {};
          }};
}

Result<Label> read_label(JsonReader& reader) {
  Label label;
  INVAR_TRY(read_message(reader,
                         {text_field(reader, "name", label.name), text_field(reader, "value", label.value)}));
  return label;
}

Result<PushedSample> read_sample(JsonReader& reader) {
  PushedSample sample;
  std::string body;
  const auto read_body = [&]() -> Result<> {
    const std::size_t at = reader.position();
    INVAR_ASSIGN_OR_RETURN(std::string text, reader.string("bytes", "rawProfile"));
    auto decoded = from_any_base64(std::move(text));
    if (!decoded) return reader.error(at, "invalid value for bytes field rawProfile: it is not base64");
    body = *std::move(decoded);
    return {};
  };
  INVAR_TRY(
      read_message(reader, {{"rawProfile", "raw_profile", read_body}, text_field(reader, "ID", sample.id)}));
  sample.body = share(std::move(body));
  return sample;
}

Result<PushedSeries> read_series(JsonReader& reader) {
  PushedSeries series;
  const auto read_labels = [&] {
    return reader.array([&]() -> Result<> {
      INVAR_ASSIGN_OR_RETURN(Label label, read_label(reader));
      series.labels.push_back(std::move(label));
      return {};
    });
  };
  const auto read_samples = [&] {
    return reader.array([&]() -> Result<> {
      INVAR_ASSIGN_OR_RETURN(PushedSample sample, read_sample(reader));
      series.samples.push_back(std::move(sample));
      return {};
    });
  };
  INVAR_TRY(read_message(reader, {{"labels", "", read_labels}, {"samples", "", read_samples}}));
  return series;
}

}  // namespace

Result<std::vector<PushedSeries>> decode_push_json(std::string_view message) {
  if (message.empty())
    return fail(ErrorCode::kInvalidArgument,
                "unmarshal message: zero-length payload is not a valid JSON object");
  std::vector<PushedSeries> all;
  JsonReader reader(message);
  const auto read_all = [&] {
    return reader.array([&]() -> Result<> {
      INVAR_ASSIGN_OR_RETURN(PushedSeries series, read_series(reader));
      all.push_back(std::move(series));
      return {};
    });
  };
  auto read = read_message(reader, {{"series", "", read_all}});
  if (read) read = reader.end();
  if (!read)
    return fail(ErrorCode::kInvalidArgument,
                "unmarshal message: unmarshal into *pushv1.PushRequest: proto: " + read.error().message);
  return all;
}

}  // namespace invar::components::pyroscope_receive_http
