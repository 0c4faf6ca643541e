// A server on a socket that somebody else opened.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "http/server.h"
#include "http/testing/harness.h"

namespace invar::http {
namespace {

using testing::Harness;

const Handler kSilent = [](const ServerRequest&, const ResponderPtr&) {};

TEST(ServerSocket, ASocketThatListensAlreadyIsTakenOver) {
  Harness h;
  const UniqueFd opened(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{
      .sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  socklen_t length = sizeof address;
  ASSERT_EQ(bind(opened.get(), reinterpret_cast<const sockaddr*>(&address), length), 0);
  ASSERT_EQ(::listen(opened.get(), 5), 0);
  ASSERT_EQ(getsockname(opened.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
  const Server& server = h.serve(kSilent, {.listen_address = "fd://" + std::to_string(dup(opened.get()))});
  EXPECT_EQ(server.address(), "127.0.0.1:" + std::to_string(ntohs(address.sin_port)));
}

TEST(ServerSocket, WhatIsNoSocketIsSaid) {
  Harness h;
  const auto server = Server::listen(h.loop(), h.files(), {}, {.listen_address = "fd://12345"}, kSilent);
  ASSERT_FALSE(server.has_value());
  EXPECT_EQ(server.error().message, "failed to listen on fd://12345: bad file descriptor");
}

}  // namespace
}  // namespace invar::http
