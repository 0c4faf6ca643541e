#include "http/testing/bench_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/strings.h"

namespace invar::http::testing {
namespace {

struct Peer {
  std::string in;
  std::size_t body_left = 0;
  std::string_view out;
};

class Child {
 public:
  Child(int listener, std::size_t body_bytes, std::size_t hold_until)
      : listener_(listener), hold_until_(hold_until) {
    answer_ =
        fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
                    body_bytes) +
        std::string(body_bytes, 'p');
  }

  [[noreturn]] void run() {
    epoll_ = epoll_create1(0);
    watch(EPOLL_CTL_ADD, listener_, EPOLLIN);
    std::array<epoll_event, 256> events;
    while (true) {
      const int n = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < n; ++i) {
        if (events[i].data.fd == listener_) {
          accept_all();
        } else {
          serve(events[i].data.fd);
        }
      }
    }
  }

 private:
  void watch(int op, int fd, std::uint32_t what) const {
    epoll_event event{};
    event.events = what;
    event.data.fd = fd;
    epoll_ctl(epoll_, op, fd, &event);
  }

  void accept_all() {
    while (true) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      if (fd < 0) return;
      const int one = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      peers_[fd] = {};
      watch(EPOLL_CTL_ADD, fd, EPOLLIN);
    }
  }

  void drop(int fd) {
    close(fd);
    peers_.erase(fd);
  }

  void serve(int fd) {
    Peer& peer = peers_[fd];
    if (!peer.out.empty() && !flush(fd, peer)) return;
    static std::array<char, 256 << 10> buffer;
    while (true) {
      const ssize_t n = recv(fd, buffer.data(), buffer.size(), 0);
      if (n == 0 || (n < 0 && errno != EAGAIN)) return drop(fd);
      if (n < 0) return;
      std::string_view bytes(buffer.data(), static_cast<std::size_t>(n));
      const std::size_t skip = std::min(peer.body_left, bytes.size());
      if (skip > 0) {
        bytes.remove_prefix(skip);
        peer.body_left -= skip;
        if (peer.body_left == 0 && !answer(fd, peer)) return;
      }
      peer.in.append(bytes);
      const auto end = peer.in.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      std::size_t length = 0;
      if (const auto at = peer.in.find("Content-Length: "); at < end)
        length = std::strtoul(peer.in.c_str() + at + 16, nullptr, 10);
      const std::size_t have = std::min(length, peer.in.size() - end - 4);
      peer.in.clear();
      peer.body_left = length - have;
      if (peer.body_left == 0 && !answer(fd, peer)) return;
    }
  }

  // False when the peer is not to be read on.
  bool answer(int fd, Peer& peer) {
    peer.out = answer_;
    if (++asked_ > hold_until_) return flush(fd, peer);
    held_.push_back(fd);
    if (asked_ < hold_until_) return true;
    for (const int waiting : std::exchange(held_, {})) {
      if (const auto found = peers_.find(waiting); found != peers_.end()) flush(waiting, found->second);
    }
    return false;
  }

  bool flush(int fd, Peer& peer) {
    while (!peer.out.empty()) {
      const ssize_t n = send(fd, peer.out.data(), peer.out.size(), MSG_NOSIGNAL);
      if (n < 0 && errno == EAGAIN) {
        watch(EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLOUT);
        return false;
      }
      if (n < 0) {
        drop(fd);
        return false;
      }
      peer.out.remove_prefix(static_cast<std::size_t>(n));
      if (peer.out.empty()) watch(EPOLL_CTL_MOD, fd, EPOLLIN);
    }
    return true;
  }

  int listener_;
  std::size_t hold_until_;
  std::size_t asked_ = 0;
  std::vector<int> held_;
  int epoll_ = -1;
  std::string answer_;
  std::unordered_map<int, Peer> peers_;
};

}  // namespace

BenchServer::BenchServer(std::size_t body_bytes, std::size_t hold_until) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  socklen_t size = sizeof address;
  const bool listening = bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                         listen(listener, 4096) == 0 &&
                         getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  INVAR_CHECK(listening, "the benchmark server cannot listen");
  port_ = ntohs(address.sin_port);
  child_ = fork();
  INVAR_CHECK(child_ >= 0, "fork failed");
  if (child_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    Child(listener, body_bytes, hold_until).run();
  }
  close(listener);
}

BenchServer::~BenchServer() {
  kill(child_, SIGKILL);
  waitpid(child_, nullptr, 0);
}

std::string BenchServer::url(std::size_t host) const {
  return fmt::format("http://127.0.{}.{}:{}/debug/pprof/heap", host / 250, host % 250 + 1, port_);
}

}  // namespace invar::http::testing
