// Both ends of the relay benchmark.
//   relay_peer serve                                      a bare Beast server: reads a request's body, answers 200; prints its port
//   relay_peer load PORT PATH TYPE CONNECTIONS SECONDS    sends the body on stdin over and over, one request at a time on each
//                                                         connection; prints requests answered with 200 and seconds
//   relay_peer hold PORT PATH TYPE CONNECTIONS            one request on each connection, then prints "idle" and waits for stdin to end
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

class Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(tcp::socket socket) : socket_(std::move(socket)) {
    socket_.set_option(tcp::no_delay(true));
  }
  void read() {
    parser_.emplace();
    parser_->body_limit(std::uint64_t{64} << 20);
    http::async_read(socket_, buffer_, *parser_, [self = shared_from_this()](auto error, std::size_t) {
      if (!error) self->answer();
    });
  }

 private:
  void answer() {
    response_ = {http::status::ok, 11};
    response_.prepare_payload();
    http::async_write(socket_, response_, [self = shared_from_this()](auto error, std::size_t) {
      if (!error) self->read();
    });
  }

  tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::empty_body> response_;
};

void accept(tcp::acceptor& acceptor) {
  acceptor.async_accept([&acceptor](auto error, tcp::socket socket) {
    if (!error) std::make_shared<Session>(std::move(socket))->read();
    accept(acceptor);
  });
}

int serve() {
  asio::io_context io(1);
  tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
  std::printf("%u\n", static_cast<unsigned>(acceptor.local_endpoint().port()));
  std::fflush(stdout);
  accept(acceptor);
  io.run();
  return 0;
}

struct Peer {
  int fd = -1;
  std::size_t sent = 0;
  std::string answer;
};

class Load {
 public:
  Load(int port, const std::string& path, const std::string& type, const std::string& body, int connections)
      : epoll_(epoll_create1(0)), peers_(static_cast<std::size_t>(connections)) {
    request_ = "POST " + path + " HTTP/1.1\r\nHost: relay\r\nContent-Type: " + type +
               "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    for (Peer& peer : peers_) {
      peer.fd = socket(AF_INET, SOCK_STREAM, 0);
      if (connect(peer.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::abort();
      const int one = 1;
      setsockopt(peer.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      epoll_event event{};
      event.events = EPOLLIN | EPOLLOUT | EPOLLET;
      event.data.ptr = &peer;
      epoll_ctl(epoll_, EPOLL_CTL_ADD, peer.fd, &event);
    }
  }

  // `again`: a connection begins anew after its answer. Ends after `seconds`, or when every connection had its one answer.
  void run(double seconds, bool again) {
    const auto begin = std::chrono::steady_clock::now();
    again_ = again;
    std::size_t wanted = again ? 0 : peers_.size();
    while (elapsed(begin) < seconds && (again || answered_ < wanted)) {
      epoll_event events[64];
      const int n = epoll_wait(epoll_, events, 64, 100);
      for (int i = 0; i < n; ++i) step(*static_cast<Peer*>(events[i].data.ptr));
    }
    seconds_ = elapsed(begin);
  }
  [[nodiscard]] unsigned long answered() const { return answered_; }
  [[nodiscard]] double seconds() const { return seconds_; }

 private:
  static double elapsed(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }

  void step(Peer& peer) {
    while (true) {
      while (peer.sent < request_.size()) {
        const ssize_t n = send(peer.fd, request_.data() + peer.sent, request_.size() - peer.sent,
                               MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n <= 0) break;
        peer.sent += static_cast<std::size_t>(n);
      }
      char buffer[4096];
      const ssize_t n = recv(peer.fd, buffer, sizeof buffer, MSG_DONTWAIT);
      if (n == 0) std::abort();
      if (n < 0) return;
      peer.answer.append(buffer, static_cast<std::size_t>(n));
      if (peer.answer.find("\r\n\r\n") == std::string::npos) continue;
      if (!peer.answer.starts_with("HTTP/1.1 200 ")) {
        std::fprintf(stderr, "%s\n", peer.answer.c_str());
        std::abort();
      }
      ++answered_;
      peer.answer.clear();
      if (!again_) continue;
      peer.sent = 0;
    }
  }

  int epoll_;
  std::string request_;
  std::vector<Peer> peers_;
  bool again_ = true;
  unsigned long answered_ = 0;
  double seconds_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  rlimit files{1 << 14, 1 << 14};
  setrlimit(RLIMIT_NOFILE, &files);
  if (what == "serve") return serve();
  if ((what != "load" || argc != 7) && (what != "hold" || argc != 6)) return 1;
  const bool load = what == "load";
  std::string body;
  if (load) body.assign(std::istreambuf_iterator<char>(std::cin), {});
  if (!load) std::getline(std::cin, body, '\0');
  Load peers(std::atoi(argv[2]), argv[3], argv[4], body, std::atoi(argv[5]));
  peers.run(load ? std::atof(argv[6]) : 60, load);
  if (load) {
    std::printf("%lu %f\n", peers.answered(), peers.seconds());
  } else {
    std::printf("idle %lu\n", peers.answered());
    std::fflush(stdout);
    while (std::cin.get() != EOF) {
    }
  }
  return 0;
}
