#include "http/server.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <map>
#include <unordered_map>

#include "base/check.h"
#include "base/strings.h"
#include "http/disk_pool.h"
#include "http/listen_address.h"
#include "http/server_connection.h"
#include "http/url.h"

namespace invar::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorText = boost::system::error_code;

constexpr auto kSniffLimit = std::chrono::seconds(10);
constexpr auto kAcceptPause = std::chrono::milliseconds(100);
constexpr std::string_view kInherited = "fd://";

std::string reason(const ErrorText& error) {
  if (error == asio::error::address_in_use) return "address already in use";
  if (error == asio::error::access_denied) return "permission denied";
  std::string text = error.message();
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] + 32);
  return text;
}

Result<tcp::endpoint> endpoint_of(const std::string& address) {
  const auto parts = split_host_port(address);
  const auto port = parts ? parse_uint(parts->port) : std::nullopt;
  if (!parts || !port || *port > 65535) return fail(ErrorCode::kInvalidArgument, listen_mistake(address));
  const auto number = static_cast<unsigned short>(*port);
  if (parts->host.empty()) return tcp::endpoint(tcp::v6(), number);
  INVAR_ASSIGN_OR_RETURN(const std::string found, look_up_blocking(address));
  ErrorText error;
  const auto ip = asio::ip::make_address(split_host_port(found)->host, error);
  if (error) return fail(ErrorCode::kInvalidArgument, reason(error));
  return tcp::endpoint(ip, number);
}

// A connection whose first byte is awaited: TLS, or plain HTTP that lost its way.
struct Sniffed {
  tcp::socket socket;
  asio::steady_timer timer;
  explicit Sniffed(tcp::socket s) : socket(std::move(s)), timer(socket.get_executor()) {}
};

class ServerImpl final : public Server {
 public:
  ServerImpl(async::Loop& loop, std::shared_ptr<fs::FileSystem> files, log::Logger logger,
             ServerOptions options, Handler handler, std::shared_ptr<const Http2Options> http2,
             async::WorkerPool* disk_pool)
      : files_(std::make_shared<FileCache>(loop, std::move(files), Duration(0), disk_pool)),
        logger_(std::move(logger)),
        options_(std::move(options)),
        handler_(std::make_shared<const Handler>(std::move(handler))),
        http2_(std::move(http2)),
        acceptor_(*loop.io_context()),
        pause_(*loop.io_context()) {
    take_security();
  }

  ~ServerImpl() override {
    ErrorText ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    alive_.end();
    const auto connections = std::exchange(connections_, {});
    for (const auto& [key, connection] : connections) connection->close();
    for (const auto& sniffed : std::exchange(sniffing_, {})) sniffed->socket.close(ignored);
  }

  Result<> open() {
    if (tls_ && options_.tls_must_load) INVAR_TRY(tls_->load());
    const auto failed = [this](std::string_view why) {
      return fail(ErrorCode::kUnavailable,
                  fmt::format("failed to listen on {}: {}", options_.listen_address, why));
    };
    ErrorText error;
    if (options_.listen_address.starts_with(kInherited)) {
      error = take_over(std::string_view(options_.listen_address).substr(kInherited.size()));
    } else {
      auto endpoint = endpoint_of(options_.listen_address);
      if (!endpoint) return failed(endpoint.error().message);
      error = bind_to(*endpoint);
      // ":port" means every address; where IPv6 is switched off, that is every IPv4 address.
      if (error == asio::error::address_family_not_supported && options_.listen_address.starts_with(':')) {
        error = bind_to(tcp::endpoint(tcp::v4(), endpoint->port()));
      }
    }
    if (error) return failed(reason(error));
    const auto local = acceptor_.local_endpoint(error);
    address_ = join_host_port(local.address().to_string(), std::to_string(local.port()));
    accept();
    return {};
  }

  std::string address() const override { return address_; }

  void set_security(std::optional<ServerTls> tls, std::optional<ServerAuth> auth) override {
    tls_ = tls ? std::make_shared<ServerTlsSource>(*std::move(tls), files_, http2_ != nullptr) : nullptr;
    auth_ = std::move(auth);
  }

