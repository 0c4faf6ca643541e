#include "base/redact_url.h"

namespace invar {

std::string redact_url(std::string_view text) {
  const auto slashes = text.find("//");
  if (slashes == std::string_view::npos) return std::string(text);
  const auto start = slashes + 2;
  const auto authority = text.substr(start, text.find_first_of("/?#", start) - start);
  const auto at = authority.rfind('@');
  const auto colon = authority.find(':');
  if (at == std::string_view::npos || colon == std::string_view::npos || colon > at) return std::string(text);
  std::string out(text);
  return out.replace(start + colon + 1, at - colon - 1, "xxxxx");
}

}  // namespace invar
