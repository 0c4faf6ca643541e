// The block `filter` of discovery.docker and discovery.dockerswarm, and what their arguments have to obey in common.
#pragma once

#include "moby/client.h"
#include "syntax/schema.h"

namespace invar::moby {

const syntax::Schema& filter_schema();

// Errors: the host's, the port's, the interval's; options of the HTTP client where they would have no effect.
Result<> check_connection(const std::string& host, std::int64_t port, Duration refresh_interval,
                          const http::ClientConfig& client);

}  // namespace invar::moby
