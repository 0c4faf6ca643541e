#include "http/curl_slot.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/shown_text.h"
#include "base/strings.h"
#include "http/answer_limits.h"
#include "http/request_head.h"

namespace invar::http {
namespace {

// Larger than libcurl's 16 KiB: a profile of 50 KB arrives in one or two reads instead of four.
constexpr long kReceiveBuffer = 64 << 10;
constexpr std::uint64_t kSentWithHead = 64 << 10;  // libcurl's own threshold
constexpr long kIdleConnectionSeconds = 300;

std::string_view trim_line(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  return line;
}

}  // namespace

CurlSlot::CurlSlot(const PoolSettings& settings, SocketObserver& observer)
    : easy_(curl_easy_init()), only_http2_(settings.only_http2), tls_(settings.tls) {
  const auto set = [this](CURLoption option, auto value) { curl_easy_setopt(easy_, option, value); };
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // a cancelled name lookup never blocks the loop
  set(CURLOPT_DNS_CACHE_TIMEOUT, 0L);
  set(CURLOPT_CONNECTTIMEOUT_MS, 0L);
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_BUFFERSIZE, kReceiveBuffer);
  set(CURLOPT_MAXAGE_CONN, kIdleConnectionSeconds);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_NOPROGRESS, 1L);
  set(CURLOPT_NOPROXY, "");
  set(CURLOPT_PROXY, "");
  set(CURLOPT_PROXYAUTH, static_cast<long>(CURLAUTH_BASIC));
  set(CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
  set(CURLOPT_HTTP_VERSION,
      static_cast<long>(settings.enable_http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
  if (settings.accept_gzip) set(CURLOPT_ACCEPT_ENCODING, "gzip");
  set(CURLOPT_ERRORBUFFER, error_text_);
  set(CURLOPT_PRIVATE, static_cast<void*>(this));
  set(CURLOPT_HEADERFUNCTION, &header_callback);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &write_callback);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_READFUNCTION, &read_callback);
  set(CURLOPT_READDATA, this);
  set(CURLOPT_SEEKFUNCTION, &seek_callback);
  set(CURLOPT_SEEKDATA, this);
  set(CURLOPT_OPENSOCKETFUNCTION, &open_callback);
  set(CURLOPT_OPENSOCKETDATA, &observer);
  set(CURLOPT_CLOSESOCKETFUNCTION, &close_callback);
  set(CURLOPT_CLOSESOCKETDATA, &observer);
  // Roots, client certificate and versions come from the context callback: parsed once, shared by all connections.
  set(CURLOPT_CAINFO, nullptr);
  set(CURLOPT_CAPATH, nullptr);
  set(CURLOPT_PROXY_CAINFO, nullptr);
  set(CURLOPT_PROXY_CAPATH, nullptr);
  set(CURLOPT_SSL_CTX_FUNCTION, &context_callback);
  set(CURLOPT_SSL_CTX_DATA, this);
  const bool verify_peer = !tls_->insecure;
  const bool url_names_peer = verify_peer && tls_->server_name.empty();
  set(CURLOPT_SSL_VERIFYPEER, verify_peer ? 1L : 0L);
  set(CURLOPT_PROXY_SSL_VERIFYPEER, verify_peer ? 1L : 0L);
  set(CURLOPT_SSL_VERIFYHOST, url_names_peer ? 2L : 0L);
  set(CURLOPT_PROXY_SSL_VERIFYHOST, url_names_peer ? 2L : 0L);
}

CurlSlot::~CurlSlot() {
  curl_easy_cleanup(easy_);
  curl_slist_free_all(proxy_headers_);
}

void* CurlSlot::owner_of(CURL* easy) {
  char* self = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self);
  return reinterpret_cast<CurlSlot*>(self)->owner_;
}

