#include "http/server_connection.h"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <optional>
#include <vector>

#include "base/strings.h"
#include "http/beast_parser.h"
#include "http/connection_responder.h"
#include "http/foreign_bytes.h"
#include "http/http2_session.h"
#include "http/output_queue.h"
#include "http/request_target.h"
#include "http/response_head.h"
#include "http/url.h"

namespace invar::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Clock = std::chrono::steady_clock;
using ErrorText = boost::system::error_code;

constexpr std::uint32_t kMaxRequestHeadBytes = 64 << 10;
constexpr auto kHandshakeLimit = std::chrono::seconds(10);
constexpr auto kLingerLimit = std::chrono::seconds(2);
constexpr std::size_t kJoinBelow = 16 << 10;
constexpr std::size_t kReadAhead = 4 << 10;

using PlainStream = asio::ip::tcp::socket;
using TlsStream = asio::ssl::stream<asio::ip::tcp::socket>;

template <class Stream>
class Connection final : public ServerConnection,
                         public AnswerSink,
                         public std::enable_shared_from_this<Connection<Stream>> {
 public:
  template <class... Args>
  Connection(ConnectionParts& parts, Args&&... args)
      : stream_(std::move(parts.socket), std::forward<Args>(args)...),
        timer_(stream_.get_executor()),
        settings_(std::move(parts.settings)),
        handler_(std::move(parts.handler)),
        closed_callback_(std::move(parts.closed)) {
    ErrorText error;
    const auto remote = socket().remote_endpoint(error);
    if (!error) peer_ = join_host_port(remote.address().to_string(), std::to_string(remote.port()));
    socket().set_option(asio::ip::tcp::no_delay(true), error);
  }

  void start() override {
    deadline_ = Clock::now() + kHandshakeLimit;
    watch_time();
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      stream_.async_handshake(
          asio::ssl::stream_base::server, [self = this->shared_from_this()](const ErrorText& error) {
            if (self->closed_) return;
            if (error) {
              self->settings_.logger.debug("TLS handshake failed",
                                           {{"peer", self->peer_}, {"err", error.message()}});
              return self->close();
            }
            if (self->chose_http2()) return self->turn_to_http2();
            self->read_request();
          });
    } else {
      read_request();
    }
  }

  void close() override {
    if (std::exchange(closed_, true)) return;
    const auto self = this->shared_from_this();
    if (state_ == State::kReading && settings_.on_cut_request) settings_.on_cut_request();
    ErrorText ignored;
    if (http2_) http2_->close();
    socket().close(ignored);
    timer_.cancel();
    // Whoever writes finds out in its own time, not in the middle of a write.
    asio::post(timer_.get_executor(), [self] { self->tell_gone(); });
    ++turn_;
    if (auto callback = std::exchange(closed_callback_, nullptr)) callback(this);
  }

  void close_after_answer() override {
    last_request_ = true;
    if (http2_) return http2_->close_after_answers();
    if (state_ == State::kIdle) close();
  }

  // ---- AnswerSink
  void answer(std::uint64_t turn, ServerResponse response) override {
    if (turn != turn_ || state_ != State::kAnswering) return;
    keep_alive_ = keep_alive_ && !last_request_;
    const bool no_body = head_only_ || response.status == 204 || response.status == 304;
    const bool trailed = response.trailers.size() > 0 && !version_10_ && !no_body;
    std::string head =
        response_head(response, trailed ? BodyKind::kChunked : BodyKind::kSized, keep_alive_, wall_clock());
    if (trailed) response.body = chunked_body(response.body, response.trailers);
    answered_ = true;
    limit_whole(settings_.write_timeout);
    if (no_body) return put(std::move(head));
    if (response.body.size() < kJoinBelow) return put(head + response.body);
    put(std::move(head));
    put(std::move(response.body));
  }

  void begin_stream(std::uint64_t turn, const ServerResponse& head) override {
    if (turn != turn_ || state_ != State::kAnswering) return;
    const BodyKind kind = version_10_ ? BodyKind::kUntilClose : BodyKind::kChunked;
    keep_alive_ = keep_alive_ && !last_request_ && !version_10_;
    put(response_head(head, kind, keep_alive_, wall_clock()));
  }

  void stream(std::uint64_t turn, std::string chunk) override {
    if (turn != turn_ || state_ != State::kAnswering || head_only_) return;
    if (version_10_) return put(std::move(chunk));
    std::string frame = chunk_head(chunk.size());
    if (chunk.size() < kJoinBelow) {
      frame += chunk;
      frame += "\r\n";
      return put(std::move(frame));
    }
    put(std::move(frame));
    chunk += "\r\n";
    put(std::move(chunk));
  }

  void end_stream(std::uint64_t turn) override {
    if (turn != turn_ || state_ != State::kAnswering) return;
    answered_ = true;
    if (!version_10_ && !head_only_) {
      put("0\r\n\r\n");
    } else if (!writing_) {
      answer_written();
    }
  }

  void abandon(std::uint64_t turn, bool streaming) override {
    if (turn != turn_ || state_ != State::kAnswering) return;
    // A cut stream must look cut.
    if (streaming) return close();
    answer(turn, text_response(500, "no answer"));
  }

  std::size_t backlog(std::uint64_t turn) const override { return turn == turn_ ? output_.backlog() : 0; }
  bool open(std::uint64_t turn) const override { return turn == turn_ && !closed_ && !peer_gone_; }
  void watch(std::uint64_t turn, Responder::Changed changed) override {
    if (turn == turn_ && state_ == State::kAnswering) changed_ = std::move(changed);
  }

 private:
  enum class State { kIdle, kReading, kAnswering, kClosing };
  using Parser = beast::http::request_parser<beast::http::string_body>;

  asio::ip::tcp::socket::lowest_layer_type& socket() { return stream_.lowest_layer(); }

  static UnixNanos wall_clock() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }

  // ---- time: one pending wait looks at `deadline_` when it fires
  void watch_time() {
    timer_.expires_at(std::min(deadline_, Clock::now() + settings_.idle_timeout));
    timer_.async_wait([weak = this->weak_from_this()](const ErrorText& error) {
      const auto self = weak.lock();
      if (!self || error || self->closed_) return;
      if (Clock::now() >= self->deadline_) return self->close();
      self->watch_time();
    });
  }
  void expect_progress() { deadline_ = std::min(Clock::now() + settings_.idle_timeout, whole_by_); }
  // The request or answer that begins now has to be through by then, however steadily it trickles.
  void limit_whole(Duration limit) {
    if (limit <= Duration::zero()) return;
    whole_by_ = Clock::now() + limit;
    if (whole_by_ < timer_.expiry()) limit_to(limit);
  }
  void limit_to(Duration limit) {
    deadline_ = Clock::now() + limit;
    timer_.cancel();
    watch_time();
  }

  // ---- reading
  void read_request() {
    state_ = State::kIdle;
    if (last_request_) return close();
    whole_by_ = Clock::time_point::max();
    // An idle connection keeps little; one read takes the head and a small body.
    if (buffer_.size() == 0 && buffer_.capacity() > kReadAhead) buffer_.shrink_to_fit();
    buffer_.reserve(kReadAhead);
    parser_.emplace();
    parser_->header_limit(kMaxRequestHeadBytes);
    parser_->body_limit(settings_.max_body_bytes);
    head_seen_ = false;
    expect_progress();
    read_more();
  }

  void read_more() {
    if (watching_) return;  // its bytes come first
    beast::http::async_read_some(
        stream_, buffer_, *parser_,
        [self = this->shared_from_this()](const ErrorText& error, std::size_t) { self->on_read(error); });
  }

  void on_read(const ErrorText& error) {
    if (closed_) return;
    if (error) return on_read_error(error);
    if (std::exchange(state_, State::kReading) == State::kIdle) limit_whole(settings_.read_timeout);
    expect_progress();
    if (parser_->is_header_done() && !std::exchange(head_seen_, true)) {
      // Where such a body ends nobody knows, nor where the next request begins.
      if (!parser_->get()[beast::http::field::transfer_encoding].empty() && !parser_->chunked())
        return refuse(501, "unsupported transfer encoding");
      if (!parser_->is_done() &&
          equals_ignore_case(std::string_view(parser_->get()[beast::http::field::expect]), "100-continue"))
        put("HTTP/1.1 100 Continue\r\n\r\n");
    }
    if (parser_->is_done()) return handle();
    // Beast reads as much at once as the buffer has room for.
    if (const auto left = parser_->content_length_remaining();
        left && *left > kReadAhead && buffer_.size() == 0)
      buffer_.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*left, kMaxRequestHeadBytes)));
    read_more();
  }

  void on_read_error(const ErrorText& failure) {
    using beast::http::error;
    static const auto& http_category = beast::http::make_error_code(error::end_of_stream).category();
    if (failure.category() != http_category || failure == error::end_of_stream ||
        failure == error::partial_message) {
      return close();
    }
    if (failure == error::body_limit) return refuse(413, "request body too large");
    if (failure == error::header_limit) return refuse(431, "request header too large");
    if (failure == error::bad_version && speaks_http2(unread()))
      return settings_.http2 ? turn_to_http2() : refuse_http2();
    refuse(400, "400 Bad Request",
           speaks_tls(unread()) ? "TLS to a server of plain HTTP: write http:// in its URL" : "");
  }

  [[nodiscard]] std::string_view unread() const {
    const auto bytes = buffer_.data();
    return {static_cast<const char*>(bytes.data()), bytes.size()};
  }

  [[nodiscard]] bool chose_http2() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      const unsigned char* name = nullptr;
      unsigned size = 0;
      SSL_get0_alpn_selected(stream_.native_handle(), &name, &size);
      return std::string_view(reinterpret_cast<const char*>(name), size) == "h2";
    } else {
      return false;
    }
  }

  // From here on the connection is the session's; this object stands for it with the server.
  void turn_to_http2() {
    timer_.cancel();
    state_ = State::kIdle;
    http2_ = start_http2(std::move(stream_),
                         {settings_, peer_, std::string(unread()), [weak = this->weak_from_this()] {
                            if (const auto self = weak.lock()) self->close();
                          }});
    if (last_request_) http2_->close_after_answers();
  }

  void refuse_http2() {
    constexpr std::string_view kWhy = "only HTTP/1.1 is served here";
    note_refused(505, kWhy);
    state_ = State::kAnswering;
    keep_alive_ = false;
    answered_ = lingering_ = true;
    put(http2_refusal(kWhy));
  }

  // `why`, if it says more than the line, is for us alone.
  void refuse(int status, std::string_view line, std::string_view why = "") {
    note_refused(status, why.empty() ? line : why);
    answer_and_close(status, line);
  }
  void answer_and_close(int status, std::string_view line) {
    state_ = State::kAnswering;
    keep_alive_ = false;
    head_only_ = version_10_ = false;
    lingering_ = true;
    answer(turn_, text_response(status, line));
  }

  // Of the request that is being read, as far as it was.
  void note_refused(int status, std::string_view why) const {
    if (!settings_.on_refused_request) return;
    ServerRequest request;
    request.peer = peer_;
    if (parser_ && !parser_->get().target().empty()) request = without_body(parser_->get());
    settings_.on_refused_request(request, status, why);
  }
  void refuse(const ServerRequest& request, std::string_view line) {
    if (settings_.on_refused_request) settings_.on_refused_request(request, 400, line);
    answer_and_close(400, line);
  }

  template <class Message>
  [[nodiscard]] ServerRequest without_body(const Message& message) const {
    ServerRequest request;
    request.method = std::string_view(message.method_string());
    request.target = std::string_view(message.target());
    for (const auto& field : message)
      request.headers.add(std::string(field.name_string()), std::string(field.value()));
    request.peer = peer_;
    return request;
  }

  void handle() {
    auto message = parser_->release();
    parser_.reset();
    ServerRequest request = without_body(message);
    request.body = std::move(message.body());
    keep_alive_ = message.keep_alive() && message.version() >= 11;
    version_10_ = message.version() < 11;
    head_only_ = message.method() == beast::http::verb::head;
    answered_ = false;
    state_ = State::kAnswering;
    whole_by_ = deadline_ = Clock::time_point::max();
    if (!split_target(request)) return refuse(request, "400 Bad Request");
    // RFC 9112 3.2.
    const auto hosts = message.count(beast::http::field::host);
    if (hosts == 0 && !version_10_) return refuse(request, "400 Bad Request: missing required Host header");
    if (hosts > 1) return refuse(request, "400 Bad Request: too many Host headers");
    if (!authorized(settings_.auth, request.path, request.headers.get("Authorization"))) {
      settings_.logger.info("failed to authenticate request",
                            {{"path", request.path}, {"err", "unauthorized"}, {"peer", peer_}});
      if (settings_.on_refused_request)
        settings_.on_refused_request(request, 401, "no credentials, or not those that are configured");
      return answer(turn_, {401, {{"WWW-Authenticate", "Basic realm=\"Restricted\""}}, ""});
    }
    notice_departure();
    (*handler_)(std::move(request), std::make_shared<ConnectionResponder>(this->weak_from_this(), turn_));
  }

  // While a handler works, a peer that goes away is noticed. Bytes of a next request stay on the socket; those of TLS, whose farewell
  // has to be deciphered, are kept for it.
  void notice_departure() {
    if (buffer_.size() > 0 || watching_) return;
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      watching_ = true;
      early_.resize(kReadAhead);  // not the buffer, which may be made anew when the answer ends first
      stream_.async_read_some(asio::buffer(early_),
                              [self = this->shared_from_this()](const ErrorText& error, std::size_t n) {
                                self->on_early_bytes(error, n);
                              });
      return;
    }
    socket().async_wait(asio::socket_base::wait_read, [self = this->shared_from_this(),
                                                       turn = turn_](const ErrorText& error) {
      if (error || self->closed_ || turn != self->turn_) return;
      char byte = 0;
      const auto n = ::recv(self->socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
      if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) self->tell_gone();
    });
  }

  void on_early_bytes(const ErrorText& error, std::size_t n) {
    watching_ = false;
    buffer_.commit(asio::buffer_copy(buffer_.prepare(n), asio::buffer(early_, n)));
    early_ = {};
    if (closed_) return;
    const bool between = state_ == State::kIdle || state_ == State::kReading;
    if (error) return between ? close() : tell_gone();
    if (between) read_more();
  }

  void tell_gone() {
    peer_gone_ = true;
    if (auto changed = std::exchange(changed_, nullptr)) changed(Responder::Change::kGone);
  }

  // ---- writing
  void put(std::string bytes) {
    if (closed_) return;
    output_.put(std::move(bytes));
    if (!writing_ && !output_.empty()) write_more();
  }

  void write_more() {
    writing_ = true;
    expect_progress();
    std::vector<asio::const_buffer> buffers;
    for (const std::string_view piece : output_.next()) buffers.emplace_back(piece.data(), piece.size());
    stream_.async_write_some(buffers,
                             [self = this->shared_from_this()](const ErrorText& error, std::size_t n) {
                               self->on_written(error, n);
                             });
  }

  void on_written(const ErrorText& error, std::size_t n) {
    if (closed_) return;
    if (error) return close();
    output_.written(n);
    if (!output_.empty()) return write_more();
    writing_ = false;
    if (state_ != State::kAnswering) return;  // 100 Continue
    if (answered_) {
      answer_written();
    } else {
      deadline_ = Clock::time_point::max();  // the handler may take its time
      if (auto changed = changed_) changed(Responder::Change::kDrained);
    }
  }

  void answer_written() {
    ++turn_;
    changed_ = nullptr;
    if (keep_alive_) return read_request();
    state_ = State::kClosing;
    if (lingering_) return linger();
    shut_down();
  }

  // The peer may still be sending the body that was refused; closing now would reset the connection under our answer.
  void linger() {
    ErrorText ignored;
    if constexpr (std::is_same_v<Stream, PlainStream>)
      socket().shutdown(asio::socket_base::shutdown_send, ignored);
    limit_to(kLingerLimit);
    drain();
  }

  void drain() {
    buffer_.clear();
    stream_.async_read_some(buffer_.prepare(kMaxRequestHeadBytes),
                            [self = this->shared_from_this()](const ErrorText& error, std::size_t) {
                              if (self->closed_) return;
                              if (error) return self->close();
                              self->drain();
                            });
  }

  void shut_down() {
    limit_to(kLingerLimit);
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      stream_.async_shutdown([self = this->shared_from_this()](const ErrorText&) { self->close(); });
    } else {
      ErrorText ignored;
      socket().shutdown(asio::socket_base::shutdown_both, ignored);
      close();
    }
  }

  Stream stream_;
  asio::steady_timer timer_;
  ConnectionSettings settings_;
  std::shared_ptr<const Handler> handler_;
  std::function<void(ServerConnection*)> closed_callback_;
  std::string peer_;

  State state_ = State::kIdle;
  std::shared_ptr<Http2Session> http2_;
  Clock::time_point deadline_ = Clock::time_point::max();
  Clock::time_point whole_by_ = Clock::time_point::max();
  bool closed_ = false;
  bool last_request_ = false;
  bool lingering_ = false;
  std::uint64_t turn_ = 1;

  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  bool head_seen_ = false;
  bool keep_alive_ = false;
  bool version_10_ = false;
  bool head_only_ = false;
  bool peer_gone_ = false;
  bool watching_ = false;       // a read is under way beside the answer
  std::string early_;           // for what it reads
  Responder::Changed changed_;  // of the request that is answered

  OutputQueue output_;
  bool writing_ = false;
  bool answered_ = false;
};

}  // namespace

std::shared_ptr<ServerConnection> make_plain_connection(ConnectionParts parts) {
  return std::make_shared<Connection<PlainStream>>(parts);
}

std::shared_ptr<ServerConnection> make_tls_connection(ConnectionParts parts, SslContextPtr context) {
  SSL_CTX_up_ref(context.get());
  asio::ssl::context owner(context.get());
  return std::make_shared<Connection<TlsStream>>(parts, owner);
}

}  // namespace invar::http
