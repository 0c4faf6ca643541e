// ProblemList: what is wrong, for the head of the status page. Sentences of one component that differ in the address
// alone become one line, so that one broken deployment does not hide the other troubles.
// Pure; threads: any.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace invar::services {

class ProblemList {
 public:
  // `component` is an id on the page, "" for none; `what` an address or a name, "" for the component itself.
  // `lasting` is shown behind the sentence, "for 3m20s"; "" when it is not known.
  void add(const std::string& component, const std::string& what, const std::string& sentence,
           const std::string& lasting = "");
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::string html() const;  // "" when there are none

 private:
  struct Line {
    std::string component, what, sentence, lasting;
    std::size_t times = 0;
    std::vector<std::string> others;  // some more of `what`
  };
  std::vector<Line> lines_;
  std::map<std::pair<std::string, std::string>, std::size_t>
      line_of_;  // by component and sentence without address
  std::size_t count_ = 0;
};

}  // namespace invar::services
