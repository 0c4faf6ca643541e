// Selector: a choice of label sets in Prometheus' syntax: {service_name="api", __name__=~"process_cpu|memory"}.
// Operators =, !=, =~, !~; a regular expression matches the whole value; a label that is absent is "".
// Also taken: memory{...} and "memory" for __name__, names in quotes, `raw` and 'single' quotes, no braces at
// all around matchers, the empty text and {} (everything).
// Errors: kInvalidArgument with the place. Threads: any, immutable.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "labels/labels.h"
#include "labels/pattern.h"

namespace invar {

class Selector {
 public:
  static Result<Selector> parse(std::string_view text);

  [[nodiscard]] bool matches(const Labels& labels) const;

 private:
  struct Matcher {
    std::string name, value;
    bool negated = false;
    std::vector<relabel::Pattern> pattern;  // one for =~ and !~
  };
  class Parser;
  std::vector<Matcher> matchers_;
};

}  // namespace invar
