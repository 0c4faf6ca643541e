// Intake: the receiver that a component exports. It stays while settings change, and outlives its owner: once closed it
// refuses, and nobody calls into what is gone.
// Shape:   Owner has accept(ProfilePtr) -> Answer and accept_kept(ProfilePtr, Kept).
// Threads: loop thread only.
#pragma once

#include <string>
#include <utility>

#include "pipeline/profile.h"

namespace invar::pipeline {

template <class Owner>
class Intake final : public Receiver {
 public:
  Intake(Owner* owner, std::string id) : owner_(owner), id_(std::move(id)) {}
  Answer accept(const ProfilePtr& profile) override { return owner_ ? owner_->accept(profile) : closed(); }
  void accept_kept(const ProfilePtr& profile, Kept kept) override {
    if (!owner_) return kept(closed());
    owner_->accept_kept(profile, std::move(kept));
  }
  [[nodiscard]] std::string_view component_id() const override { return id_; }
  void close() { owner_ = nullptr; }

 private:
  static Answer closed() { return {Outcome::kRefused, "component stopped"}; }

  Owner* owner_;
  std::string id_;
};

}  // namespace invar::pipeline
