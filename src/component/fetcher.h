// Fetcher: one request at a time to an API, whose answer has to be 200.
// Errors:  `GET http://host/path: <why>`, without the query; of another status with what the answer says, as text or in the fields
//          "message", "error_description" and "error" of JSON; kNotFound of 404.
// Threads: loop thread only. Lifetime: the destructor, cancel() and another get() drop what is under way; its `done` is never called.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "http/client.h"

namespace invar::component {

class Fetcher {
 public:
  using Done = std::move_only_function<void(Result<http::Response>)>;

  explicit Fetcher(std::unique_ptr<http::Client> client) : client_(std::move(client)) {}

  // Its headers are completed by `User-Agent` and, where there is none, `Accept: application/json`.
  void send(http::Request request, Done done);
  void cancel() { call_.reset(); }

 private:
  std::unique_ptr<http::Client> client_;
  std::unique_ptr<http::Call> call_;  // before the client that made it is gone
};

// What an answer of another status says, for people: "403 Forbidden: no such token".
std::string refusal_text(const http::Response& response);

}  // namespace invar::component
