#include "delivery/push_request.h"

#include <algorithm>
#include <map>

#include "base/strings.h"
#include "codec/gzip.h"
#include "codec/hash.h"
#include "codec/wire.h"
#include "delivery/series_labels.h"
#include "http/url.h"

namespace invar::delivery {
namespace {

using codec::wire::append_field;
using codec::wire::append_varint;

// push.v1, types.v1 and google/pprof field numbers.
constexpr std::uint32_t kSeries = 1, kLabels = 1, kSamples = 2, kRawProfile = 1, kId = 2, kLabelName = 1,
                        kValue = 2;
constexpr std::uint32_t kTimeNanos = 9;
constexpr Duration kOneMs = std::chrono::milliseconds(1);
constexpr std::uint64_t kMaxAnswerBytes = std::uint64_t{1} << 20;

// The key and length in front of `size` bytes that follow elsewhere.
std::string length_prefix(std::uint32_t field, std::size_t size) {
  std::string out;
  append_varint(out, (std::uint64_t{field} << 3) | 2);
  append_varint(out, size);
  return out;
}

void put_u32(std::string& out, std::uint32_t v) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(v >> shift);
}

std::string without_trailing_slashes(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

void set_configured(http::Headers& out, const EndpointHeaders& headers, bool with_host) {
  for (const auto& [name, value] : headers.headers)
    if (with_host || !equals_ignore_case(name, "host")) out.set(name, value);
  if (!headers.instance_uid.empty()) out.set(kInstanceHeader, headers.instance_uid);
}

}  // namespace

std::string time_suffix(bool gzip, UnixNanos unix_ns) {
  std::string field;
  append_field(field, kTimeNanos, static_cast<std::uint64_t>(unix_ns));
  if (!gzip) return field;
  // A gzip member with one stored block (RFC 1951 3.2.4).
  std::string member("\x1f\x8b\x08\0\0\0\0\0\0\xff\x01", 11);
  const auto size = static_cast<std::uint16_t>(field.size());
  for (const std::uint16_t v : {size, static_cast<std::uint16_t>(~size)}) {
    member += static_cast<char>(v);
    member += static_cast<char>(v >> 8);
  }
  member += field;
  put_u32(member, codec::crc32(field));
  put_u32(member, size);
  return member;
}

Outgoing make_push(const pipeline::Profile& profile, const Labels& labels, bool lacks_time) {
  Outgoing out;
  out.kind = pipeline::BodyKind::kPprof;
  out.body = profile.body;
  out.type = profile.type();
  out.taken_unix_ns = profile.taken_unix_ns;

  std::string pairs, pair;
  for (const Label& label : labels) {
    pair.clear();
    append_field(pair, kLabelName, label.name);
    append_field(pair, kValue, label.value);
    append_field(pairs, kLabels, pair);
  }
  std::string suffix, id;
  if (lacks_time) suffix = time_suffix(codec::is_gzip(*profile.body), profile.taken_unix_ns);
  if (!profile.id.empty()) append_field(id, kId, profile.id);

  const std::size_t raw_size = profile.body->size() + suffix.size();
  const std::string raw = length_prefix(kRawProfile, raw_size);
  const std::size_t sample_size = raw.size() + raw_size + id.size();
  const std::string sample = length_prefix(kSamples, sample_size);
  out.head = length_prefix(kSeries, pairs.size() + sample.size() + sample_size) + pairs + sample + raw;
  out.tail = suffix + id;
  return out;
}

Outgoing make_ingest(const pipeline::Profile& profile, const Labels& labels) {
  Outgoing out;
  out.kind = pipeline::BodyKind::kIngest;
  out.body = profile.body;
  out.type = profile.type();
  out.taken_unix_ns = profile.taken_unix_ns;
  out.ingest = profile.ingest ? profile.ingest : std::make_shared<const pipeline::IngestInfo>();
  out.ingest_name = delivery::ingest_name(labels);
  return out;
}

http::Request push_request(const Outgoing& outgoing, const std::string& url, const EndpointHeaders& headers,
                           Duration timeout) {
  http::Request request;
  request.method = "POST";
  request.url = without_trailing_slashes(url) + std::string(kPushPath);
  set_configured(request.headers, headers, true);
  // After the configured ones: these cannot be overridden.
  request.headers.set("User-Agent", headers.user_agent);
  request.headers.set("Connect-Protocol-Version", "1");
  request.headers.set("Content-Type", "application/proto");
  request.headers.set("Accept-Encoding", "gzip");
  request.headers.erase("Connect-Timeout-Ms");
  // Whole milliseconds left: the deadline began to run a moment ago.
  const std::string left = std::to_string((timeout - Duration(1)) / kOneMs);
  if (left != "0" && left.size() <= 10) request.headers.set("Connect-Timeout-Ms", left);
  request.body_head = outgoing.head;
  request.body = outgoing.body;
  request.body_tail = outgoing.tail;
  request.timeout = timeout;
  request.max_body_bytes = kMaxAnswerBytes;
  return request;
}

http::Request ingest_request(const Outgoing& outgoing, const std::string& url, const EndpointHeaders& headers,
                             Duration timeout) {
  http::Request request;
  request.method = "POST";
  const std::size_t scheme = url.find("://");
  const std::size_t path_at = url.find('/', scheme == std::string::npos ? 0 : scheme + 3);
  const std::string base = path_at == std::string::npos ? std::string() : url.substr(path_at);
  request.url = url.substr(0, path_at) + join_path(base, outgoing.ingest->path) + "?" +
                replace_name(outgoing.ingest->query, outgoing.ingest_name);
  set_configured(request.headers, headers, false);
  request.headers.set("User-Agent", headers.user_agent);
  request.headers.erase("Content-Type");
  for (const std::string& type : outgoing.ingest->content_types) request.headers.add("Content-Type", type);
  request.body = outgoing.body;
  request.timeout = timeout;
  request.max_body_bytes = kMaxAnswerBytes;
  return request;
}

std::string join_path(std::string_view base, std::string_view path) {
  std::vector<std::string_view> parts;
  for (const std::string_view side : {base, path})
    for (const std::string_view part : split(side, '/')) {
      if (part.empty() || part == ".") continue;
      if (part == "..") {
        if (!parts.empty()) parts.pop_back();
      } else {
        parts.push_back(part);
      }
    }
  std::string out;
  for (const std::string_view part : parts) {
    out += '/';
    out += part;
  }
  return out.empty() ? "/" : out;
}

std::string replace_name(std::string_view query, std::string_view name) {
  std::multimap<std::string, std::string> values;  // equal keys stay in order
  for (const std::string_view pair : split(query, '&')) {
    const std::size_t equals = pair.find('=');
    const auto key = http::percent_decode(pair.substr(0, equals), true);
    const auto value = http::percent_decode(
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
    if (pair.empty() || !key || !value || *key == "name")
      continue;  // a broken escape loses that pair, as in Go
    values.emplace(*key, *value);
  }
  values.emplace("name", std::string(name));
  std::string out;
  for (const auto& [key, value] : values) {
    if (!out.empty()) out += '&';
    out += http::query_escape(key) + "=" + http::query_escape(value);
  }
  return out;
}

}  // namespace invar::delivery
