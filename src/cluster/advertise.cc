#include "cluster/advertise.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace invar::cluster {
namespace {

// 0 is best; above 3 is none.
int rank(const std::string& address) {
  in_addr v4{};
  if (inet_pton(AF_INET, address.c_str(), &v4) == 1) {
    const std::uint32_t host = ntohl(v4.s_addr);
    if (host >> 24 == 127 || host == 0) return 4;
    return host >> 16 == 0xa9fe ? 2 : 0;
  }
  in6_addr v6{};
  if (inet_pton(AF_INET6, address.c_str(), &v6) != 1) return 4;
  if (IN6_IS_ADDR_LOOPBACK(&v6) || IN6_IS_ADDR_UNSPECIFIED(&v6)) return 4;
  return IN6_IS_ADDR_LINKLOCAL(&v6) ? 3 : 1;
}

}  // namespace

std::vector<InterfaceAddress> interface_addresses() {
  std::vector<InterfaceAddress> out;
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return out;
  for (const ifaddrs* a = all; a != nullptr; a = a->ifa_next) {
    if (a->ifa_addr == nullptr || (a->ifa_flags & IFF_UP) == 0) continue;
    const bool v4 = a->ifa_addr->sa_family == AF_INET;
    if (!v4 && a->ifa_addr->sa_family != AF_INET6) continue;
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* bytes =
        v4 ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(a->ifa_addr)->sin_addr)
           : &reinterpret_cast<const sockaddr_in6*>(a->ifa_addr)->sin6_addr;
    if (inet_ntop(a->ifa_addr->sa_family, bytes, text.data(), text.size()) != nullptr)
      out.emplace_back(a->ifa_name, text.data());
  }
  freeifaddrs(all);
  return out;
}

std::string best_address(const std::vector<InterfaceAddress>& addresses,
                         const std::vector<std::string>& interfaces) {
  const auto wanted = [&](const std::string& name) {
    return std::ranges::find(interfaces, "all") != interfaces.end() ||
           std::ranges::find(interfaces, name) != interfaces.end();
  };
  std::string best;
  int best_rank = 4;
  for (const auto& [name, address] : addresses) {
    if (!wanted(name) || rank(address) >= best_rank) continue;
    best = address;
    best_rank = rank(address);
  }
  return best;
}

}  // namespace invar::cluster
