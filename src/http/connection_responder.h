// ConnectionResponder: the Responder of one request on a connection of our server. It may outlive the connection; what it says then is
// heard by nobody.
// Threads: loop thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "http/server.h"

namespace invar::http {

// What a Responder may do with its connection. `turn` tells the request apart from later ones on the same connection.
class AnswerSink {
 public:
  virtual ~AnswerSink() = default;
  virtual void answer(std::uint64_t turn, ServerResponse response) = 0;
  virtual void begin_stream(std::uint64_t turn, const ServerResponse& head) = 0;
  virtual void stream(std::uint64_t turn, std::string chunk) = 0;
  virtual void end_stream(std::uint64_t turn) = 0;
  virtual void abandon(std::uint64_t turn, bool streaming) = 0;
  [[nodiscard]] virtual std::size_t backlog(std::uint64_t turn) const = 0;
  [[nodiscard]] virtual bool open(std::uint64_t turn) const = 0;
  virtual void watch(std::uint64_t turn, Responder::Changed changed) = 0;
};

class ConnectionResponder final : public Responder {
 public:
  ConnectionResponder(std::weak_ptr<AnswerSink> sink, std::uint64_t turn)
      : sink_(std::move(sink)), turn_(turn) {}
  ~ConnectionResponder() override;  // a handler that forgets to answer does not leave its client waiting
  void send(ServerResponse response) override;
  void start(ServerResponse head) override;
  void write(std::string chunk) override;
  void finish() override;
  [[nodiscard]] std::size_t backlog_bytes() const override;
  [[nodiscard]] bool alive() const override;
  void on_change(Changed changed) override;

 private:
  enum class State { kNew, kStreaming, kDone };
  std::weak_ptr<AnswerSink> sink_;
  std::uint64_t turn_;
  State state_ = State::kNew;
};

}  // namespace invar::http
