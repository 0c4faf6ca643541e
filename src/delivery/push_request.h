// The bytes and headers of a push, exactly as pyroscope-write.md 4 and 7 say.
// A body has three parts so that the profile's bytes are never copied: head, the shared body, tail. They are
// made once; every attempt to every endpoint sends the same bytes.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "http/client.h"
#include "labels/labels.h"
#include "pipeline/profile.h"

namespace invar::delivery {

inline constexpr std::string_view kInstanceHeader = "X-Invar-Id";
inline constexpr std::string_view kPushPath = "/push.v1.PusherService/Push";

// One profile, ready to be sent to any endpoint.
struct Outgoing {
  pipeline::BodyKind kind = pipeline::BodyKind::kPprof;
  std::string head, tail;
  SharedBytes body;
  std::string type;  // for the ledger
  UnixNanos taken_unix_ns = 0;
  std::shared_ptr<const pipeline::IngestInfo> ingest;  // kIngest
  std::string ingest_name;                             // kIngest: the new value of `name`
  [[nodiscard]] std::uint64_t body_bytes() const { return body->size(); }
};
using OutgoingPtr = std::shared_ptr<const Outgoing>;

// `labels` are final (series_labels.h), sorted. `lacks_time`: the body has no time_nanos, and gets the profile's.
Outgoing make_push(const pipeline::Profile& profile, const Labels& labels, bool lacks_time);
Outgoing make_ingest(const pipeline::Profile& profile, const Labels& labels);

// Bytes that, appended to a pprof body, give it the time `unix_ns`: field 9 (time_nanos), in a gzip member of
// its own when the body is gzip. Of a repeated field the last value counts, and gzip members are read as one.
std::string time_suffix(bool gzip, UnixNanos unix_ns);

struct EndpointHeaders {
  std::map<std::string, std::string> headers;  // as configured
  std::string user_agent, instance_uid;
};
// `url` as configured. `timeout` is that of the attempt.
http::Request push_request(const Outgoing& outgoing, const std::string& url, const EndpointHeaders& headers,
                           Duration timeout);
http::Request ingest_request(const Outgoing& outgoing, const std::string& url, const EndpointHeaders& headers,
                             Duration timeout);

// Cleaned join of two URL paths: "/p/" + "/ingest" -> "/p/ingest".
std::string join_path(std::string_view base, std::string_view path);
// The query with `name` replaced, decoded and encoded again with keys sorted.
std::string replace_name(std::string_view query, std::string_view name);

}  // namespace invar::delivery
