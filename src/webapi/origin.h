// Who may change something: a request that a browser sends for a page of another origin is refused, and so is a body that a plain form
// could send. Pure. Source: web-api.md 2.
#pragma once

#include <optional>

#include "http/types.h"
#include "webapi/reply.h"

namespace invar::webapi {

// Sec-Fetch-Site decides where a browser sends it: it knows, whatever a proxy made of Host. Otherwise an Origin has to name this host.
// Programs send neither.
std::optional<ApiError> refuse_origin(const http::Headers& headers);
std::optional<ApiError> refuse_type(const http::Headers& headers);  // of a body that is not application/json

}  // namespace invar::webapi
