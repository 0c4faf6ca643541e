// What a person sees first: what is collected, where it goes, the status page, and how to open a profile.
#pragma once

#include <string>

#include "component/view.h"

namespace invar::app {

// Plain lines, each ended by LF. `address` is the real host:port of the server, `prefix` that of the status
// page, `tls` whether the server speaks it.
std::string start_banner(const component::ComponentDirectory& components, const std::string& address,
                         const std::string& prefix, bool tls);

}  // namespace invar::app