void CurlSlot::prepare(const Attempt& attempt, bool only_connect, void* owner, CurlStream* stream) {
  attempt_ = &attempt;
  owner_ = owner;
  stream_ = stream;
  sent_bytes_ = body_bytes_ = 0;
  head_bytes_ = 0;
  response_ = {};
  head_complete_ = too_large_ = false;
  last_status_line_.clear();
  report_.reset();
  error_text_[0] = '\0';
  curl_easy_setopt(easy_, CURLOPT_URL, attempt.url.c_str());
  if (only_http2_) {
    // libcurl 7.88 cannot use such a connection again: the second request fails in its framing layer.
    curl_easy_setopt(
        easy_, CURLOPT_HTTP_VERSION,
        static_cast<long>(attempt.https ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE));
    curl_easy_setopt(easy_, CURLOPT_FORBID_REUSE, attempt.https ? 0L : 1L);
  }
  if (std::exchange(only_connect_, only_connect) != only_connect) {
    curl_easy_setopt(easy_, CURLOPT_CONNECT_ONLY, only_connect ? 1L : 0L);
    curl_easy_setopt(easy_, CURLOPT_FRESH_CONNECT, only_connect ? 1L : 0L);
  }
  if (const bool unix_socket = !attempt.unix_socket.empty(); unix_socket || unix_socket_) {
    curl_easy_setopt(easy_, CURLOPT_UNIX_SOCKET_PATH, unix_socket ? attempt.unix_socket.c_str() : nullptr);
    unix_socket_ = unix_socket;
  }
  set_proxy();
  if (only_connect) return;
  set_method();
  set_headers();
}

void CurlSlot::release() {
  attempt_ = nullptr;
  owner_ = nullptr;
  stream_ = nullptr;
  response_ = {};
  report_.reset();
}

void CurlSlot::go_on() {
  curl_easy_pause(easy_, CURLPAUSE_CONT);
}

void CurlSlot::set_method() {
  const std::string& method = attempt_->method;
  const std::uint64_t size = body_size(*attempt_);
  const Mode mode = carries_body(*attempt_) ? Mode::kBody : method == "HEAD" ? Mode::kHead : Mode::kGet;
  if (mode != mode_) {
    if (mode == Mode::kBody) {
      curl_easy_setopt(easy_, CURLOPT_POST, 1L);
    } else {
      curl_easy_setopt(easy_, CURLOPT_HTTPGET, 1L);
      if (mode == Mode::kHead) curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
    }
    mode_ = mode;
  }
  if (mode == Mode::kBody) set_body(size);
  const std::string_view implied = mode == Mode::kBody ? "POST" : mode == Mode::kHead ? "HEAD" : "GET";
  if (method != implied) {
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, method.c_str());
    custom_method_ = true;
  } else if (custom_method_) {
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, nullptr);
    custom_method_ = false;
  }
}

// A small body goes out in one system call with the head, which libcurl does only with a buffer; a large one is read part
// by part. Both were measured: the second call costs more than copying 64 KB.
void CurlSlot::set_body(std::uint64_t size) {
  const bool one_buffer = size < kSentWithHead;
  if (one_buffer) {
    joined_body_.clear();
    for (const std::string* part : {attempt_->body_head, attempt_->body, attempt_->body_tail}) {
      if (part) joined_body_ += *part;
    }
  }
  curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, one_buffer ? joined_body_.c_str() : nullptr);
  curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(size));
}

void CurlSlot::set_proxy() {
  const bool tunnel = attempt_->proxy && attempt_->https;
  if (attempt_->proxy == proxy_ && tunnel == proxy_tunnel_) return;
  proxy_ = attempt_->proxy;
  proxy_tunnel_ = tunnel;
  curl_easy_setopt(easy_, CURLOPT_PROXYHEADER, nullptr);
  curl_slist_free_all(std::exchange(proxy_headers_, nullptr));
  if (!proxy_) {
    curl_easy_setopt(easy_, CURLOPT_PROXY, "");
    return;
  }
  curl_easy_setopt(easy_, CURLOPT_PROXY, fmt::format("{}://{}", proxy_->scheme, proxy_->host_port).c_str());
  curl_easy_setopt(easy_, CURLOPT_PROXYUSERNAME, proxy_->has_credentials ? proxy_->user.c_str() : nullptr);
  curl_easy_setopt(easy_, CURLOPT_PROXYPASSWORD,
                   proxy_->has_credentials ? proxy_->password.c_str() : nullptr);
  if (!tunnel) return;
  proxy_headers_ = curl_slist_append(proxy_headers_, "Proxy-Connection:");
  proxy_headers_ = curl_slist_append(proxy_headers_, "User-Agent:");
  for (const auto& [name, value] : proxy_->connect_headers) {
    const std::string line = value.empty() ? name + ";" : fmt::format("{}: {}", name, value);
    proxy_headers_ = curl_slist_append(proxy_headers_, line.c_str());
  }
  curl_easy_setopt(easy_, CURLOPT_PROXYHEADER, proxy_headers_);
}

