// The URL of a scrape, from labels and parameters. Pure. Spec: pyroscope-scrape.md 4 (address), 5 (URL).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "labels/labels.h"

namespace invar::components::pyroscope_scrape {

using Params = std::map<std::string, std::vector<std::string>>;

// Adds the scheme's default port where none is written. `scheme` is the target's; `component_scheme` appears
// in the message. Errors: `no address`, `invalid scheme: "x"`, and what http::address_mistake() says.
Result<std::string> complete_address(std::string_view address, std::string_view scheme,
                                     std::string_view component_scheme);

// prefix and path joined, cleaned of . and .. and doubled slashes, and percent-encoded; valid escapes stay as
// written.
std::string join_path(std::string_view prefix, std::string_view path);

// `labels` must hold a completed __address__. `params` are overridden by __param_<k> labels (first value).
std::string scrape_url(const Labels& labels, const Params& params);

}  // namespace invar::components::pyroscope_scrape
