// CurlSlot: one reusable easy handle with its buffers, and the translation of an Attempt into libcurl's options.
// Options that never change for a pool are set once; per request only the URL, the headers and, when they differ from the
// slot's previous request, method and proxy.
// A slot can also only connect: the caller then takes the socket over (name lookup and choice of address are libcurl's).
// Threads:  loop thread only. Lifetime: the Attempt stays alive and in place from prepare() until release().
#pragma once

#include <curl/curl.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/curl_stream.h"
#include "http/dialer_metrics.h"
#include "http/engine.h"
#include "http/tls_hook.h"

namespace invar::http {

// Socket events of a pool's connections, for metrics and the event loop.
class SocketObserver {
 public:
  virtual ~SocketObserver() = default;
  virtual void socket_opened(int fd) = 0;
  virtual bool socket_closing(int fd) = 0;  // false: somebody else owns the socket now, leave it open
};

class CurlSlot {
 public:
  CurlSlot(const PoolSettings& settings, SocketObserver& observer);
  ~CurlSlot();
  CurlSlot(const CurlSlot&) = delete;
  CurlSlot& operator=(const CurlSlot&) = delete;

  // `owner` comes back from owner_of(). `stream` may be null; it stays in place as the attempt does.
  void prepare(const Attempt& attempt, bool only_connect, void* owner, CurlStream* stream);
  void go_on();  // after the stream held the answer back; libcurl's callbacks may run inside
  void release();
  static void* owner_of(CURL* easy);

  // After the transfer ended with `code`.
  std::expected<Response, Failure> take_result(CURLcode code);
  [[nodiscard]] bool opened_connection() const;
  [[nodiscard]] int active_socket() const;
  // Why there is no connection; nullopt when there was one.
  [[nodiscard]] std::optional<DialFailure> dial_failure(CURLcode code) const;
  [[nodiscard]] bool connecting() const;
  [[nodiscard]] std::string_view phase() const;
  [[nodiscard]] CURL* easy() const { return easy_; }

 private:
  enum class Mode { kNone, kGet, kHead, kBody };
  void set_headers();
  void set_method();
  void set_body(std::uint64_t size);
  void set_proxy();
  Failure failure_of(CURLcode code);
  void explain_tls(Failure& failure) const;

  std::size_t on_header(std::string_view line);
  std::size_t on_body(std::string_view bytes);
  std::size_t on_read(char* out, std::size_t size);
  bool seek_to(std::uint64_t offset);

  [[nodiscard]] bool reached(CURLINFO milestone) const;

  static std::size_t header_callback(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t write_callback(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t read_callback(char* data, std::size_t size, std::size_t count, void* self);
  static int seek_callback(void* self, curl_off_t offset, int origin);
  static CURLcode context_callback(CURL* easy, void* context, void* self);
  static curl_socket_t open_callback(void* observer, curlsocktype purpose, curl_sockaddr* address);
  static int close_callback(void* observer, curl_socket_t fd);

  CURL* easy_;
  const bool only_http2_;
  std::shared_ptr<const TlsMaterial> tls_;
  Mode mode_ = Mode::kNone;
  std::shared_ptr<const ProxyRoute> proxy_;
  bool proxy_tunnel_ = false;
  bool only_connect_ = false;
  bool custom_method_ = false;
  bool unix_socket_ = false;
  curl_slist* proxy_headers_ = nullptr;
  char error_text_[CURL_ERROR_SIZE] = {};

  // Per request.
  const Attempt* attempt_ = nullptr;
  void* owner_ = nullptr;
  CurlStream* stream_ = nullptr;
  std::string header_text_;
  std::vector<curl_slist> header_nodes_;
  std::string joined_body_;
  std::uint64_t sent_bytes_ = 0;
  Response response_;
  std::size_t head_bytes_ = 0;
  std::uint64_t body_bytes_ = 0;
  bool head_complete_ = false;
  bool too_large_ = false;
  std::string last_status_line_;  // also of a proxy's answer to CONNECT
  std::shared_ptr<TlsReport> report_;
};

}  // namespace invar::http
