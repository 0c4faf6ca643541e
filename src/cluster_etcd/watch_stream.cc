#include "cluster_etcd/watch_stream.h"

#include <algorithm>

#include "base/strings.h"
#include "cluster_etcd/messages.h"

namespace invar::cluster_etcd {

Result<bool> WatchStream::feed(std::string_view part) {
  bool changed = false;
  while (!part.empty()) {
    const auto end = part.find('\n');
    if (rest_.size() + std::min(end, part.size()) > kLongestLine)
      return fail(ErrorCode::kResourceExhausted, "a line of etcd's watch is too long");
    rest_ += part.substr(0, end);
    if (end == std::string_view::npos) break;
    part.remove_prefix(end + 1);
    if (!trim_space(rest_).empty()) {
      INVAR_ASSIGN_OR_RETURN(const WatchMessage message, read_watch_message(rest_));
      if (!message.over.empty()) return fail(ErrorCode::kUnavailable, message.over);
      changed = changed || message.changed;
    }
    rest_.clear();
  }
  return changed;
}

}  // namespace invar::cluster_etcd
