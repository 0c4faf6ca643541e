// host:port as an address is written: an IPv6 address in brackets. Pure.
#pragma once

#include <string>
#include <string_view>

namespace invar::component {

inline std::string join_host_port(std::string_view host, std::string_view port) {
  const bool bracketed = host.find(':') != std::string_view::npos;
  return (bracketed ? "[" + std::string(host) + "]" : std::string(host)) + ":" + std::string(port);
}

}  // namespace invar::component
