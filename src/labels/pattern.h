// Pattern: one relabeling regular expression, compiled and anchored; Template: a replacement with group
// references. The pattern stands inside `^(?s:...)$`. Text with malformed UTF-8 matches as if each bad byte
// were U+FFFD; captured groups still are the original bytes. Errors: the wording of relabel.md 3. Threads:
// any, immutable.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace invar::relabel {

// Groups of one match, [0] = all of it; a group that took no part is a default string_view (data() ==
// nullptr).
using Groups = std::vector<std::string_view>;

class Pattern {
 public:
  static Result<Pattern> compile(std::string_view pattern);

  [[nodiscard]] bool matches(std::string_view text) const;
  // Fills `groups` with views into `text`; false leaves it unspecified.
  [[nodiscard]] bool match(std::string_view text, Groups& groups) const;
  [[nodiscard]] const std::vector<std::string>& group_names() const;  // [index], "" without a name

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

class Template {
 public:
  Template() = default;
  Template(std::string_view text, const std::vector<std::string>& group_names);
  [[nodiscard]] std::string expand(const Groups& groups) const;
  [[nodiscard]] bool constant() const { return constant_; }  // refers to no group

 private:
  struct Part {
    std::string literal;              // used when `groups` is empty
    std::vector<std::size_t> groups;  // the first that took part in the match
  };
  std::vector<Part> parts_;
  bool constant_ = true;
};

}  // namespace invar::relabel
