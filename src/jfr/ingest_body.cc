#include "jfr/ingest_body.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/strings.h"
#include "codec/gzip.h"
#include "jfr/limits.h"

namespace invar::jfr {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

// The value of a parameter of a header: `form-data; name="jfr"; filename="x"`.
std::string parameter(std::string_view header, std::string_view name) {
  for (std::size_t at = header.find(';'); at != std::string_view::npos; at = header.find(';')) {
    header = trim_space(header.substr(at + 1));
    const std::size_t equals = header.find('=');
    if (equals == std::string_view::npos) return "";
    const bool is_wanted = equals_ignore_case(trim_space(header.substr(0, equals)), name);
    header = trim_space(header.substr(equals + 1));
    const bool is_quoted = header.starts_with('"');
    if (is_quoted) header.remove_prefix(1);
    const std::size_t end = std::min(header.find(is_quoted ? '"' : ';'), header.size());
    if (is_wanted) return std::string(is_quoted ? header.substr(0, end) : trim_space(header.substr(0, end)));
    header.remove_prefix(end);
  }
  return "";
}

std::string part_name(std::string_view headers) {
  while (!headers.empty()) {
    const std::string_view line = headers.substr(0, headers.find(kLineEnd));
    headers.remove_prefix(std::min(headers.size(), line.size() + kLineEnd.size()));
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos &&
        equals_ignore_case(trim_space(line.substr(0, colon)), "content-disposition")) {
      return parameter(line.substr(colon + 1), "name");
    }
  }
  return "";
}

Result<std::string_view> unpacked(std::string_view bytes, std::string& scratch) {
  if (!codec::is_gzip(bytes)) return bytes;
  codec::Inflater inflater;
  INVAR_TRY(inflater.gunzip(bytes, kMaxFileBytes, scratch));
  return std::string_view(scratch);
}

std::int64_t interval_of(std::string_view query) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  const std::string_view text = query_value(query, "sampleRate");
  std::int64_t rate = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rate);
  if (error != std::errc() || rate <= 0 || rate > kSecond) return ConvertOptions().sample_interval_ns;
  return kSecond / rate;
}

}  // namespace

std::string_view query_value(std::string_view query, std::string_view key) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == key) return pair.substr(equals + 1);
  }
  return {};
}

std::string boundary_of(std::string_view content_type) {
  const std::string_view type = trim_space(content_type.substr(0, content_type.find(';')));
  return equals_ignore_case(type, "multipart/form-data") ? parameter(content_type, "boundary") : "";
}

Result<std::map<std::string, std::string_view>> read_form(std::string_view body, std::string_view boundary) {
  const std::string opening = "--" + std::string(boundary), closing = std::string(kLineEnd) + opening;
  const auto damaged = [] { return fail(ErrorCode::kInvalidArgument, "damaged multipart/form-data"); };
  std::map<std::string, std::string_view> parts;
  const std::size_t first = body.find(opening);
  if (first == std::string_view::npos) return damaged();
  body.remove_prefix(first + opening.size());
  while (!body.starts_with("--")) {
    const std::size_t line_end = body.find(kLineEnd);
    const std::size_t headers_end = body.find("\r\n\r\n", std::min(line_end, body.size()));
    if (headers_end == std::string_view::npos) return damaged();
    const std::string_view headers = body.substr(line_end, headers_end - line_end);
    body.remove_prefix(headers_end + 2 * kLineEnd.size());
    const std::size_t end = body.find(closing);
    if (end == std::string_view::npos) return damaged();
    parts.try_emplace(part_name(trim_space(headers)), body.substr(0, end));
    body.remove_prefix(end + closing.size());
  }
  return parts;
}

Result<Conversion> convert_ingest_body(std::string_view query, std::string_view content_type,
                                       std::string_view body) {
  std::string whole, unpacked_recording, unpacked_labels;
  INVAR_ASSIGN_OR_RETURN(std::string_view recording, unpacked(body, whole));
  std::optional<LabelsSnapshot> labels;
  if (const std::string boundary = boundary_of(content_type); !boundary.empty()) {
    INVAR_ASSIGN_OR_RETURN(const auto parts, read_form(recording, boundary));
    const auto jfr = parts.find("jfr"), snapshot = parts.find("labels");
    if (jfr == parts.end())
      return fail(ErrorCode::kInvalidArgument, "multipart/form-data without a part \"jfr\"");
    INVAR_ASSIGN_OR_RETURN(recording, unpacked(jfr->second, unpacked_recording));
    if (snapshot != parts.end()) {
      INVAR_ASSIGN_OR_RETURN(const std::string_view bytes, unpacked(snapshot->second, unpacked_labels));
      INVAR_ASSIGN_OR_RETURN(labels, LabelsSnapshot::parse(bytes));
    }
  }
  return to_pprof(recording,
                  {.sample_interval_ns = interval_of(query), .labels = labels ? &*labels : nullptr});
}

}  // namespace invar::jfr