// The list is built in two buffers of ours: libcurl only reads it, and one allocation per header would be most of its cost.
void CurlSlot::set_headers() {
  constexpr std::array<std::string_view, 4> kSuppressed = {
      "Accept:", "Content-Type:", "Expect:", "Proxy-Connection:"};
  std::array<bool, 4> suppress = {true, mode_ == Mode::kBody, mode_ == Mode::kBody,
                                  proxy_ != nullptr && !proxy_tunnel_};
  header_text_.clear();
  std::size_t lines = 0;
  for (const auto& [name, value] : attempt_->headers) {
    if (never_sent(name)) continue;
    if (name.size() == 6 && equals_ignore_case(name, "Accept")) suppress[0] = false;
    if (name.size() == 12 && equals_ignore_case(name, "Content-Type")) suppress[1] = false;
    header_text_ += name;
    if (value.empty()) {
      header_text_ += ';';
    } else {
      header_text_ += ": ";
      header_text_ += value;
    }
    header_text_.push_back('\0');
    ++lines;
  }
  for (std::size_t i = 0; i < kSuppressed.size(); ++i) {
    if (!suppress[i]) continue;
    header_text_ += kSuppressed[i];
    header_text_.push_back('\0');
    ++lines;
  }
  header_nodes_.resize(lines);
  char* at = header_text_.data();
  for (std::size_t i = 0; i < lines; ++i) {
    header_nodes_[i] = {at, i + 1 < lines ? &header_nodes_[i + 1] : nullptr};
    at += std::strlen(at) + 1;
  }
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, lines > 0 ? header_nodes_.data() : nullptr);
}

