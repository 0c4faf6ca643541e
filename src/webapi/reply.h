// Answers of the API: JSON objects with the time, errors with their shape, ETags, compression off the loop.
// Threads: loop thread only; `make` of Replies::make() runs on the pool. Lifetime: loop and pool outlive it. Source: web-api.md 1.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>

#include "async/loop.h"
#include "async/worker_pool.h"
#include "http/server.h"

namespace invar::webapi {

struct ApiError {
  int status = 400;
  std::string code, text;
  std::string hint = {}, field = {};
};
ApiError bad_request(std::string field, std::string text, std::string hint = "");
ApiError not_found(std::string text);
http::ServerResponse error_response(const ApiError& error);

// The text of a JSON object without the time, which is added; or what is wrong.
using Made = std::expected<std::string, ApiError>;

inline std::int64_t to_ms(UnixNanos unix_ns) {
  return unix_ns / 1'000'000;
}
inline double to_seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

class Replies {
 public:
  Replies(async::Loop& loop, async::WorkerPool& pool) : loop_(loop), pool_(pool) {}

  // A large answer is compressed on the pool.
  void send(const http::ServerRequest& request, const http::ResponderPtr& responder, Made made,
            int status = 200) const;
  // Makes the answer on the pool.
  void make(const http::ServerRequest& request, const http::ResponderPtr& responder,
            std::function<Made()> make) const;

 private:
  async::Loop& loop_;
  async::WorkerPool& pool_;
};

}  // namespace invar::webapi
