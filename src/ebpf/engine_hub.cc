#include "ebpf/engine_hub.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace invar::ebpf {
namespace {

bool same_but_rate(EngineSettings a, const EngineSettings& b) {
  a.programs.sample_rate = b.programs.sample_rate;
  return a == b;
}

}  // namespace

// One engine and those who share it; every call takes the lock.
class SharedEngine {
 public:
  struct Member {
    int rate = 0;
    bool leaving = false;  // guarded by leaving_mutex_
    OwnerOf owner_of;
    std::vector<Stack> waiting;
    std::uint64_t waiting_bytes = 0;
    std::uint64_t lost = 0;  // samples of stacks that found no room among these
  };
  using MemberPtr = std::shared_ptr<Member>;

  static Result<std::shared_ptr<SharedEngine>> start(const EngineHub::Start& start,
                                                     const EngineSettings& settings, const MemberPtr& first) {
    auto shared = std::make_shared<SharedEngine>();
    shared->members_.push_back(first);
    shared->settings_ = settings;
    INVAR_ASSIGN_OR_RETURN(shared->engine_, start(settings, shared->owners()));
    return shared;
  }

  // nullopt: it asks for something else.
  std::optional<Result<>> join(const EngineSettings& settings, const MemberPtr& member) {
    const std::lock_guard lock(mutex_);
    if (members_.empty() || !same_but_rate(settings, settings_)) return std::nullopt;
    if (!stay()) return std::nullopt;
    members_.push_back(member);
    engine_->reassign(owners());
    return follow_rates();
  }
  // false: it is about to end.
  bool stay() {
    const std::lock_guard lock(leaving_mutex_);
    if (staying_ == 0) return false;
    ++staying_;
    return true;
  }
  bool given_up() {
    const std::lock_guard lock(leaving_mutex_);
    return staying_ == 0;
  }
  // Without a wait for the call under way, which ends soon when this was the last that cared for it.
  void give_up(Member& member) {
    const std::lock_guard lock(leaving_mutex_);
    if (!std::exchange(member.leaving, true) && --staying_ == 0) engine_->give_up();
  }
  void leave(const MemberPtr& member) {
    give_up(*member);
    const std::lock_guard lock(mutex_);
    std::erase(members_, member);
    if (members_.empty()) {
      engine_.reset();
      return;
    }
    if (given_up()) return;
    engine_->reassign(owners());
    (void)follow_rates();
  }

  [[nodiscard]] int wake_fd() const { return engine_->wake_fd(); }
  bool poll() {
    const std::lock_guard lock(mutex_);
    return engine_->poll();
  }
  std::vector<Stack> collect(Member& member) {
    const std::lock_guard lock(mutex_);
    for (Stack& stack : engine_->collect()) hand_out(std::move(stack));
    member.waiting_bytes = 0;
    return std::exchange(member.waiting, {});
  }
  void reassign(Member& member, OwnerOf owner_of) {
    const std::lock_guard lock(mutex_);
    member.owner_of = std::move(owner_of);
    engine_->reassign(owners());
  }
  [[nodiscard]] bool can_take(const EngineSettings& settings) {
    const std::lock_guard lock(mutex_);
    return same_but_rate(settings, settings_) || (members_.size() == 1 && engine_->can_take(settings));
  }
  Result<> take(Member& member, const EngineSettings& settings) {
    const std::lock_guard lock(mutex_);
    member.rate = settings.programs.sample_rate;
    if (same_but_rate(settings, settings_)) return follow_rates();
    settings_ = settings;
    return engine_->take(settings);
  }
  [[nodiscard]] EngineStatus status(const Member& member) {
    const std::lock_guard lock(mutex_);
    EngineStatus status = engine_->status();
    status.refused_records += member.lost;
    return status;
  }

 private:
  struct Owners final : Owner {
    std::vector<std::pair<MemberPtr, OwnerPtr>> of;
  };

  OwnerOf owners() const {
    std::vector<std::pair<MemberPtr, OwnerOf>> asked;
    for (const MemberPtr& member : members_) asked.emplace_back(member, member->owner_of);
    return [asked = std::move(asked)](int pid) -> OwnerPtr {
      auto owners = std::make_shared<Owners>();
      for (const auto& [member, owner_of] : asked)
        if (OwnerPtr owner = owner_of(pid)) owners->of.emplace_back(member, std::move(owner));
      return owners->of.empty() ? nullptr : std::move(owners);
    };
  }
  void hand_out(Stack stack) const {
    const auto owners = std::static_pointer_cast<const Owners>(stack.owner);
    for (const auto& [member, owner] : owners->of) {
      if (member->waiting_bytes >= settings_.most_stack_bytes) {
        member->lost += stack.samples;
        continue;
      }
      const bool last = &owner == &owners->of.back().second;
      member->waiting.push_back(last ? std::move(stack) : stack);
      member->waiting.back().owner = owner;
      member->waiting_bytes += member->waiting.back().bytes();
    }
  }
  Result<> follow_rates() {
    const int highest = (*std::ranges::max_element(members_, {}, &Member::rate))->rate;
    if (highest == settings_.programs.sample_rate) return {};
    settings_.programs.sample_rate = highest;
    return engine_->take(settings_);
  }

  std::mutex mutex_;
  EngineSettings settings_;
  std::vector<MemberPtr> members_;
  std::unique_ptr<Source> engine_;
  std::mutex leaving_mutex_;  // is taken last
  std::size_t staying_ = 1;   // members that are not about to leave
};

namespace {

class Share final : public Source {
 public:
  Share(std::shared_ptr<SharedEngine> engine, SharedEngine::MemberPtr member)
      : engine_(std::move(engine)), member_(std::move(member)) {}
  ~Share() override { engine_->leave(member_); }

  [[nodiscard]] int wake_fd() const override { return engine_->wake_fd(); }
  bool poll() override { return engine_->poll(); }
  std::vector<Stack> collect() override { return engine_->collect(*member_); }
  void reassign(OwnerOf owner_of) override { engine_->reassign(*member_, std::move(owner_of)); }
  [[nodiscard]] bool can_take(const EngineSettings& settings) const override {
    return engine_->can_take(settings);
  }
  Result<> take(const EngineSettings& settings) override { return engine_->take(*member_, settings); }
  [[nodiscard]] EngineStatus status() const override { return engine_->status(*member_); }
  void give_up() override { engine_->give_up(*member_); }

 private:
  const std::shared_ptr<SharedEngine> engine_;
  const SharedEngine::MemberPtr member_;
};

}  // namespace

Result<std::unique_ptr<Source>> EngineHub::join(const EngineSettings& settings, OwnerOf owner_of) {
  const std::lock_guard lock(mutex_);
  auto member = std::make_shared<SharedEngine::Member>();
  member->rate = settings.programs.sample_rate;
  member->owner_of = std::move(owner_of);
  std::erase_if(engines_, [](const auto& engine) { return engine.expired(); });
  for (const auto& known : engines_) {
    auto shared = known.lock();
    const auto joined = shared ? shared->join(settings, member) : std::nullopt;
    if (!joined) continue;
    auto share = std::make_unique<Share>(std::move(shared), std::move(member));
    INVAR_TRY(*joined);
    return share;
  }
  INVAR_ASSIGN_OR_RETURN(auto shared, SharedEngine::start(start_, settings, member));
  engines_.push_back(shared);
  return std::make_unique<Share>(std::move(shared), std::move(member));
}

}  // namespace invar::ebpf
