#include "http/failures.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "base/strings.h"

namespace invar::http {
std::string reason_of_errno(int value) {
  switch (value) {
    case 0:
      return "";
    case ECONNREFUSED:
      return "connection refused";
    case ECONNRESET:
      return "connection reset";
    case EHOSTUNREACH:
      return "no route to host";
    case ENETUNREACH:
      return "network unreachable";
    case ETIMEDOUT:
      return "connection timed out";
    case EPIPE:
      return "connection closed";
    default:
      return std::strerror(value);
  }
}

Failure body_too_large(std::string_view peer, std::uint64_t limit) {
  return {FailureKind::kBodyTooLarge,
          fmt::format("the answer of {} is larger than the limit of {}", peer, human_bytes(limit)),
          Answered::kUnreadable};
}

Failure no_answer(std::string_view peer) {
  return {FailureKind::kProtocol, fmt::format("{} closed the connection without an answer", peer)};
}

Failure cut_answer(std::string_view peer, std::uint64_t body_bytes) {
  return {FailureKind::kProtocol,
          fmt::format("{} closed the connection in the middle of its answer, after {} of the body", peer,
                      human_bytes(body_bytes)),
          Answered::kUnreadable};
}

Failure connection_lost(std::string_view peer, std::string_view reason) {
  return {FailureKind::kProtocol, fmt::format("connection to {} lost: {}", peer, reason)};
}

Failure endless_head(std::string_view peer) {
  return {FailureKind::kProtocol, fmt::format("the header of the answer of {} has no end", peer),
          Answered::kUnreadable};
}

Failure not_http(std::string_view peer, std::string_view why) {
  return {FailureKind::kProtocol, fmt::format("{} does not speak HTTP: {}", peer, why), Answered::kForeign};
}

Failure not_tls(std::string_view peer) {
  return {FailureKind::kTls, fmt::format("{} does not speak TLS (plain HTTP on this port?)", peer),
          Answered::kForeign};
}

}  // namespace invar::http
