// RecordingReceiver: keeps what it is offered and answers as told; with `hold`, accept_kept() leaves the answers to the test.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/profile.h"

namespace invar::pipeline::testing {

class RecordingReceiver final : public Receiver {
 public:
  Answer accept(const ProfilePtr& profile) override {
    taken.push_back(profile);
    return answer;
  }
  void accept_kept(const ProfilePtr& profile, Kept kept) override {
    taken.push_back(profile);
    if (hold) {
      held.push_back(std::move(kept));
    } else {
      kept(answer);
    }
  }
  [[nodiscard]] std::string_view component_id() const override { return "test.receiver"; }

  Answer answer;
  bool hold = false;
  std::vector<ProfilePtr> taken;
  std::vector<Kept> held;
};

}  // namespace invar::pipeline::testing
