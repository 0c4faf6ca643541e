#include "component/label_name.h"

#include "base/strings.h"

namespace invar::component {

std::string clean_label_name(std::string_view name) {
  std::string out;
  out.reserve(name.size());
  while (!name.empty()) {
    const char c = name.front();
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    out += plain ? c : '_';
    name.remove_prefix(plain ? 1 : static_cast<std::size_t>(decode_rune(name).length));
  }
  return out;
}

}  // namespace invar::component
