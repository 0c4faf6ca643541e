// WatchStream: what a watch's answer says, as it comes: one JSON text a line, cut anywhere. Pure.
// Limits:   a line of kLongestLine at most.
// Threads:  one owner.
// Spec:     clustering.md 10.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace invar::cluster_etcd {

class WatchStream {
 public:
  static constexpr std::size_t kLongestLine = std::size_t{4} << 20;

  // Whether keys changed. Errors: the watch is over; nothing more is to be fed.
  Result<bool> feed(std::string_view part);

 private:
  std::string rest_;  // of a line that is not whole yet
};

}  // namespace invar::cluster_etcd
