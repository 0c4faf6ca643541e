// What a redirect means for the next request. Pure: no network, no clock.
// Spec: http-client.md 6. The cross-host decision is sticky: once a chain left the first host, credentials stay off.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/client.h"
#include "http/url.h"

namespace invar::http {

constexpr int kMaxRequestsPerChain = 10;

// True when `host` is `first` or one of its sub-domains.
bool same_site(std::string_view first, std::string_view host);

// Authorization, cookies and their kin: never sent after the chain left the first host.
bool is_sensitive_header(std::string_view name);

struct RedirectChain {
  std::string first_host;
  int requests = 1;      // sent so far
  bool crossed = false;  // some hop left first_host
};

struct Hop {
  std::string url;
  std::string method;
  bool keep_body = true;
  std::string referer;  // "" = none
};

// nullopt: the response is the final one. Updates `chain`. Errors: kRedirect failures in words.
std::expected<std::optional<Hop>, Failure> next_hop(RedirectChain& chain, const Url& from,
                                                    std::string_view method, int status,
                                                    std::string_view location);

}  // namespace invar::http
