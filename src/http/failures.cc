#include "http/failures.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "base/strings.h"

namespace invar::http {
namespace {

constexpr std::string_view kCut = " closed the connection in the middle of its answer, after ",
                           kEndless = "the header of the answer of ", kNotHttp = " does not speak HTTP: ",
                           kNotTls = " does not speak TLS (plain HTTP on this port?)";

}  // namespace

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
          fmt::format("the answer of {} is larger than the limit of {}", peer, human_bytes(limit))};
}

Failure no_answer(std::string_view peer) {
  return {FailureKind::kProtocol, fmt::format("{} closed the connection without an answer", peer)};
}

Failure cut_answer(std::string_view peer, std::uint64_t body_bytes) {
  return {FailureKind::kProtocol, fmt::format("{}{}{} of the body", peer, kCut, human_bytes(body_bytes))};
}

Failure connection_lost(std::string_view peer, std::string_view reason) {
  return {FailureKind::kProtocol, fmt::format("connection to {} lost: {}", peer, reason)};
}

Failure endless_head(std::string_view peer) {
  return {FailureKind::kProtocol, fmt::format("{}{} has no end", kEndless, peer)};
}

Failure not_http(std::string_view peer, std::string_view why) {
  return {FailureKind::kProtocol, fmt::format("{}{}{}", peer, kNotHttp, why)};
}

Failure not_tls(std::string_view peer) {
  return {FailureKind::kTls, fmt::format("{}{}", peer, kNotTls)};
}

Answered answered(const Failure& failure) {
  const std::string_view message = failure.message;
  if (failure.kind == FailureKind::kBodyTooLarge) return Answered::kUnreadable;
  if (failure.kind == FailureKind::kTls && message.ends_with(kNotTls)) return Answered::kForeign;
  if (failure.kind != FailureKind::kProtocol) return Answered::kNothing;
  if (message.contains(kNotHttp)) return Answered::kForeign;
  return message.contains(kCut) || message.starts_with(kEndless) ? Answered::kUnreadable : Answered::kNothing;
}

}  // namespace invar::http
