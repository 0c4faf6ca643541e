// Failures of libcurl in plain words: who did what, in one sentence, without secrets.
#include <fmt/format.h>

#include <cerrno>

#include "base/strings.h"
#include "http/curl_slot.h"
#include "http/failures.h"
#include "http/url.h"

namespace invar::http {
namespace {

std::string_view host_of(std::string_view host_port) {
  return host_port.substr(0, host_port.rfind(':'));
}

}  // namespace

void CurlSlot::explain_tls(Failure& failure) const {
  if (!report_) return;
  const bool from_proxy = failure.kind == FailureKind::kProxy && attempt_->proxy;
  const std::string& peer = from_proxy ? attempt_->proxy->host_port : attempt_->host_port;
  const std::string wanted = !tls_->server_name.empty() ? tls_->server_name
                             : from_proxy               ? std::string(host_of(peer))
                                                        : attempt_->host;
  std::string words = explain_tls_failure(*report_, peer, wanted, error_text_, !tls_->chain.empty());
  if (words.empty()) return;
  if (!from_proxy) failure.kind = FailureKind::kTls;
  failure.message = from_proxy ? "proxy: " + words : words;
}

Failure CurlSlot::failure_of(CURLcode code) {
  const std::string& peer = attempt_->host_port;
  const std::string proxy = attempt_->proxy ? attempt_->proxy->host_port : "";
  long os_error = 0;
  long connect_code = 0;
  curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &os_error);
  curl_easy_getinfo(easy_, CURLINFO_HTTP_CONNECTCODE, &connect_code);
  curl_off_t connected_us = 0;
  curl_easy_getinfo(easy_, CURLINFO_CONNECT_TIME_T, &connected_us);
  const std::string reason = reason_of_errno(static_cast<int>(os_error));
  const std::string_view library_text =
      error_text_[0] ? std::string_view(error_text_) : curl_easy_strerror(code);

  if (too_large_) return body_too_large(peer, attempt_->max_body_bytes);
  // The tunnel was refused: the proxy's own status line is the reason.
  if (proxy_tunnel_ && connect_code >= 300) {
    return {FailureKind::kProxy,
            fmt::format("proxy {} refused the connection to {}: {}", proxy, peer, last_status_line_)};
  }
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return {FailureKind::kResolve, fmt::format("no address found for host {}", quote(attempt_->host))};
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {FailureKind::kProxy, fmt::format("no address found for proxy {}", quote(host_of(proxy)))};
    case CURLE_COULDNT_CONNECT: {
      const std::string why = reason.empty() ? "cannot connect" : reason;
      if (!proxy.empty()) return {FailureKind::kProxy, fmt::format("proxy: {} by {}", why, proxy)};
      if (os_error == ECONNREFUSED || os_error == ECONNRESET) {
        return {FailureKind::kConnect, fmt::format("{} by {}", why, peer)};
      }
      return {FailureKind::kConnect, fmt::format("cannot connect to {}: {}", peer, why)};
    }
    case CURLE_PROXY: {
      long detail = 0;
      curl_easy_getinfo(easy_, CURLINFO_PROXY_ERROR, &detail);
      return {FailureKind::kProxy,
              fmt::format("proxy {} did not connect to {}: {}", proxy, peer, library_text)};
    }
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS: {
      // Before the tunnel stands, the handshake is the proxy's.
      const bool with_proxy = attempt_->proxy && attempt_->proxy->scheme == "https" && connect_code == 0;
      Failure failure{
          with_proxy ? FailureKind::kProxy : FailureKind::kTls,
          fmt::format("TLS handshake with {} failed: {}", with_proxy ? proxy : peer, library_text)};
      if (library_text.find("wrong version number") != std::string_view::npos) {
        if (!with_proxy) return not_tls(peer);
        failure.message = not_tls(proxy).message;
      }
      explain_tls(failure);
      return failure;
    }
    case CURLE_GOT_NOTHING:
      return no_answer(peer);
    case CURLE_PARTIAL_FILE:
      return cut_answer(peer, body_bytes_);
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR: {
      if (proxy_tunnel_ && connect_code == 0) {
        return {FailureKind::kProxy,
                fmt::format("proxy {} closed the connection before the tunnel to {} stood", proxy, peer)};
      }
      Failure failure = connection_lost(peer, reason.empty() ? library_text : reason);
      explain_tls(failure);
      return failure;
    }
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return not_http(peer, library_text);
    case CURLE_WRITE_ERROR:
      return endless_head(peer);
    case CURLE_URL_MALFORMAT:
      return {FailureKind::kOther, fmt::format("the URL for {} is malformed", peer)};
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return {FailureKind::kProtocol, fmt::format("HTTP/2 connection to {} failed: {}", peer, library_text)};
    case CURLE_OUT_OF_MEMORY:
      return {FailureKind::kOther, "out of memory"};
    default:
      break;
  }
  return {FailureKind::kOther, fmt::format("request to {} failed: {}", peer, library_text)};
}

std::optional<DialFailure> CurlSlot::dial_failure(CURLcode code) const {
  long os_error = 0;
  curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &os_error);
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return DialFailure::kResolution;
    case CURLE_COULDNT_CONNECT:
      return os_error == ECONNREFUSED ? DialFailure::kRefused
             : os_error == ETIMEDOUT  ? DialFailure::kTimeout
                                      : DialFailure::kUnknown;
    case CURLE_OPERATION_TIMEDOUT:
      return DialFailure::kTimeout;
    default:
      return std::nullopt;
  }
}

std::expected<Response, Failure> CurlSlot::take_result(CURLcode code) {
  if (code != CURLE_OK) return std::unexpected(failure_of(code));
  response_.url = attempt_->url;
  return std::move(response_);
}

}  // namespace invar::http
