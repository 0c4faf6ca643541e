// StreamReader: a Responder that keeps what is streamed to it, and can fall behind or hang up. For tests.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "http/server.h"

namespace invar::http::testing {

class StreamReader final : public Responder {
 public:
  void send(ServerResponse response) override { answer = std::move(response); }
  void start(ServerResponse head) override { answer = std::move(head); }
  void write(std::string chunk) override {
    if (takes) {
      got += chunk;
    } else {
      backlog += chunk;
    }
  }
  void finish() override { finished = true; }
  [[nodiscard]] std::size_t backlog_bytes() const override { return backlog.size(); }
  [[nodiscard]] bool alive() const override { return !finished; }
  void on_change(Changed changed) override { changed_ = std::move(changed); }

  void drain() {
    takes = true;
    got += std::exchange(backlog, {});
    changed_(Change::kDrained);
  }
  void hang_up() { changed_(Change::kGone); }

  std::optional<ServerResponse> answer;
  std::string got, backlog;
  bool takes = true, finished = false;

 private:
  Changed changed_;
};

}  // namespace invar::http::testing
