// The address of a server as users write it: what is wrong with it, and what to write instead. One wording for every argument that
// holds a URL. Pure. Source: decision 22's sentences; http-client.md 1.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/client.h"
#include "syntax/decode.h"

namespace invar::component {

struct UrlRule {
  std::string_view example = "http://pyroscope:4040";
  bool query_allowed = true;
};

// Nothing when an http(s) request can be sent there. Passwords in it are not repeated.
std::optional<syntax::DecodeError> check_server_url(std::string_view text, const UrlRule& rule);

// A header as it goes out: nothing when it can, else what is wrong with it and what to do.
std::optional<syntax::DecodeError> check_header(std::string_view name, std::string_view value);
// The same for many, each with its value or its list of values: the mistake stands at the one that is wrong.
std::optional<syntax::DecodeError> check_headers(const std::map<std::string, std::string>& headers);
std::optional<syntax::DecodeError> check_headers(
    const std::map<std::string, std::vector<http::SecretText>>& headers);

}  // namespace invar::component
