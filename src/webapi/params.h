// Params: the query of a request, read parameter by parameter; the first mistake is kept and names its parameter.
//
//   Params params(request, now); const auto limit = params.limit(); if (params.error()) return *params.error();
//
// Threads: any; pure.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "http/server.h"
#include "labels/selector.h"
#include "webapi/reply.h"

namespace invar::webapi {

// `now`, `-5m`, milliseconds since 1970, RFC 3339; nothing for anything else.
std::optional<UnixNanos> time_named(std::string_view text, UnixNanos now);

class Params {
 public:
  static constexpr std::int64_t kMostRows = 200;

  Params(const http::ServerRequest& request, UnixNanos now) : request_(request), now_(now) {}

  [[nodiscard]] const std::optional<ApiError>& error() const { return error_; }

  std::optional<std::string> text(std::string_view name);  // valid UTF-8
  std::string text_or(std::string_view name, std::string_view otherwise) {
    return text(name).value_or(std::string(otherwise));
  }
  std::int64_t whole(std::string_view name, std::int64_t otherwise, std::int64_t least, std::int64_t most);
  std::size_t limit() { return static_cast<std::size_t>(whole("limit", 100, 1, kMostRows)); }
  std::size_t offset() { return static_cast<std::size_t>(whole("offset", 0, 0, 10'000'000)); }
  // A place in `choices`, of which the first stands for a parameter that is not given.
  std::size_t choice(std::string_view name, std::initializer_list<std::string_view> choices);
  // Of a list separated by commas; empty: not given.
  std::vector<std::size_t> choices(std::string_view name, std::span<const std::string_view> known);
  std::optional<UnixNanos> time(std::string_view name);
  std::optional<Selector> selector(std::string_view name);  // nothing: everything
  void fail(std::string_view name, std::string text, std::string hint = "");

 private:
  const http::ServerRequest& request_;
  const UnixNanos now_;
  std::optional<ApiError> error_;
};

}  // namespace invar::webapi
