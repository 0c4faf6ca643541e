// A real engine over real programs, and its stacks as text.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ebpf/engine.h"
#include "ebpf/testing/real_program.h"

namespace invar::ebpf::testing {

// Why the machine cannot run these tests; "" when it can.
std::string cannot_profile();

struct Named {
  std::vector<std::string> comms;
};

class Sampling {
 public:
  // Of processes of these names alone.
  explicit Sampling(Named named);
  // Of the given processes alone.
  explicit Sampling(std::vector<pid_t> pids, EngineSettings settings = {.programs = {.sample_rate = 997}});

  // Polls until the program has had that much time on a CPU, then collects. What it really had until then, by the scheduler's count: more,
  // where much of it passed while its tables were read, so that what is seen with them outweighs what was seen without.
  double run(const RealProgram& program, double cpu_seconds);
  // The same until it has ended.
  void run_until_end(const RealProgram& program);
  void collect();
  void forget() { stacks_.clear(); }

  // Samples by "leaf;caller;…;root" of what was collected, of one process.
  [[nodiscard]] std::map<std::string, std::uint64_t> stacks(pid_t pid) const;
  // The most frequent stack that has this function.
  [[nodiscard]] std::string stack_with(pid_t pid, const std::string& function) const;
  // The most frequent one that has this text anywhere.
  [[nodiscard]] std::string stack_with_text(pid_t pid, const std::string& text) const;
  [[nodiscard]] double seconds(pid_t pid) const;
  [[nodiscard]] const std::vector<Stack>& all() const { return stacks_; }
  Engine& engine() { return *engine_; }

 private:
  void start(EngineSettings settings, OwnerOf owner_of);
  void wait();

  std::unique_ptr<Engine> engine_;
  std::vector<Stack> stacks_;
};

std::string text_of(const Stack& stack);
// How often a name is in the text of a stack.
std::size_t frames_named(const std::string& stack, const std::string& name);

}  // namespace invar::ebpf::testing
