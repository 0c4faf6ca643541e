#include "runtime/scheduler.h"

#include <algorithm>
#include <utility>

namespace invar::runtime {
namespace {

constexpr Duration kWarnEvery = std::chrono::seconds(60);

}  // namespace

// A group on its way down. `next` is the task that is being stopped.
struct Scheduler::Chain {
  explicit Chain(async::Loop& loop) : warning(loop), deadline(loop) {}
  std::vector<RunnablePtr> order;
  std::size_t next = 0;
  std::optional<async::TimePoint> give_up_at;
  async::Timer warning, deadline;
};

Scheduler::Scheduler(async::Loop& loop, log::Logger logger, Duration deadline, std::function<void()> settled)
    : loop_(&loop), logger_(std::move(logger)), deadline_(deadline), settled_(std::move(settled)) {}

Scheduler::~Scheduler() = default;

std::vector<std::vector<RunnablePtr>> Scheduler::running_reversed(
    const std::unordered_set<const Runnable*>& keep) const {
  std::vector<std::vector<RunnablePtr>> out;
  for (const auto& group : groups_) {
    std::vector<RunnablePtr> order;
    for (const RunnablePtr& task : group)
      if (running_.contains(task.get()) && !keep.contains(task.get())) order.push_back(task);
    std::ranges::reverse(order);
    if (!order.empty()) out.push_back(std::move(order));
  }
  return out;
}

void Scheduler::synchronize(std::vector<std::vector<RunnablePtr>> groups) {
  if (stopping_all_) return;
  std::unordered_set<const Runnable*> keep;
  for (const auto& group : groups)
    for (const RunnablePtr& task : group) keep.insert(task.get());
  auto leaving = running_reversed(keep);
  groups_ = std::move(groups);
  begin_chains(std::move(leaving));
  start_ready();
}

void Scheduler::start_ready() {
  if (stopping_all_ || !chains_.empty()) return;
  for (const auto& group : groups_)
    for (const RunnablePtr& task : group) {
      if (running_.contains(task.get()) || !task->can_start()) continue;
      running_.insert(task.get());
      task->start_task();
    }
}

void Scheduler::stop_all(async::Task done) {
  all_stopped_ = std::move(done);
  stopping_all_ = true;
  auto order = running_reversed({});
  groups_.clear();
  begin_chains(std::move(order));
  if (chains_.empty()) loop_->post(std::exchange(all_stopped_, {}));
}

bool Scheduler::is_stopping(const std::string& task_id) const {
  return std::ranges::any_of(chains_, [&](const auto& entry) {
    const Chain& chain = *entry.second;
    return std::any_of(chain.order.begin() + static_cast<std::ptrdiff_t>(chain.next), chain.order.end(),
                       [&](const RunnablePtr& task) { return task->task_id() == task_id; });
  });
}

void Scheduler::begin_chains(std::vector<std::vector<RunnablePtr>> groups) {
  std::vector<std::uint64_t> begun;
  for (auto& group : groups) {
    auto chain = std::make_unique<Chain>(*loop_);
    chain->order = std::move(group);
    if (deadline_ > Duration::zero())
      chain->give_up_at = loop_->now() + std::chrono::duration_cast<async::TimePoint::duration>(deadline_);
    begun.push_back(next_chain_);
    chains_.emplace(next_chain_++, std::move(chain));
  }
  for (const std::uint64_t id : begun) stop_next(id);
}

void Scheduler::stop_next(std::uint64_t chain_id) {
  Chain& chain = *chains_.at(chain_id);
  if (chain.next == chain.order.size()) {
    finish_chain(chain_id);
    return;
  }
  warn_later(chain);
  if (chain.give_up_at) chain.deadline.arm_at(*chain.give_up_at, [this, chain_id] { on_deadline(chain_id); });
  // Through the loop: `done` may run inside stop_task(), and the task may be destroyed by what follows.
  const std::size_t index = chain.next;
  chain.order[index]->stop_task([token = alive_.token(), loop = loop_, this, chain_id, index] {
    loop->post([token, this, chain_id, index] {
      if (!token.expired()) on_stopped(chain_id, index);
    });
  });
}

void Scheduler::on_stopped(std::uint64_t chain_id, std::size_t index) {
  const auto found = chains_.find(chain_id);
  if (found == chains_.end() || found->second->next != index) return;  // given up before
  Chain& chain = *found->second;
  RunnablePtr task = std::move(chain.order[index]);
  task->task_ended(std::nullopt);
  running_.erase(task.get());
  logger_.info("node exited without error", {{"node", task->task_id()}});
  task.reset();  // and with it what it holds, before anything takes its place
  ++chain.next;
  stop_next(chain_id);
}

void Scheduler::on_deadline(std::uint64_t chain_id) {
  Chain& chain = *chains_.at(chain_id);
  const RunnablePtr task = std::move(chain.order[chain.next]);
  const Error error{ErrorCode::kTimeout, "task shutdown deadline exceeded"};
  task->task_ended(error);
  running_.erase(task.get());
  given_up_.push_back(task);
  logger_.error("node exited with error", {{"node", task->task_id()}, {"err", error}});
  ++chain.next;
  stop_next(chain_id);
}

void Scheduler::warn_later(Chain& chain) {
  chain.warning.arm_after(kWarnEvery, [this, &chain] {
    logger_.warn("task shutdown is taking longer than expected",
                 {{"node", chain.order[chain.next]->task_id()}});
    warn_later(chain);
  });
}

void Scheduler::finish_chain(std::uint64_t chain_id) {
  chains_.erase(chain_id);
  if (!chains_.empty()) return;
  if (stopping_all_) {
    if (all_stopped_) loop_->post(std::exchange(all_stopped_, {}));
    return;
  }
  settled_();
  start_ready();
}

}  // namespace invar::runtime
