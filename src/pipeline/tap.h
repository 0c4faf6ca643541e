// Tap: shows what passes through a component to whoever looks (the live page, livedebugging), and counts it.
//
//   tap.took();                                   a receiver got one         tap.made(profile);   a source made one
//   tap.passed(profile, receivers, answer);       what became of it, once that is known
//   tap.show("targets", [&] { return text; });    anything else; the text is made only while somebody looks
//
// Cost:     while nobody looks a counter is raised and nothing is made. Threads: loop thread only.
// Lifetime: a value; copies are the same tap. A Watch may outlive every tap; its callback may destroy it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/profile.h"

namespace invar::pipeline {

// One thing that passed. Lives as long as the call.
struct Shown {
  std::string_view kind;             // "profile", "targets", ...
  std::string_view text;             // one line; "" for a profile, which speaks for itself
  const Profile* profile = nullptr;  // of the kind "profile"
  std::string_view
      destination;  // of a profile: components, the URL of an endpoint, a folder; "" when it went nowhere
  std::string_view outcome;  // of a profile, in words: "accepted", "sent", "refused: queue full"
};

class Tap {
 public:
  using Listener = std::function<void(const Shown&)>;
  // Listens until it is destroyed.
  class Watch {
   public:
    Watch(Watch&&) noexcept = default;
    Watch& operator=(Watch&&) noexcept = default;
    ~Watch() = default;

   private:
    friend class Tap;
    explicit Watch(std::shared_ptr<Listener> listener) : listener_(std::move(listener)) {}
    std::shared_ptr<Listener> listener_;
  };
  // Hears of every profile that a source made, watched or not.
  using Keep = std::function<void(const ProfilePtr&)>;

  explicit Tap(Keep keep = nullptr) : state_(std::make_shared<State>()) { state_->keep = std::move(keep); }

  [[nodiscard]] Watch watch(Listener listener) const;
  [[nodiscard]] bool watched() const { return !state_->listeners.empty(); }
  [[nodiscard]] std::uint64_t profiles() const { return state_->profiles; }  // that passed since it was made

  void took() const { ++state_->profiles; }
  void made(const ProfilePtr& profile) const {
    if (state_->keep) state_->keep(profile);
    took();
  }
  void passed(const ProfilePtr& profile, std::string_view destination, std::string_view outcome) const {
    if (watched()) tell({"profile", {}, profile.get(), destination, outcome});
  }
  void passed(const ProfilePtr& profile, const std::vector<ReceiverPtr>& receivers,
              const Answer& answer) const {
    if (watched()) passed(profile, ids_of(receivers), in_words(answer));
  }
  template <class Make>
  void show(std::string_view kind, Make make) const {
    if (!watched()) return;
    const std::string text = make();
    tell({.kind = kind, .text = text, .destination = {}, .outcome = {}});
  }

 private:
  struct State {
    std::uint64_t profiles = 0;
    Keep keep;
    std::vector<std::weak_ptr<Listener>> listeners;
  };
  void tell(const Shown& shown) const;
  static std::string ids_of(const std::vector<ReceiverPtr>& receivers);
  static std::string in_words(const Answer& answer);

  std::shared_ptr<State> state_;
};

}  // namespace invar::pipeline
