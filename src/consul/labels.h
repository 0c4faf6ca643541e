// Labels that every component of Consul makes. Pure. Spec: discovery.md 11.
#pragma once

#include <string>
#include <string_view>

#include "component/target.h"
#include "syntax/value.h"

namespace invar::consul {

// ",a,b,": so that rules need not know where in the list a tag stands. Without tags ",,".
std::string join_tags(const syntax::Value& tags, std::string_view separator);
bool has_tags(const syntax::Value& tags, const std::vector<std::string>& wanted);

// `prefix` and the cleaned name for each field.
void add_labels(component::Target::Map& labels, std::string_view prefix, const syntax::Value& fields);

// The worst of the statuses of checks: "maintenance", "critical", "warning" or "passing".
class Health {
 public:
  void add(const syntax::Value& check);
  void add(const Health& other);
  [[nodiscard]] std::string text() const;

 private:
  int rank_ = 0;
};

}  // namespace invar::consul
