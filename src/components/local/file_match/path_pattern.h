// PathPattern: patterns of whole paths: those of fs/glob.h in each part, `[!...]` as `[^...]`, `{a,b}` for either, and `**` as a part of
// its own for any number of directories, also none.
// Errors:  kInvalidArgument with what is wrong with the pattern.
// Threads: any; walk() blocks on the disk. Each directory is read once, whatever the pattern; links to directories are followed where
//          a part of the pattern names them, not below `**`. What cannot be read matches nothing. Spec: discovery.md 13.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "fs/filesystem.h"

namespace invar::components::local_file_match {

class PathPattern {
 public:
  static Result<PathPattern> parse(std::string_view pattern);  // absolute

  [[nodiscard]] bool matches(std::string_view path) const;
  // Everything but directories that matches, in no order; `each` returns false to stop.
  void walk(fs::FileSystem& files,
            const std::function<bool(const std::string& path, const fs::Stat& stat)>& each) const;

 private:
  using Parts = std::vector<std::string>;
  using State = std::pair<std::size_t, std::size_t>;  // an alternative, and its next part
  using States = std::set<State>;
  class Walk;

  [[nodiscard]] const std::string& part(State at) const { return alternatives_[at.first][at.second]; }
  [[nodiscard]] bool at_end(State at) const { return at.second == alternatives_[at.first].size(); }
  void enter(State at, States& states) const;
  [[nodiscard]] States start() const;
  [[nodiscard]] States step(const States& from, std::string_view name, bool below_any) const;
  [[nodiscard]] bool complete(const States& states) const;

  std::vector<Parts> alternatives_;  // without braces
};

}  // namespace invar::components::local_file_match
