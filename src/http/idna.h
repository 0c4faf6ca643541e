// Internationalised host names in their ASCII form: IDNA 2008 with the mapping of UTS 46 (libidn2, as libcurl has it). Pure.
#pragma once

#include <string>
#include <string_view>

namespace invar::http {

// "bücher.example" -> "xn--bcher-kva.example". Names that are ASCII already, or that cannot be converted, come back as they are.
std::string to_ascii_host(std::string_view host);

}  // namespace invar::http
