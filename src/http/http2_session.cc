#include "http/http2_session.h"

#include <fmt/format.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <map>
#include <optional>

#include "base/check.h"
#include "base/strings.h"
#include "http/request_target.h"

namespace invar::http {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using ErrorText = boost::system::error_code;

constexpr std::uint32_t kMaxStreams = 128;
constexpr std::int32_t kWindow = 1 << 20;  // bytes that a peer may send ahead, of one request and of all
constexpr std::size_t kMaxHead = 64 << 10;
constexpr std::size_t kReadSize = 16 << 10;
constexpr std::size_t kWriteAhead = 64 << 10;
constexpr auto kGoodbyeLimit = std::chrono::seconds(2);

// One request and its answer.
struct Exchange2 {
  ServerRequest request;
  std::string authority;
  std::size_t head_bytes = 0;
  std::uint64_t unheard = 0;  // bytes of a body that came after the answer
  bool dispatched = false;
  bool head_only = false;
  bool whole = false;
  BodySink sink;  // of a request that is taken part by part
  bool answered = false, finished = false;
  std::string output;  // of the answer's body, from `sent` on
  std::size_t sent = 0;
  bool deferred = false;
  Headers trailers;
  Responder::Changed changed;
};

// What a Responder may do with its session.
class Answers {
 public:
  virtual ~Answers() = default;
  virtual void begin(std::int32_t id, const ServerResponse& head, bool finished) = 0;
  virtual void append(std::int32_t id, std::string chunk, bool finished) = 0;
  virtual void abandon(std::int32_t id) = 0;
  [[nodiscard]] virtual std::size_t backlog(std::int32_t id) const = 0;
  [[nodiscard]] virtual bool open(std::int32_t id) const = 0;
  virtual void listen(std::int32_t id, Responder::Changed changed) = 0;
};

class Http2Responder final : public Responder {
 public:
  Http2Responder(std::weak_ptr<Answers> answers, std::int32_t id) : answers_(std::move(answers)), id_(id) {}
  ~Http2Responder() override {
    if (state_ == State::kDone) return;
    const auto answers = answers_.lock();
    if (!answers) return;
    // A handler that forgets to answer must not leave its client waiting; a cut stream must look cut.
    if (state_ == State::kStreaming) {
      answers->abandon(id_);
    } else {
      answers->begin(id_, text_response(500, "no answer"), true);
    }
  }
  void drop() { state_ = State::kDone; }  // somebody else answers
  void send(ServerResponse response) override {
    if (state_ != State::kNew) return;
    state_ = State::kDone;
    if (const auto answers = answers_.lock()) answers->begin(id_, response, true);
  }
  void start(ServerResponse head) override {
    if (state_ != State::kNew) return;
    state_ = State::kStreaming;
    if (const auto answers = answers_.lock()) answers->begin(id_, head, false);
  }
  void write(std::string chunk) override {
    if (state_ != State::kStreaming || chunk.empty()) return;
    if (const auto answers = answers_.lock()) answers->append(id_, std::move(chunk), false);
  }
  void finish() override {
    if (state_ != State::kStreaming) return;
    state_ = State::kDone;
    if (const auto answers = answers_.lock()) answers->append(id_, {}, true);
  }
  [[nodiscard]] std::size_t backlog_bytes() const override {
    const auto answers = answers_.lock();
    return answers ? answers->backlog(id_) : 0;
  }
  [[nodiscard]] bool alive() const override {
    const auto answers = answers_.lock();
    return answers && state_ != State::kDone && answers->open(id_);
  }
  void on_change(Changed changed) override {
    if (const auto answers = answers_.lock()) answers->listen(id_, std::move(changed));
  }

