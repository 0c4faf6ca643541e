// The page of ui/flame around the place of the profile, in one piece with its script and style. The build writes
// flame_page.cc (cmake/ui.cmake).
#pragma once

#include <string_view>

namespace invar::flame {

extern const std::string_view kPageBefore, kPageAfter;

}  // namespace invar::flame