std::size_t CurlSlot::on_header(std::string_view raw) {
  head_bytes_ += raw.size();
  if (head_bytes_ > kMaxHeadBytes) return 0;
  const std::string_view line = trim_line(raw);
  if (line.starts_with("HTTP/")) {
    // A new block: after 100 Continue or after the proxy's answer to CONNECT.
    const auto space = line.find(' ');
    std::string_view status_line =
        space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
    const auto code = parse_uint(status_line.substr(0, 3));
    response_.headers = {};
    response_.status = code ? static_cast<int>(*code) : 0;
    head_complete_ = false;
    if (status_line.size() <= 4) {
      response_.status_line = fmt::format("{} {}", status_line.substr(0, 3), status_text(response_.status));
    } else {
      response_.status_line = shown_text(status_line);
    }
    last_status_line_ = response_.status_line;
    return raw.size();
  }
  if (head_complete_) return raw.size();  // trailers
  if (line.empty()) {
    head_complete_ = response_.status >= 200;
    if (stream_ && is_streamed(response_.status)) stream_->take_head(response_);
    return raw.size();
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return raw.size();
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim_space(line.substr(colon + 1));
  if (name.size() == 14 && mode_ != Mode::kHead && equals_ignore_case(name, "Content-Length")) {
    const auto length = parse_uint(value);
    const bool streamed = stream_ && is_streamed(response_.status);
    if (length && *length > attempt_->max_body_bytes && !streamed) {
      too_large_ = true;
      return 0;
    }
    if (length && !streamed) response_.body.reserve(std::min(*length, kMaxReserve));
  }
  response_.headers.add(std::string(name), std::string(value));
  return raw.size();
}

std::size_t CurlSlot::on_body(std::string_view bytes) {
  if (stream_ && is_streamed(response_.status)) {
    if (!stream_->take(bytes)) return CURL_WRITEFUNC_PAUSE;
    body_bytes_ += bytes.size();
    return bytes.size();
  }
  if (response_.body.size() + bytes.size() > attempt_->max_body_bytes) {
    too_large_ = true;
    return 0;
  }
  if (response_.body.empty()) response_.body.reserve(std::min(attempt_->expected_body_bytes, kMaxReserve));
  response_.body.append(bytes);
  body_bytes_ += bytes.size();
  return bytes.size();
}

std::size_t CurlSlot::on_read(char* out, std::size_t size) {
  std::size_t filled = 0;
  std::uint64_t skip = sent_bytes_;
  for (const std::string* part : {attempt_->body_head, attempt_->body, attempt_->body_tail}) {
    const std::uint64_t its_size = part_size(part);
    if (skip >= its_size) {
      skip -= its_size;
      continue;
    }
    const std::size_t n = std::min<std::uint64_t>(its_size - skip, size - filled);
    std::memcpy(out + filled, part->data() + skip, n);
    filled += n;
    skip = 0;
    if (filled == size) break;
  }
  sent_bytes_ += filled;
  return filled;
}

bool CurlSlot::seek_to(std::uint64_t offset) {
  if (offset > body_size(*attempt_)) return false;
  sent_bytes_ = offset;
  return true;
}

std::size_t CurlSlot::header_callback(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<CurlSlot*>(self)->on_header({data, size * count});
}
std::size_t CurlSlot::write_callback(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<CurlSlot*>(self)->on_body({data, size * count});
}
std::size_t CurlSlot::read_callback(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<CurlSlot*>(self)->on_read(data, size * count);
}
int CurlSlot::seek_callback(void* self, curl_off_t offset, int origin) {
  if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
  return static_cast<CurlSlot*>(self)->seek_to(static_cast<std::uint64_t>(offset)) ? CURL_SEEKFUNC_OK
                                                                                   : CURL_SEEKFUNC_FAIL;
}

CURLcode CurlSlot::context_callback(CURL*, void* context, void* data) {
  auto* self = static_cast<CurlSlot*>(data);
  self->report_ = std::make_shared<TlsReport>();
  prepare_context(static_cast<SSL_CTX*>(context), self->tls_, self->report_);
  return CURLE_OK;
}

curl_socket_t CurlSlot::open_callback(void* observer, curlsocktype, curl_sockaddr* address) {
  const int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0) return CURL_SOCKET_BAD;
  static_cast<SocketObserver*>(observer)->socket_opened(fd);
  return fd;
}

int CurlSlot::close_callback(void* observer, curl_socket_t fd) {
  return static_cast<SocketObserver*>(observer)->socket_closing(fd) ? close(fd) : 0;
}

bool CurlSlot::opened_connection() const {
  long connections = 0;
  curl_easy_getinfo(easy_, CURLINFO_NUM_CONNECTS, &connections);
  return connections > 0;
}

int CurlSlot::active_socket() const {
  curl_socket_t fd = CURL_SOCKET_BAD;
  return curl_easy_getinfo(easy_, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK ? fd : -1;
}

bool CurlSlot::reached(CURLINFO milestone) const {
  curl_off_t us = 0;
  curl_easy_getinfo(easy_, milestone, &us);
  return us > 0;
}

// libcurl's own time of connecting includes the handshake and the tunnel.
bool CurlSlot::connecting() const {
  const char* address = nullptr;
  curl_easy_getinfo(easy_, CURLINFO_PRIMARY_IP, &address);
  return !address || !*address;
}

std::string_view CurlSlot::phase() const {
  if (response_.status > 0 && head_complete_) return "receiving the answer from";
  if (connecting()) return "connecting to";
  if (attempt_->https && !reached(CURLINFO_PRETRANSFER_TIME_T)) {
    return report_ ? "in the TLS handshake with" : "waiting for the proxy's tunnel to";
  }
  return "waiting for the answer of";
}

}  // namespace invar::http
