// CurlStream: what has come of a streamed answer, from libcurl's callbacks, in which nothing of ours may be ended, to the
// driver's own task, which hands it over.
// Memory:   at most 256 KiB wait here; above that and while paused libcurl is told to leave the rest with the peer.
// Threads:  loop thread. Lifetime: the AnswerStream may destroy this from inside hand_over().
#pragma once

#include <string>
#include <string_view>

#include "http/engine.h"

namespace invar::http {

class CurlStream {
 public:
  CurlStream(AnswerStream& receiver, bool paused) : receiver_(&receiver), paused_(paused) {}

  // In libcurl's callbacks.
  void take_head(const Response& head);
  bool take(std::string_view part);  // false: not now, offer it again after goes_on()

  // In the driver's task. False: the receiver destroyed this.
  bool hand_over();
  bool goes_on();  // true once after take() said no and there is room again: libcurl has to be woken

  void pause() { paused_ = true; }
  void resume() { paused_ = false; }
  [[nodiscard]] bool paused() const { return paused_; }

 private:
  AnswerStream* receiver_;
  bool paused_;
  bool held_back_ = false;
  bool news_ = false;  // the head came
  Response head_;
  std::string waiting_;
  async::Alive alive_;
};

}  // namespace invar::http