 private:
  enum class State { kNew, kStreaming, kDone };
  const std::weak_ptr<Answers> answers_;
  const std::int32_t id_;
  State state_ = State::kNew;
};

template <class Stream>
class Session final : public Http2Session,
                      public Answers,
                      public std::enable_shared_from_this<Session<Stream>> {
 public:
  Session(Stream stream, Http2Parts parts)
      : stream_(std::move(stream)),
        timer_(stream_.get_executor()),
        settings_(std::move(parts.settings)),
        peer_(std::move(parts.peer)),
        closed_callback_(std::move(parts.closed)) {
    nghttp2_session_callbacks* callbacks = nullptr;
    INVAR_CHECK(nghttp2_session_callbacks_new(&callbacks) == 0, "no memory for an HTTP/2 session");
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, &on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, &on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, &on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, &on_stream_close);
    INVAR_CHECK(nghttp2_session_server_new(&session_, callbacks, this) == 0,
                "no memory for an HTTP/2 session");
    nghttp2_session_callbacks_del(callbacks);
    const std::array settings = {
        nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, kMaxStreams},
        nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow},
        nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, kMaxHead},
    };
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, kWindow);
  }
  ~Session() override { nghttp2_session_del(session_); }

  void start(const std::string& received) {
    moved();
    watch_time();
    if (!received.empty() && !take(received)) return;
    write();
    read();
  }

  void close() override {
    if (std::exchange(closed_, true)) return;
    const auto self = this->shared_from_this();
    ErrorText ignored;
    stream_.lowest_layer().close(ignored);
    timer_.cancel();
    for (auto exchanges = std::exchange(exchanges_, {}); auto& [id, exchange] : exchanges) {
      if (exchange.sink) exchange.sink({}, BodyEnd::kCut);
      tell_gone(exchange);
      if (!exchange.whole && settings_.on_cut_request) settings_.on_cut_request();
    }
    if (auto callback = std::exchange(closed_callback_, nullptr)) callback();
  }

  void close_after_answers() override {
    if (closed_) return;
    nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_),
                          NGHTTP2_NO_ERROR, nullptr, 0);
    closing_ = true;
    write();
  }

  // ---- Answers
  void begin(std::int32_t id, const ServerResponse& head, bool finished) override {
    Exchange2* exchange = find(id);
    if (exchange == nullptr || exchange->answered) return;
    exchange->answered = true;
    exchange->finished = finished;
    exchange->output = head.body;
    exchange->trailers = head.trailers;
    std::vector<std::pair<std::string, std::string>> fields = {{":status", std::to_string(head.status)}};
    for (const auto& [name, value] : head.headers) {
      const std::string lower = to_lower_ascii(name);
      if (lower != "connection" && lower != "transfer-encoding") fields.emplace_back(lower, value);
    }
    if (finished && head.trailers.size() == 0)
      fields.emplace_back("content-length", std::to_string(head.body.size()));
    const auto names = name_values(fields);
    const bool no_body = exchange->head_only || (finished && head.body.empty() && head.trailers.size() == 0);
    if (no_body) exchange->output.clear();
    nghttp2_data_provider body{};
    body.read_callback = &read_body;
    nghttp2_submit_response(session_, id, names.data(), names.size(), no_body ? nullptr : &body);
    write_soon();
  }

  void append(std::int32_t id, std::string chunk, bool finished) override {
    Exchange2* exchange = find(id);
    if (exchange == nullptr) return;
    exchange->output += chunk;
    exchange->finished = finished;
    if (std::exchange(exchange->deferred, false)) nghttp2_session_resume_data(session_, id);
    write_soon();
  }

  void abandon(std::int32_t id) override {
    if (find(id) == nullptr) return;
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_INTERNAL_ERROR);
    write_soon();
  }

  [[nodiscard]] std::size_t backlog(std::int32_t id) const override {
    const auto found = exchanges_.find(id);
    return found == exchanges_.end() ? 0 : found->second.output.size() - found->second.sent;
  }
  [[nodiscard]] bool open(std::int32_t id) const override { return exchanges_.contains(id); }
  void listen(std::int32_t id, Responder::Changed changed) override {
    if (Exchange2* exchange = find(id)) exchange->changed = std::move(changed);
  }

 private:
  static std::vector<nghttp2_nv> name_values(const std::vector<std::pair<std::string, std::string>>& fields) {
    const auto bytes = [](const std::string& text) {
      return reinterpret_cast<std::uint8_t*>(
          const_cast<char*>(text.data()));  // nghttp2 copies, and has no const
    };
    std::vector<nghttp2_nv> out;
    for (const auto& [name, value] : fields)
      out.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    return out;
  }

  Exchange2* find(std::int32_t id) {
    const auto found = exchanges_.find(id);
    return found == exchanges_.end() ? nullptr : &found->second;
  }

  // ---- time
  void moved() { deadline_ = Clock::now() + settings_.idle_timeout; }
  void watch_time() {
    timer_.expires_at(deadline_);
    timer_.async_wait([weak = this->weak_from_this()](const ErrorText& error) {
      const auto self = weak.lock();
      if (!self || error || self->closed_) return;
      if (self->waits_for_us()) self->moved();
      if (Clock::now() >= self->deadline_) return self->close();
      self->watch_time();
    });
  }

  // A handler may take its time, and a stream may be silent.
  [[nodiscard]] bool waits_for_us() const {
    return output_.empty() &&
           std::ranges::any_of(exchanges_, [](const auto& e) { return e.second.whole || e.second.sink; });
  }

  // ---- the wire
  void read() {
    stream_.async_read_some(asio::buffer(input_),
                            [self = this->shared_from_this()](const ErrorText& error, std::size_t n) {
                              if (self->closed_) return;
                              if (error) return self->close();
                              self->moved();
                              if (!self->take({self->input_.data(), n})) return;
                              self->write();
                              if (!self->closed_) self->read();
                            });
  }

  bool take(std::string_view bytes) {
    taking_ = true;
    const auto taken =
        nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    taking_ = false;
    if (taken >= 0) return !closed_;
    settings_.logger.debug("HTTP/2 connection ended",
                           {{"peer", peer_}, {"err", nghttp2_strerror(static_cast<int>(taken))}});
    close();
    return false;
  }

  // Not inside of nghttp2's callbacks; what is taken in is followed by write() anyway.
  void write_soon() {
    if (!taking_ && !writing_) write();
  }

  void write() {
    if (writing_ || closed_) return;
    while (output_.size() < kWriteAhead) {
      const std::uint8_t* data = nullptr;
      const auto n = nghttp2_session_mem_send(session_, &data);
      if (n < 0) return close();
      if (n == 0) break;
      output_.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(n));
    }
    if (output_.empty()) {
      const bool over = nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0;
      if (over || (closing_ && exchanges_.empty())) close();
      return;
    }
    writing_ = true;
    asio::async_write(stream_, asio::buffer(output_),
                      [self = this->shared_from_this()](const ErrorText& error, std::size_t) {
                        self->writing_ = false;
                        if (self->closed_) return;
                        if (error) return self->close();
                        self->output_.clear();
                        self->moved();
                        self->write();
                      });
  }

  // ---- nghttp2's callbacks; `user` is the session
  static Session& of(void* user) { return *static_cast<Session*>(user); }

  static int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
      of(user).exchanges_.try_emplace(frame->hd.stream_id);
    return 0;
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                       void* user) {
    Exchange2* exchange = of(user).find(frame->hd.stream_id);
    if (exchange == nullptr || exchange->dispatched) return 0;  // trailers tell nothing here
    const std::string_view key(reinterpret_cast<const char*>(name), name_size);
    std::string text(reinterpret_cast<const char*>(value), value_size);
    exchange->head_bytes += name_size + value_size + 32;
    if (exchange->head_bytes > kMaxHead) return 0;
    if (key == ":method") {
      exchange->request.method = std::move(text);
    } else if (key == ":path") {
      exchange->request.target = std::move(text);
    } else if (key == ":authority") {
      exchange->authority = std::move(text);
    } else if (!key.starts_with(':')) {
      exchange->request.headers.add(std::string(key), std::move(text));
    }
    return 0;
  }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    Session& self = of(user);
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    Exchange2* exchange = self.find(frame->hd.stream_id);
    if (exchange == nullptr) return 0;
    const bool whole = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
      self.on_head(frame->hd.stream_id, *exchange);
    exchange = self.find(frame->hd.stream_id);
    if (whole && exchange != nullptr) self.on_whole(frame->hd.stream_id, *exchange);
    return 0;
  }

  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                     std::size_t size, void* user) {
    Session& self = of(user);
    Exchange2* exchange = self.find(id);
    if (exchange == nullptr) return 0;
    if (exchange->answered && !exchange->sink) {
      // Refused before it was whole: the peer may say what it was about to say, but not for ever.
      exchange->unheard += size;
      if (exchange->unheard > self.settings_.max_body_bytes)
        nghttp2_submit_rst_stream(self.session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_NO_ERROR);
      return 0;
    }
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    if (exchange->sink) {
      const BodySink sink = exchange->sink;
      sink(bytes, BodyEnd::kMore);
    } else if (exchange->request.body.size() + size > self.settings_.max_body_bytes) {
      self.begin(id, text_response(413, "request body too large"), true);
    } else {
      exchange->request.body += bytes;
    }
    return 0;
  }

  static int on_stream_close(nghttp2_session*, std::int32_t id, std::uint32_t, void* user) {
    Session& self = of(user);
    auto exchange = self.exchanges_.extract(id);
    if (exchange.empty()) return 0;
    if (exchange.mapped().sink) exchange.mapped().sink({}, BodyEnd::kCut);
    self.tell_gone(exchange.mapped());
    return 0;
  }

  static ssize_t read_body(nghttp2_session* session, std::int32_t id, std::uint8_t* buffer, std::size_t room,
                           std::uint32_t* flags, nghttp2_data_source*, void* user) {
    Exchange2* exchange = of(user).find(id);
    if (exchange == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    const std::size_t n = std::min(room, exchange->output.size() - exchange->sent);
    std::copy_n(exchange->output.data() + exchange->sent, n, buffer);
    exchange->sent += n;
    if (exchange->sent < exchange->output.size()) return static_cast<ssize_t>(n);
    exchange->output.clear();
    exchange->sent = 0;
    if (!exchange->finished) {
      if (n > 0) {
        of(user).tell(exchange->changed, Responder::Change::kDrained);
        return static_cast<ssize_t>(n);
      }
      exchange->deferred = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (exchange->trailers.size() > 0) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      std::vector<std::pair<std::string, std::string>> fields;
      for (const auto& [name, value] : exchange->trailers) fields.emplace_back(to_lower_ascii(name), value);
      const auto names = name_values(fields);
      nghttp2_submit_trailer(session, id, names.data(), names.size());
    }
    return static_cast<ssize_t>(n);
  }

  // Whoever writes hears of it in its own time, not in the middle of a write.
  void tell(const Responder::Changed& changed, Responder::Change what) {
    if (changed) asio::post(timer_.get_executor(), [changed, what] { changed(what); });
  }
  void tell_gone(const Exchange2& exchange) {
    if (!exchange.finished) tell(exchange.changed, Responder::Change::kGone);
  }

  // ---- requests
  void on_head(std::int32_t id, Exchange2& exchange) {
    exchange.dispatched = true;
    exchange.head_only = exchange.request.method == "HEAD";
    ServerRequest& request = exchange.request;
    request.peer = peer_;
    if (exchange.head_bytes > kMaxHead)
      return begin(id, text_response(431, "request header too large"), true);
    if (!split_target(request)) return begin(id, text_response(400, "400 Bad Request"), true);
    if (request.headers.get("Host").empty()) request.headers.add("Host", exchange.authority);
    if (!authorized(settings_.auth, request.path, request.headers.get("Authorization"))) {
      settings_.logger.info("failed to authenticate request",
                            {{"path", request.path}, {"err", "unauthorized"}, {"peer", peer_}});
      return begin(id, {401, {{"WWW-Authenticate", "Basic realm=\"Restricted\""}}, ""}, true);
    }
    if (!settings_.http2->on_stream) return;
    const auto responder = std::make_shared<Http2Responder>(this->weak_from_this(), id);
    BodySink sink = settings_.http2->on_stream(request, responder);
    if (!sink) return responder->drop();
    if (Exchange2* still = find(id)) still->sink = std::move(sink);
  }

  void on_whole(std::int32_t id, Exchange2& exchange) {
    exchange.whole = true;
    if (exchange.sink) {
      const BodySink sink = std::exchange(exchange.sink, nullptr);
      return sink({}, BodyEnd::kWhole);
    }
    if (exchange.answered) return;
    settings_.http2->handler(std::move(exchange.request),
                             std::make_shared<Http2Responder>(this->weak_from_this(), id));
  }

  Stream stream_;
  asio::steady_timer timer_;
  const ConnectionSettings settings_;
  const std::string peer_;
  std::function<void()> closed_callback_;

  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, Exchange2> exchanges_;
  std::array<char, kReadSize> input_{};
  std::string output_;
  Clock::time_point deadline_;
  bool taking_ = false;
  bool writing_ = false;
  bool closing_ = false;
  bool closed_ = false;
};

template <class Stream>
std::shared_ptr<Http2Session> start(Stream stream, Http2Parts parts) {
  const std::string received = std::move(parts.received);
  auto session = std::make_shared<Session<Stream>>(std::move(stream), std::move(parts));
  session->start(received);
  return session;
}

}  // namespace

std::shared_ptr<Http2Session> start_http2(asio::ip::tcp::socket stream, Http2Parts parts) {
  return start(std::move(stream), std::move(parts));
}

std::shared_ptr<Http2Session> start_http2(asio::ssl::stream<asio::ip::tcp::socket> stream, Http2Parts parts) {
  return start(std::move(stream), std::move(parts));
}

}  // namespace invar::http
