// Any bytes as a Push message in both codecs, and as the name and query of /ingest: decoded or refused, never more than was sent.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/strings.h"
#include "components/pyroscope/receive_http/ingest_name.h"
#include "components/pyroscope/receive_http/push_decode.h"

namespace {

using namespace invar;
using namespace invar::components::pyroscope_receive_http;

void check(const Result<std::vector<PushedSeries>>& decoded, std::size_t size) {
  if (!decoded) {
    INVAR_CHECK(decoded.error().message.starts_with("unmarshal message: "), "an error without its words");
    return;
  }
  std::size_t bytes = 0;
  for (const PushedSeries& series : *decoded) {
    for (const Label& label : series.labels) {
      INVAR_CHECK(valid_utf8(label.name) && valid_utf8(label.value), "a label that is not UTF-8");
      bytes += label.name.size() + label.value.size();
    }
    for (const PushedSample& sample : series.samples) {
      INVAR_CHECK(sample.body != nullptr && valid_utf8(sample.id), "a broken sample");
      bytes += sample.body->size() + sample.id.size();
    }
  }
  INVAR_CHECK(bytes <= size * 3, "more than was sent");  // U+FFFD for one broken byte of JSON is three
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check(decode_push_proto(bytes), size);
  check(decode_push_json(bytes), size);
  if (const auto labels = parse_ingest_name(bytes)) {
    INVAR_CHECK(!labels->get("__name__").empty(), "labels without a name");
    INVAR_CHECK(!with_service_name(*labels).get("service_name").empty(), "no service");
  }
  if (const auto value = form_value(bytes, "name")) INVAR_CHECK(value->size() <= size, "more than was sent");
  return 0;
}
