#include "http/testing/plain_peer.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <vector>

#include "base/check.h"

namespace invar::http::testing {

namespace {

UniqueFd listen_on(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const bool listening = bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                         listen(listener.get(), 1024) == 0;
  INVAR_CHECK(listening, "the scripted peer cannot listen on its socket");
  return listener;
}

}  // namespace

PlainPeer::PlainPeer(async::Loop& loop, Script script, const std::string& socket_path)
    : loop_(loop), script_(std::move(script)) {
  listener_ = socket_path.empty() ? listen_on_loopback() : listen_on(socket_path);
  watch_ = loop_.watch_readable(listener_.get(), [this] { accept(); });
}

UniqueFd PlainPeer::listen_on_loopback() {
  UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool listening = bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                         listen(listener.get(), 1024) == 0 &&
                         getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0;
  INVAR_CHECK(listening, "the scripted peer cannot listen");
  address_ = fmt::format("127.0.0.1:{}", ntohs(address.sin_port));
  return listener;
}

PlainPeer::~PlainPeer() {
  loop_.unwatch(watch_);
  while (!peers_.empty()) drop(peers_.begin()->first);
}

void PlainPeer::accept() {
  while (true) {
    UniqueFd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.valid()) return;
    ++accepted_;
    const int number = fd.get();
    Peer& peer = peers_[number];
    peer.fd = std::move(fd);
    peer.watch = loop_.watch_readable(number, [this, number] { serve(number); });
  }
}

void PlainPeer::serve(int fd) {
  Peer& peer = peers_.at(fd);
  char buffer[16384];
  const ssize_t n = recv(fd, buffer, sizeof buffer, 0);
  if (n == 0 || (n < 0 && errno != EAGAIN)) return drop(fd);
  if (n < 0) return;
  peer.received.append(buffer, static_cast<std::size_t>(n));
  const Step step = script_(peer.received);
  if (!step.send.empty()) {
    peer.received.clear();
    send(fd, step.send.data(), step.send.size(), MSG_NOSIGNAL);
  }
  if (step.close) drop(fd);
}

void PlainPeer::push(std::string_view bytes) {
  for (const auto& [fd, peer] : peers_) send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

void PlainPeer::drop(int fd) {
  loop_.unwatch(peers_.at(fd).watch);
  peers_.erase(fd);
}

PlainPeer::Script answer_with(std::string bytes, bool close) {
  return [bytes = std::move(bytes), close](const std::string& received) -> PlainPeer::Step {
    if (received.find("\r\n\r\n") == std::string::npos) return {};
    return {bytes, close};
  };
}

}  // namespace invar::http::testing
