// Intake: the receiver that a component exports. It stays while settings change, and outlives its owner: once closed it
// refuses, and nobody calls into what is gone.
// The component's tap counts what is offered; the component itself shows what became of it.
// Shape:   Owner has accept(ProfilePtr) -> Answer and accept_kept(ProfilePtr, Kept).
// Threads: loop thread only.
#pragma once

#include <string>
#include <utility>

#include "pipeline/profile.h"
#include "pipeline/tap.h"

namespace invar::pipeline {

template <class Owner>
class Intake final : public Receiver {
 public:
  Intake(Owner* owner, std::string id, Tap tap) : owner_(owner), id_(std::move(id)), tap_(std::move(tap)) {}
  Answer accept(const ProfilePtr& profile) override {
    if (!owner_) return closed();
    tap_.took();
    return owner_->accept(profile);
  }
  void accept_kept(const ProfilePtr& profile, Kept kept) override {
    if (!owner_) return kept(closed());
    tap_.took();
    owner_->accept_kept(profile, std::move(kept));
  }
  [[nodiscard]] std::string_view component_id() const override { return id_; }
  void close() { owner_ = nullptr; }

 private:
  static Answer closed() { return {Outcome::kRefused, "component stopped"}; }

  Owner* owner_;
  std::string id_;
  const Tap tap_;
};

}  // namespace invar::pipeline