  Result<> reconfigure(ServerOptions options) override {
    if (options.tls && options.tls_must_load)
      INVAR_TRY(ServerTlsSource(*options.tls, files_, http2_ != nullptr).load());
    options.listen_address = std::move(options_.listen_address);
    options_ = std::move(options);
    take_security();
    accept();  // more connections may fit now
    return {};
  }

  std::size_t connections() const override { return connections_.size() + sniffing_.size(); }

  void close_listener() override {
    ErrorText ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    // Idle connections leave the map while it is walked.
    const auto connections = connections_;
    for (const auto& [key, connection] : connections) connection->close_after_answer();
    for (const auto& sniffed : std::exchange(sniffing_, {})) sniffed->socket.close(ignored);
  }

 private:
  ErrorText bind_to(const tcp::endpoint& endpoint) {
    ErrorText error;
    ErrorText ignored;
    acceptor_.close(ignored);
    acceptor_.open(endpoint.protocol(), error);
    if (error) return error;
    acceptor_.set_option(asio::socket_base::reuse_address(true), ignored);
    acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    return error;
  }

  // A socket that listens already.
  ErrorText take_over(std::string_view number) {
    ErrorText error = asio::error::bad_descriptor;
    const auto fd = parse_uint(number);
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    if (!fd || getsockname(static_cast<int>(*fd), reinterpret_cast<sockaddr*>(&address), &length) != 0)
      return error;
    acceptor_.assign(address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), static_cast<int>(*fd), error);
    return error;
  }

  void take_security() {
    set_security(std::exchange(options_.tls, std::nullopt), std::exchange(options_.auth, std::nullopt));
  }

  [[nodiscard]] bool full() const {
    return options_.max_connections > 0 && connections() >= options_.max_connections;
  }

  void accept() {
    if (!acceptor_.is_open() || accepting_ || full()) return;
    accepting_ = true;
    acceptor_.async_accept(alive_.bind([this](const ErrorText& error, tcp::socket socket) {
      accepting_ = false;
      if (error == asio::error::operation_aborted || !acceptor_.is_open()) return;
      if (error) {
        // Out of descriptors, most likely: some will come back.
        logger_.warn("cannot accept a connection", {{"err", reason(error)}});
        pause_.expires_after(kAcceptPause);
        pause_.async_wait(alive_.bind([this](const ErrorText& stopped) {
          if (!stopped) accept();
        }));
        return;
      }
      take(std::move(socket));
      accept();
    }));
  }

  void take(tcp::socket socket) {
    if (tls_) {
      sniff(std::move(socket));
    } else {
      begin(make_plain_connection(parts_for(std::move(socket))));
    }
  }

  void sniff(tcp::socket socket) {
    auto sniffed = std::make_shared<Sniffed>(std::move(socket));
    sniffing_.push_back(sniffed);
    sniffed->timer.expires_after(kSniffLimit);
    sniffed->timer.async_wait([sniffed](const ErrorText& error) {
      ErrorText ignored;
      if (!error) sniffed->socket.close(ignored);
    });
    sniffed->socket.async_wait(tcp::socket::wait_read, alive_.bind([this, sniffed](const ErrorText& error) {
      char byte = 0;
      if (error || ::recv(sniffed->socket.native_handle(), &byte, 1, MSG_PEEK) != 1) return leave(sniffed);
      if (!tls_ || byte != kTlsHandshakeByte) {
        if (tls_) {
          refuse_plain(*sniffed);
        } else {
          begin(make_plain_connection(parts_for(std::move(sniffed->socket))));
        }
        return leave(sniffed);
      }
      files_->look(tls_->files(), alive_.bind([this, sniffed, tls = tls_] {
        if (sniffed->socket.is_open()) shake_hands(*sniffed, *tls);
        leave(sniffed);
      }));
    }));
  }

  void leave(const std::shared_ptr<Sniffed>& sniffed) {
    sniffed->timer.cancel();
    std::erase(sniffing_, sniffed);
    accept();
  }

  void shake_hands(Sniffed& sniffed, ServerTlsSource& tls) {
    const auto context = tls.current();
    if (!context) {
      logger_.error("TLS connection refused: no usable server certificate", {{"err", context.error()}});
      return;
    }
    begin(make_tls_connection(parts_for(std::move(sniffed.socket)), *context));
  }

  void refuse_plain(Sniffed& sniffed) {
    ErrorText ignored;
    const auto peer = sniffed.socket.remote_endpoint(ignored);
    ServerRequest unread;
    if (!ignored) unread.peer = join_host_port(peer.address().to_string(), std::to_string(peer.port()));
    if (options_.on_refused_request)
      options_.on_refused_request(unread, 400,
                                  "plain HTTP to a server that speaks TLS: write https:// in its URL");
    answer_plain(std::move(sniffed.socket));
  }

  static void answer_plain(tcp::socket socket) {
    static constexpr std::string_view kAnswer =
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "
        "48\r\nConnection: close\r\n\r\n"
        "Client sent an HTTP request to an HTTPS server.\n";
    auto owner = std::make_shared<tcp::socket>(std::move(socket));
    asio::async_write(*owner, asio::buffer(kAnswer), [owner](const ErrorText&, std::size_t) {
      // What the client sent has to be taken, or closing resets the connection under the answer.
      ErrorText ignored;
      owner->shutdown(tcp::socket::shutdown_send, ignored);
      owner->non_blocking(true, ignored);
      std::array<char, 4096> scratch;
      while (!ignored && owner->read_some(asio::buffer(scratch), ignored) > 0) {
      }
    });
  }

  ConnectionParts parts_for(tcp::socket socket) {
    return {std::move(socket),
            {options_.max_body_bytes, options_.idle_timeout, options_.read_timeout, options_.write_timeout,
             options_.on_cut_request, options_.on_refused_request, http2_, auth_, logger_},
            handler_,
            alive_.bind([this](ServerConnection* connection) {
              connections_.erase(connection);
              accept();
            })};
  }

  void begin(const std::shared_ptr<ServerConnection>& connection) {
    connections_.emplace(connection.get(), connection);
    connection->start();
  }

  std::shared_ptr<FileCache> files_;
  log::Logger logger_;
  ServerOptions options_;
  std::shared_ptr<const Handler> handler_;
  const std::shared_ptr<const Http2Options> http2_;  // null: not spoken
  std::shared_ptr<ServerTlsSource> tls_;
  std::optional<ServerAuth> auth_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  bool accepting_ = false;
  std::string address_;
  std::unordered_map<ServerConnection*, std::shared_ptr<ServerConnection>> connections_;
  std::vector<std::shared_ptr<Sniffed>> sniffing_;
  async::Alive alive_;
};

