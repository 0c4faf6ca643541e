// Releases: where among profiles a service first came in a new version, as its labels say, or else as another build of its program.
// Threads: any; pure. Source: web-api.md 4.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "labels/labels.h"

namespace invar::webapi {

struct Release {
  UnixNanos at_unix_ns = 0;
  std::string service;
  std::string label;  // that holds the version; "" for a build
  std::string value, before;
};

struct Build {  // of the program that a profile is of; empty when it does not say
  std::string file, id;
};

class Releases {
 public:
  // Oldest first. A version is new when the one before it has been there for longer than the first round of scrapes: some series of the
  // service has come twice.
  void add(UnixNanos at, std::string_view series, const Labels& labels, const Build& build);
  [[nodiscard]] const std::vector<Release>& found() const { return found_; }

 private:
  struct Versions {
    std::set<std::string, std::less<>> series, values;
    std::string last;
    bool came_again = false;
  };
  std::map<std::string, Versions> known_;  // by service, label and file
  std::vector<Release> found_;
};

}  // namespace invar::webapi
