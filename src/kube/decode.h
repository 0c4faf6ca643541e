// Objects out of the API's Protobuf encoding. Unknown fields are skipped, so that servers newer and older than these
// definitions are read alike.
// Errors:  kDataLoss for bytes that are no Protobuf, or an object without a name.
// Threads: any; pure. Limits: an object is read in one go; nothing of it is kept but what Object holds.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "kube/objects.h"

namespace invar::kube {

// What every answer in this encoding begins with.
inline constexpr std::string_view kMagic("k8s\0", 4);

// A message of one resource, without the envelope.
Result<Object> decode_object(Resource resource, std::string_view message);

// What a list says about itself.
struct ListMeta {
  std::string version;    // of the resource: where a watch goes on
  std::string continues;  // token of the next page, "" after the last
};
Result<ListMeta> decode_list_meta(std::string_view message);

// The envelope around whole answers and the objects of events: "k8s\0" and runtime.Unknown.
struct Envelope {
  std::string_view kind;  // "Pod", "Status"
  std::string_view raw;
};
Result<Envelope> open_envelope(std::string_view bytes);

// What the API says when it refuses: metav1.Status.
struct Status {
  std::string message, reason;
  int code = 0;
  int retry_after_seconds = 0;
};
Result<Status> decode_status(std::string_view message);

// One frame of a watch: metav1.WatchEvent.
struct Event {
  std::string_view type;    // ADDED, MODIFIED, DELETED, BOOKMARK, ERROR
  std::string_view object;  // in its envelope
};
Result<Event> decode_event(std::string_view message);

// The version of an object of any resource: what a BOOKMARK carries.
Result<std::string> decode_version(std::string_view message);

}  // namespace invar::kube
