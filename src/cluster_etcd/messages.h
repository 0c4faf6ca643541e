// What is said to etcd and heard from it, over its JSON gateway (version 3.4 and later). Pure.
// Errors: an answer that is not of the form.
// Spec:   clustering.md 10.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/error.h"

namespace invar::cluster_etcd {

std::string login_request(std::string_view user, std::string_view password);
std::string grant_request(std::int64_t seconds);
std::string lease_request(const std::string& lease);  // to keep it alive, or to give it back
std::string range_request(std::string_view prefix);
std::string watch_request(std::string_view prefix, std::int64_t from_revision);
// Puts the value only if the key was last changed by this revision; 0: if there is no such key. `lease` "": for good.
std::string put_request(std::string_view key, std::string_view value, const std::string& lease,
                        std::int64_t if_revision);

struct Header {
  std::string cluster_id;
  std::int64_t revision = 0;
};

struct Grant {
  std::string lease;
  std::int64_t seconds = 0;  // 0: etcd knows of no such lease
};
Result<Grant> read_grant(std::string_view answer);  // of a new lease, or of keeping one alive
Result<std::string> read_token(std::string_view answer);

struct PutResult {
  bool done = false;  // false: the condition did not hold
  std::int64_t revision = 0;
};
Result<PutResult> read_put(std::string_view answer);

struct KeyValue {
  std::string value, lease;
  std::int64_t revision = 0;  // of its last change
};
struct Snapshot {
  Header header;
  std::map<std::string, KeyValue> values;  // by key
};
inline constexpr std::size_t kMostKeys = 10'000;
// Errors: also more keys than kMostKeys.
Result<Snapshot> read_snapshot(std::string_view answer);

// One message of a watch.
struct WatchMessage {
  bool changed = false;  // keys have
  std::string over;      // why the watch ends; "": it goes on
};
Result<WatchMessage> read_watch_message(std::string_view text);

// The sentence of an answer that is an error; "" when there is none.
std::string error_sentence(std::string_view answer);

}  // namespace invar::cluster_etcd
