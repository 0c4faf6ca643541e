// Discovery of targets by a URL that answers with a list of target groups.
// Errors: what the server did wrong in one phrase; the targets then stay as they are.
// Limits: a body of at most kMaxBodyBytes; one request lasts at most the refresh interval.
// Threads: loop thread only; parsing runs on the pool. Spec: discovery.md 3.
#pragma once

#include <memory>
#include <string_view>

#include "component/discovery.h"
#include "components/discovery/http/arguments.h"

namespace invar::components::discovery_http {

inline constexpr std::uint64_t kMaxBodyBytes = std::uint64_t{64} << 20;

// `application/json`, alone or with `charset=utf-8`.
bool acceptable_content_type(std::string_view content_type);

Result<std::unique_ptr<component::Discoverer>> make_discoverer(const component::Options& options,
                                                               const Arguments& arguments);

}  // namespace invar::components::discovery_http
