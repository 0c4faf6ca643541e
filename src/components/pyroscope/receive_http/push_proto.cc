#include "base/strings.h"
#include "codec/wire.h"
#include "components/pyroscope/receive_http/push_decode.h"

namespace invar::components::pyroscope_receive_http {
namespace {

using codec::wire::Field;
using codec::wire::Reader;
using codec::wire::Type;

// push.v1 and types.v1 field numbers.
constexpr std::uint32_t kSeries = 1, kLabels = 1, kSamples = 2, kRawProfile = 1, kId = 2, kName = 1,
                        kValue = 2;

std::unexpected<Error> invalid(const char* why) {
  return fail(ErrorCode::kInvalidArgument,
              std::string("unmarshal message: unmarshal into *pushv1.PushRequest: proto: ") + why);
}

// Calls `on_field(number, bytes)` for the length-delimited fields; all others are unknown ones, and skipped.
template <class OnField>
Result<> read(std::string_view message, OnField on_field) {
  Reader reader(message);
  for (Field field; reader.next(field);)
    if (field.type == Type::kBytes) INVAR_TRY(on_field(field.number, field.bytes));
  if (reader.error()) return invalid("cannot parse invalid wire-format data");
  return {};
}

Result<> set_text(std::string& out, std::string_view bytes) {
  if (!valid_utf8(bytes)) return invalid("string field contains invalid UTF-8");
  out = bytes;
  return {};
}

Result<Label> read_label(std::string_view message) {
  Label label;
  INVAR_TRY(read(message, [&](std::uint32_t number, std::string_view bytes) -> Result<> {
    if (number == kName) return set_text(label.name, bytes);
    if (number == kValue) return set_text(label.value, bytes);
    return {};
  }));
  return label;
}

Result<PushedSample> read_sample(std::string_view message) {
  PushedSample sample;
  std::string_view body;
  INVAR_TRY(read(message, [&](std::uint32_t number, std::string_view bytes) -> Result<> {
    if (number == kRawProfile) body = bytes;
    if (number == kId) return set_text(sample.id, bytes);
    return {};
  }));
  sample.body = share(std::string(body));
  return sample;
}

Result<PushedSeries> read_series(std::string_view message) {
  PushedSeries series;
  INVAR_TRY(read(message, [&](std::uint32_t number, std::string_view bytes) -> Result<> {
    if (number == kLabels) {
      INVAR_ASSIGN_OR_RETURN(Label label, read_label(bytes));
      series.labels.push_back(std::move(label));
    } else if (number == kSamples) {
      INVAR_ASSIGN_OR_RETURN(PushedSample sample, read_sample(bytes));
      series.samples.push_back(std::move(sample));
    }
    return {};
  }));
  return series;
}

}  // namespace

Result<std::vector<PushedSeries>> decode_push_proto(std::string_view message) {
  std::vector<PushedSeries> all;
  INVAR_TRY(read(message, [&](std::uint32_t number, std::string_view bytes) -> Result<> {
    if (number != kSeries) return {};
    INVAR_ASSIGN_OR_RETURN(PushedSeries series, read_series(bytes));
    all.push_back(std::move(series));
    return {};
  }));
  return all;
}

}  // namespace invar::components::pyroscope_receive_http
