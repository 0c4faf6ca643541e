#include "http/connection_responder.h"

#include <utility>

namespace invar::http {

ConnectionResponder::~ConnectionResponder() {
  if (state_ == State::kDone) return;
  if (const auto sink = sink_.lock()) sink->abandon(turn_, state_ == State::kStreaming);
}

void ConnectionResponder::send(ServerResponse response) {
  if (state_ != State::kNew) return;
  state_ = State::kDone;
  if (const auto sink = sink_.lock()) sink->answer(turn_, std::move(response));
}

void ConnectionResponder::start(ServerResponse head) {
  if (state_ != State::kNew) return;
  state_ = State::kStreaming;
  if (const auto sink = sink_.lock()) sink->begin_stream(turn_, head);
}

void ConnectionResponder::write(std::string chunk) {
  if (state_ != State::kStreaming || chunk.empty()) return;
  if (const auto sink = sink_.lock()) sink->stream(turn_, std::move(chunk));
}

void ConnectionResponder::finish() {
  if (state_ != State::kStreaming) return;
  state_ = State::kDone;
  if (const auto sink = sink_.lock()) sink->end_stream(turn_);
}

std::size_t ConnectionResponder::backlog_bytes() const {
  const auto sink = sink_.lock();
  return sink ? sink->backlog(turn_) : 0;
}

bool ConnectionResponder::alive() const {
  const auto sink = sink_.lock();
  return sink && state_ != State::kDone && sink->open(turn_);
}

void ConnectionResponder::on_change(Changed changed) {
  if (const auto sink = sink_.lock(); sink && state_ != State::kDone) sink->watch(turn_, std::move(changed));
}

}  // namespace invar::http