Result<std::unique_ptr<Server>> open_server(async::Loop& loop, std::shared_ptr<fs::FileSystem> files,
                                            log::Logger logger, ServerOptions options, Handler handler,
                                            std::shared_ptr<const Http2Options> http2,
                                            async::WorkerPool* disk_pool) {
  INVAR_CHECK(loop.io_context() != nullptr, "the HTTP server needs a loop with an io_context");
  auto server = std::make_unique<ServerImpl>(loop, std::move(files), std::move(logger), std::move(options),
                                             std::move(handler), std::move(http2), disk_pool);
  INVAR_TRY(server->open());
  return server;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::listen(async::Loop& loop, std::shared_ptr<fs::FileSystem> files,
                                               log::Logger logger, ServerOptions options, Handler handler) {
  return open_server(loop, std::move(files), std::move(logger), std::move(options), std::move(handler),
                     nullptr, nullptr);
}

Result<std::unique_ptr<Server>> listen_with_http2(async::Loop& loop, std::shared_ptr<fs::FileSystem> files,
                                                  log::Logger logger, ServerOptions options, Handler handler,
                                                  Http2Options http2) {
  return open_server(loop, std::move(files), std::move(logger), std::move(options), std::move(handler),
                     std::make_shared<const Http2Options>(std::move(http2)), nullptr);
}

Result<std::unique_ptr<Server>> listen(async::Loop& loop, std::shared_ptr<fs::FileSystem> files,
                                       log::Logger logger, ServerOptions options, Handler handler,
                                       std::optional<Http2Options> http2, async::WorkerPool& disk_pool) {
  return open_server(loop, std::move(files), std::move(logger), std::move(options), std::move(handler),
                     http2 ? std::make_shared<const Http2Options>(*std::move(http2)) : nullptr, &disk_pool);
}

}  // namespace invar::http
