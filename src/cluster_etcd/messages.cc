#include "cluster_etcd/messages.h"

#include <utility>

#include "base/strings.h"
#include "codec/base64.h"
#include "json/reader.h"
#include "json/writer.h"

namespace invar::cluster_etcd {
namespace {

using json::Kind;

// Calls `member(name)` for each; what it does not read is skipped.
template <class Member>
void read_object(json::Reader& in, Member member) {
  std::string name;
  in.enter(Kind::kObject);
  while (in.next_member(name)) member(std::as_const(name));
}

// 64-bit numbers are written as texts; older gateways write some as numbers.
void read_number(json::Reader& in, std::int64_t& out) {
  std::string text;
  std::string_view written;
  if (in.kind() != Kind::kNumber) {
    in.read(text);
    written = text;
  } else {
    in.read_number(written);
  }
  if (const auto number = parse_int(written)) {
    out = *number;
  } else {
    in.fail("not a whole number");
  }
}

void read_bytes(json::Reader& in, std::string& out) {
  std::string text;
  in.read(text);
  if (auto bytes = codec::from_base64(text)) {
    out = *std::move(bytes);
  } else {
    in.fail("not base64");
  }
}

void read_header(json::Reader& in, Header& header) {
  read_object(in, [&](const std::string& name) {
    if (name == "cluster_id") in.read(header.cluster_id);
    if (name == "revision") read_number(in, header.revision);
  });
}

template <class T>
Result<T> whole(json::Reader& in, T value) {
  if (!in.failed()) in.end();
  if (in.failed())
    return fail(ErrorCode::kDataLoss, "an answer of etcd cannot be read: " + in.error().message);
  return value;
}

void read_grant_fields(json::Reader& in, Grant& grant) {
  read_object(in, [&](const std::string& name) {
    if (name == "ID") in.read(grant.lease);
    if (name == "TTL") read_number(in, grant.seconds);
  });
}

void read_key_value(json::Reader& in, Snapshot& snapshot) {
  std::string key;
  KeyValue value;
  read_object(in, [&](const std::string& name) {
    if (name == "key") read_bytes(in, key);
    if (name == "value") read_bytes(in, value.value);
    if (name == "lease") in.read(value.lease);
    if (name == "mod_revision") read_number(in, value.revision);
  });
  if (snapshot.values.size() == kMostKeys) in.fail("more nodes than " + std::to_string(kMostKeys));
  if (!in.failed()) snapshot.values.insert_or_assign(std::move(key), std::move(value));
}

// All keys that begin with `prefix`, which ends in a slash: nothing overflows.
void add_range(json::Writer& out, std::string_view prefix) {
  std::string end(prefix);
  ++end.back();
  out.field("key", to_base64(prefix)).field("range_end", to_base64(end));
}

}  // namespace

std::string login_request(std::string_view user, std::string_view password) {
  std::string out;
  json::Writer(out).begin_object().field("name", user).field("password", password).end_object();
  return out;
}

std::string grant_request(std::int64_t seconds) {
  std::string out;
  json::Writer(out).begin_object().field("TTL", std::to_string(seconds)).end_object();
  return out;
}

std::string lease_request(const std::string& lease) {
  std::string out;
  json::Writer(out).begin_object().field("ID", lease).end_object();
  return out;
}

std::string range_request(std::string_view prefix) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  add_range(writer, prefix);
  writer.field("limit", std::to_string(kMostKeys + 1)).end_object();
  return out;
}

std::string watch_request(std::string_view prefix, std::int64_t from_revision) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("create_request").begin_object();
  add_range(writer, prefix);
  writer.field("start_revision", std::to_string(from_revision)).end_object().end_object();
  return out;
}

std::string put_request(std::string_view key, std::string_view value, const std::string& lease,
                        std::int64_t if_revision) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().key("compare").begin_array().begin_object();
  writer.field("target", if_revision == 0 ? "CREATE" : "MOD").field("key", to_base64(key));
  writer.field(if_revision == 0 ? "create_revision" : "mod_revision", std::to_string(if_revision));
  writer.end_object().end_array().key("success").begin_array().begin_object();
  writer.key("request_put").begin_object().field("key", to_base64(key)).field("value", to_base64(value));
  if (!lease.empty()) writer.field("lease", lease);
  writer.end_object().end_object().end_array().end_object();
  return out;
}

Result<Grant> read_grant(std::string_view answer) {
  json::Reader in(answer);
  Grant grant;
  read_object(in, [&](const std::string& name) {
    if (name == "result") read_grant_fields(in, grant);  // of a stream
    if (name == "ID") in.read(grant.lease);
    if (name == "TTL") read_number(in, grant.seconds);
  });
  return whole(in, std::move(grant));
}

Result<std::string> read_token(std::string_view answer) {
  json::Reader in(answer);
  std::string token;
  read_object(in, [&](const std::string& name) {
    if (name == "token") in.read(token);
  });
  return whole(in, std::move(token));
}

Result<PutResult> read_put(std::string_view answer) {
  json::Reader in(answer);
  PutResult result;
  Header header;
  read_object(in, [&](const std::string& name) {
    if (name == "header") read_header(in, header);
    if (name == "succeeded") in.read(result.done);
  });
  result.revision = header.revision;
  return whole(in, result);
}

Result<Snapshot> read_snapshot(std::string_view answer) {
  json::Reader in(answer);
  Snapshot snapshot;
  read_object(in, [&](const std::string& name) {
    if (name == "header") read_header(in, snapshot.header);
    if (name != "kvs") return;
    in.enter(Kind::kArray);
    while (in.next_element()) read_key_value(in, snapshot);
  });
  return whole(in, std::move(snapshot));
}

Result<WatchMessage> read_watch_message(std::string_view text) {
  json::Reader in(text);
  WatchMessage message;
  read_object(in, [&](const std::string& name) {
    if (name == "error") message.over = "etcd ended the watch";
    if (name != "result") return;
    bool canceled = false;
    std::string why;
    read_object(in, [&](const std::string& field) {
      if (field == "canceled") in.read(canceled);
      if (field == "cancel_reason") in.read(why);
      if (field == "events") message.changed = true;
    });
    if (canceled) message.over = "etcd ended the watch" + (why.empty() ? "" : ": " + why);
  });
  return whole(in, std::move(message));
}

std::string error_sentence(std::string_view answer) {
  json::Reader in(answer);
  if (in.kind() != Kind::kObject) return {};
  std::string sentence;
  read_object(in, [&](const std::string& name) {
    if ((name == "error" || name == "message") && in.kind() == Kind::kString) in.read(sentence);
  });
  return in.failed() ? std::string() : sentence;
}

}  // namespace invar::cluster_etcd
