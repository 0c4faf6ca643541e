// The code that the Connect protocol gives an answer whose body holds none. Pure.
// Source: pyroscope-write.md 4; the Connect protocol, "HTTP to error code".
#pragma once

#include <string_view>

namespace invar::http {

inline std::string_view connect_code(int status) {
  switch (status) {
    case 400:
      return "internal";
    case 401:
      return "unauthenticated";
    case 403:
      return "permission_denied";
    case 404:
      return "unimplemented";
    case 429:
    case 502:
    case 503:
    case 504:
      return "unavailable";
    default:
      return "unknown";
  }
}

}  // namespace invar::http
