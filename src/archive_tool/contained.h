// The profiles in an archived /ingest body, as pprof, converted when read: of a JFR recording one for each kind of event, of the other
// formats that can be read (pushed.h) one.
// Errors:  those of jfr::convert_ingest_body() and pushed_profile(), after the item's path.   Threads: any; pure.
#pragma once

#include <string_view>
#include <vector>

#include "archive_tool/selection.h"
#include "jfr/to_pprof.h"

namespace invar::archive_tool {

bool holds_profiles(const archive::Meta& meta);
// What they may be called.
std::vector<std::string_view> contained_names(const archive::Meta& meta);
// `body` as it arrived. The report says what a recording lost.
Result<jfr::Conversion> contained_profiles(const Item& item, std::string_view body);

}  // namespace invar::archive_tool
