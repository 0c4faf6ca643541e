// KeptAnswer: hands over what the server's side answers to a request. For tests.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "http/server.h"

namespace invar::cluster::testing {

class KeptAnswer final : public http::Responder {
 public:
  explicit KeptAnswer(std::function<void(http::ServerResponse)> sent) : sent_(std::move(sent)) {}
  void send(http::ServerResponse response) override { sent_(std::move(response)); }
  void start(http::ServerResponse) override {}
  void write(std::string) override {}
  void finish() override {}
  [[nodiscard]] std::size_t backlog_bytes() const override { return 0; }
  [[nodiscard]] bool alive() const override { return true; }
  void on_change(Changed) override {}

 private:
  std::function<void(http::ServerResponse)> sent_;
};

}  // namespace invar::cluster::testing
