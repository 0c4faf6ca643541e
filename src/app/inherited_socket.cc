#include "app/inherited_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "base/strings.h"
#include "http/url.h"

namespace invar::app {
namespace {

constexpr int kFirst = 3;  // SD_LISTEN_FDS_START

Result<std::string> address_of(int fd) {
  int listens = 0;
  socklen_t size = sizeof listens;
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  const bool usable =
      getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens == 1 &&
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0 &&
      (address.ss_family == AF_INET || address.ss_family == AF_INET6) &&
      getnameinfo(reinterpret_cast<const sockaddr*>(&address), length, host.data(), host.size(), port.data(),
                  port.size(), NI_NUMERICHOST | NI_NUMERICSERV) == 0;
  if (!usable)
    return fail(ErrorCode::kInvalidArgument,
                "the socket of the service manager is no listening TCP socket: ListenStream= needs an "
                "address and a port");
  return http::join_host_port(host.data(), port.data());
}

}  // namespace

Result<std::optional<InheritedSocket>> inherited_socket(
    const std::function<std::string(const char* name)>& variable) {
  const std::string pid = variable("LISTEN_PID"), count = variable("LISTEN_FDS");
  for (const char* const name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) unsetenv(name);
  if (count.empty() || count == "0" || pid != std::to_string(getpid())) return std::nullopt;
  if (count != "1")
    return fail(ErrorCode::kInvalidArgument,
                "the service manager handed over " + count + " sockets; the HTTP server takes one");
  INVAR_ASSIGN_OR_RETURN(std::string address, address_of(kFirst));
  fcntl(kFirst, F_SETFD, FD_CLOEXEC);
  return InheritedSocket{kFirst, std::move(address)};
}

}  // namespace invar::app
