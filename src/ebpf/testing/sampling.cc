#include "ebpf/testing/sampling.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>

#include "base/proc_file.h"
#include "base/strings.h"

namespace invar::ebpf::testing {
namespace {

struct Wanted : Owner {};

}  // namespace

std::string cannot_profile() {
  static const std::string reason = [] {
    const auto engine = Engine::start({}, [](int) { return nullptr; });
    return engine ? std::string() : engine.error().message;
  }();
  return reason;
}

Sampling::Sampling(Named named) {
  start({.programs = {.sample_rate = 997}},
        [comms = std::move(named.comms), owner = std::make_shared<Wanted>()](int pid) -> OwnerPtr {
          const std::string comm(trim_space(read_proc_file(fmt::format("/proc/{}/comm", pid))));
          return std::ranges::find(comms, comm) != comms.end() ? owner : nullptr;
        });
}

Sampling::Sampling(std::vector<pid_t> pids, EngineSettings settings) {
  start(std::move(settings),
        [pids = std::move(pids), owner = std::make_shared<Wanted>()](int pid) -> OwnerPtr {
          return std::ranges::find(pids, pid) != pids.end() ? owner : nullptr;
        });
}

void Sampling::start(EngineSettings settings, OwnerOf owner_of) {
  auto engine = Engine::start(std::move(settings), std::move(owner_of));
  EXPECT_TRUE(engine) << engine.error().message;
  if (engine) engine_ = std::move(*engine);
}

double Sampling::run(const RealProgram& program, double cpu_seconds) {
  constexpr double kMostMore = 2;
  const double begin = program.cpu_seconds();
  double now = begin, unread = 0;
  while (now < begin + cpu_seconds + std::min(2 * unread, kMostMore) && !program.has_ended()) {
    wait();
    const double before = program.cpu_seconds();
    engine_->poll();
    now = program.cpu_seconds();
    unread += now - before;
  }
  collect();
  return now - begin;
}

void Sampling::run_until_end(const RealProgram& program) {
  while (!program.has_ended()) {
    wait();
    engine_->poll();
  }
  collect();
}

void Sampling::wait() {
  pollfd wake{.fd = engine_->wake_fd(), .events = POLLIN, .revents = 0};
  (void)::poll(&wake, 1, 20);
}

void Sampling::collect() {
  for (Stack& stack : engine_->collect()) stacks_.push_back(std::move(stack));
}

std::string text_of(const Stack& stack) {
  std::string text;
  for (const Frame& frame : stack.frames) {
    if (frame.place->lines.empty())
      text += fmt::format("{}+{:#x};", frame.module ? frame.module->path : "?", frame.address);
    for (const NamedLine& line : frame.place->lines)
      text += line.line > 0 ? fmt::format("{}:{};", line.name, line.line) : line.name + ";";
  }
  return text;
}

std::map<std::string, std::uint64_t> Sampling::stacks(pid_t pid) const {
  std::map<std::string, std::uint64_t> out;
  for (const Stack& stack : stacks_)
    if (stack.pid == pid) out[text_of(stack)] += stack.samples;
  return out;
}

std::string Sampling::stack_with(pid_t pid, const std::string& function) const {
  return stack_with_text(pid, ";" + function + ";");
}

std::string Sampling::stack_with_text(pid_t pid, const std::string& wanted) const {
  std::string best;
  std::uint64_t most = 0;
  for (const auto& [text, samples] : stacks(pid)) {
    if ((";" + text).find(wanted) == std::string::npos || samples <= most) continue;
    best = text;
    most = samples;
  }
  return best;
}

std::size_t frames_named(const std::string& stack, const std::string& name) {
  std::size_t count = 0;
  for (std::size_t at = stack.find(name); at != std::string::npos; at = stack.find(name, at + 1)) ++count;
  return count;
}

double Sampling::seconds(pid_t pid) const {
  std::uint64_t ns = 0;
  for (const Stack& stack : stacks_)
    if (stack.pid == pid) ns += stack.ns;
  return static_cast<double>(ns) / 1e9;
}

}  // namespace invar::ebpf::testing
