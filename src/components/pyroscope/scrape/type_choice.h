// Which profile types a target is scraped for, from what the component enables and what the target pins.
// Pure. Spec: pyroscope-scrape.md 4; decision 16.
//
//   pinned         with one enabled type    with several (or none)
//   nothing        that type                all of them
//   path           that type                the enabled type whose path it is, else the enabled one that its
//                                           last element commonly means, else one of its own, named after it
//   a type's name  that type, enabled or not, on the pinned path if there is one
//   other name     that type                all of them; with a path as well: one of its own
#pragma once

#include <string_view>
#include <vector>

#include "components/pyroscope/scrape/profile_types.h"

namespace invar::components::pyroscope_scrape {

// `name` and `path`: the target's __name__ and __profile_path__, "" for none. The caller puts the pinned path and name
// in place of the type's. A type of its own has an empty name when the path has no element to name it after.
std::vector<ProfileType> types_of_target(std::string_view name, std::string_view path,
                                         const std::vector<ProfileType>& types);

}  // namespace invar::components::pyroscope_scrape
