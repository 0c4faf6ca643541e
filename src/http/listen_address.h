// Addresses to listen on, host:port. Pure, but for what is called blocking. Threads: any.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace invar::http {

// What is wrong with an address that is not host:port with a port up to 65535, and what to write.
std::string listen_mistake(std::string_view address);

// True when somebody has to be asked for the address of the host. `localhost` is 127.0.0.1.
bool needs_lookup(std::string_view address);

// The address with the first IP address of its host. Waits for the resolver of the system: on a pool.
// Errors: `no address found for host "x"`; what is wrong with the address.
Result<std::string> look_up_blocking(const std::string& address);

}  // namespace invar::http
