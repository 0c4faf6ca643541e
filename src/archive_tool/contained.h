// The profiles in an archived /ingest body with a JFR recording, one for each kind of event, converted when read. Other /ingest
// bodies hold none that could be looked at.
// Errors:  those of jfr::convert_ingest_body(), after the item's path.   Threads: any; pure.
#pragma once

#include <string_view>

#include "archive_tool/selection.h"
#include "jfr/to_pprof.h"

namespace invar::archive_tool {

bool holds_jfr(const archive::Meta& meta);
// `body` as it arrived. Its report says what the recording lost.
Result<jfr::Conversion> contained_profiles(const Item& item, std::string_view body);

}  // namespace invar::archive_tool
