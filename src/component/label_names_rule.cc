#include "component/label_names_rule.h"

namespace invar::component {

std::optional<syntax::DecodeError> check_label_names(const std::map<std::string, std::string>& labels) {
  if (!labels.contains("")) return std::nullopt;
  return syntax::decode_failure("has a label without a name, which no server takes");
}

}  // namespace invar::component
