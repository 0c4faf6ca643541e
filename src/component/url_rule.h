// The address of a server as users write it: what is wrong with it, and what to write instead. One wording for every argument that
// holds a URL. Pure. Source: decision 22's sentences; http-client.md 1.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "syntax/decode.h"

namespace invar::component {

struct UrlRule {
  std::string_view example = "http://pyroscope:4040";
  bool query_allowed = true;
};

// Nothing when an http(s) request can be sent there. Passwords in it are not repeated.
std::optional<syntax::DecodeError> check_server_url(std::string_view text, const UrlRule& rule);

// Header values as they go out: nothing when all are, else the mistake at the name, with what to do.
std::optional<syntax::DecodeError> check_header(std::string_view name, std::string_view value);

}  // namespace invar::component
