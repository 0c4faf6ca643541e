// A rule of single attributes, for SchemaBuilder::valid: labels that a file gives to all profiles. Pure. Source: decision 18.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "syntax/decode.h"

namespace invar::component {

// Nothing when each has a name.
std::optional<syntax::DecodeError> check_label_names(const std::map<std::string, std::string>& labels);

}  // namespace invar::component
