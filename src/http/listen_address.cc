#include "http/listen_address.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "http/url.h"

namespace invar::http {
namespace {

constexpr std::string_view kLocalHost = "localhost";

}  // namespace

std::string listen_mistake(std::string_view address) {
  constexpr std::string_view kSomePort = "12345";
  if (address.empty()) return fmt::format("it is empty; write 127.0.0.1:{}", kSomePort);
  if (address.find("://") != std::string_view::npos) return address_mistake(address);
  if (parse_uint(address)) return fmt::format("{} is a port alone; write :{}", quote(address), address);
  const std::size_t end = std::min(address.find_first_of("/?#"), address.size());
  const auto parts = split_host_port(address.substr(0, end));
  const bool has_port = parts && !parts->port.empty();
  if (has_port && end == address.size()) return fmt::format("{} is no port", quote(parts->port));
  std::string host = parts ? parts->host : std::string(address.substr(0, end));
  std::erase_if(host, [](char c) { return c == '[' || c == ']'; });
  return fmt::format("{} {}; write {}", quote(address),
                     end < address.size() ? "holds more than host and port" : "has no port",
                     join_host_port(host, has_port ? std::string_view(parts->port) : kSomePort));
}

bool needs_lookup(std::string_view address) {
  const auto parts = split_host_port(address);
  return parts && !parts->host.empty() && parts->host != kLocalHost &&
         !is_ip(parts->host.substr(0, parts->host.find('%')));
}

Result<std::string> look_up_blocking(const std::string& address) {
  const auto parts = split_host_port(address);
  if (!parts) return fail(ErrorCode::kInvalidArgument, address_mistake(address));
  if (parts->host == kLocalHost) return join_host_port("127.0.0.1", parts->port);
  if (!needs_lookup(address)) return address;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (getaddrinfo(parts->host.c_str(), nullptr, &hints, &found) != 0 || !found)
    return fail(ErrorCode::kNotFound, fmt::format("no address found for host {}", quote(parts->host)));
  std::array<char, NI_MAXHOST> text{};
  const int failed =
      getnameinfo(found->ai_addr, found->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  freeaddrinfo(found);
  if (failed != 0)
    return fail(ErrorCode::kNotFound, fmt::format("no address found for host {}", quote(parts->host)));
  return join_host_port(text.data(), parts->port);
}

}  // namespace invar::http
