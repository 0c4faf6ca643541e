// Path and query of a request to our server. Pure.
#pragma once

#include "http/server.h"

namespace invar::http {

// Fills path and query from target; false for a target that is neither a path, a URL, nor "*".
bool split_target(ServerRequest& request);

}  // namespace invar::http
