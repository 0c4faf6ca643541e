// The unwinder of the BPF programs, compiled for this machine and run over registers and stacks that are written here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "ebpf/bpf/layout.h"

namespace invar::ebpf {
namespace {

using ::testing::ElementsAre;

// What the unwinder asks for, by numbers of the test.
struct World {
  std::map<std::uint64_t, std::uint64_t> memory;
  std::vector<bpf::mapping> mappings;
  std::map<std::uint64_t, bpf::rule> rules;  // from this address on
};
World world;  // of the test that runs

// Two machines from one source: each in a namespace of its own.
namespace x86_64 {
using namespace bpf;
#include "ebpf/bpf/unwind.h"  // NOLINT
int read_word(__u64 address, __u64* out) {
  const auto found = world.memory.find(address);
  if (found == world.memory.end()) return 1;
  *out = found->second;
  return 0;
}
int read_pair(__u64 address, pair* out) {
  return read_word(address, &out->first) || read_word(address + 8, &out->second);
}
int find_mapping(unwind_state* s, __u64 ip) {
  for (const mapping& m : world.mappings) {
    if (ip < m.start || ip >= m.end) continue;
    s->at = m;
    return 1;
  }
  return 0;
}
const rule* find_rule(unwind_state*, __u64 pc) {
  const auto behind = world.rules.upper_bound(pc);
  return behind == world.rules.begin() ? nullptr : &std::prev(behind)->second;
}
}  // namespace x86_64
#undef INVAR_EBPF_BPF_UNWIND_H_
#undef INVAR_MAX_FP_STEP
#undef INVAR_LOWEST_CODE
#define INVAR_AARCH64 1
namespace aarch64 {
using namespace bpf;
#include "ebpf/bpf/unwind.h"  // NOLINT
int read_word(__u64 address, __u64* out) {
  return x86_64::read_word(address, out);
}
int read_pair(__u64 address, pair* out) {
  return read_word(address, &out->first) || read_word(address + 8, &out->second);
}
int find_mapping(unwind_state* s, __u64 ip) {
  x86_64::unwind_state other{};
  if (!x86_64::find_mapping(&other, ip)) return 0;
  s->at = other.at;
  return 1;
}
const rule* find_rule(unwind_state*, __u64 pc) {
  return x86_64::find_rule(nullptr, pc);
}
}  // namespace aarch64

struct Walked {
  std::vector<std::uint64_t> frames;
  unsigned stop = 0, exact_frame = 0;
  bool unknown_pc = false;
};

template <class State>
Walked walk(State s, void (*step)(State*)) {
  Walked out;
  s.mappings = static_cast<std::uint32_t>(world.mappings.size());
  s.exact = 1;
  while (!s.done && out.frames.size() < 100) {
    out.frames.push_back(s.ip);
    s.frames++;
    step(&s);
  }
  out.stop = s.stop;
  out.exact_frame = s.exact_frame;
  out.unknown_pc = s.unknown_pc != 0;
  return out;
}
Walked on_x86(std::uint64_t ip, std::uint64_t sp, std::uint64_t fp) {
  return walk(x86_64::unwind_state{.ip = ip, .sp = sp, .fp = fp}, &x86_64::unwind_step);
}
Walked on_arm(std::uint64_t ip, std::uint64_t sp, std::uint64_t fp, std::uint64_t lr) {
  return walk(aarch64::unwind_state{.ip = ip, .sp = sp, .fp = fp, .lr = lr}, &aarch64::unwind_step);
}

constexpr bpf::rule kStop{.cfa = bpf::kCfaStop};
bpf::rule by_sp(int offset) {
  return {.cfa = bpf::kCfaSp, .ra_offset = -8, .cfa_offset = offset};
}

class Unwinder : public ::testing::Test {
 protected:
  Unwinder() {
    world = {};
    world.mappings = {{.start = 0x10000, .end = 0x20000, .bias = 0, .table = 1, .pages = 1},
                      {.start = 0x30000, .end = 0x40000, .bias = 0, .table = 0, .pages = 0}};
    world.rules = {{0x10000, {}}, {0x11000, by_sp(8)}, {0x12000, by_sp(32)}, {0x13000, kStop}, {0x14000, {}}};
  }
};

TEST_F(Unwinder, GoesByRulesToTheStart) {
  world.memory = {{0x1000, 0x12010}, {0x1020, 0x13008}};
  const Walked walked = on_x86(0x11000, 0x1000, 0);
  EXPECT_THAT(walked.frames, ElementsAre(0x11000, 0x12010, 0x13008));
  EXPECT_EQ(walked.stop, bpf::kStopComplete);
}

TEST_F(Unwinder, TakesAReturnAddressForTheCallBeforeIt) {
  // The call is the last instruction of its function: the address behind it is another's.
  world.rules[0x12100] = by_sp(800);
  world.memory = {{0x1000, 0x12100}, {0x1020, 0x13008}};
  EXPECT_THAT(on_x86(0x11000, 0x1000, 0).frames, ElementsAre(0x11000, 0x12100, 0x13008));
}

TEST_F(Unwinder, RestoresTheFramePointer) {
  world.rules[0x11000] = {
      .cfa = bpf::kCfaFp, .fp = bpf::kFpAtCfa, .fp_offset = -16, .ra_offset = -8, .cfa_offset = 16};
  world.rules[0x12000] = {.cfa = bpf::kCfaDerefFp, .fp = bpf::kFpAtFp, .ra_offset = -8, .cfa_offset = -8};
  world.memory = {{0x2000, 0x3000}, {0x2008, 0x12010}, {0x2ff8, 0x4000}, {0x3000, 0}, {0x3ff8, 0x13001}};
  EXPECT_THAT(on_x86(0x11000, 0x1000, 0x2000).frames, ElementsAre(0x11000, 0x12010, 0x13001));
}

TEST_F(Unwinder, GoesByFramePointersWithoutATable) {
  world.memory = {{0x2000, 0x2100}, {0x2008, 0x30100}, {0x2100, 0}, {0x2108, 0x30200}};
  const Walked walked = on_x86(0x30010, 0x1ff0, 0x2000);
  EXPECT_THAT(walked.frames, ElementsAre(0x30010, 0x30100, 0x30200));
  EXPECT_EQ(walked.stop, bpf::kStopComplete);
}

TEST_F(Unwinder, TriesALeafThatSavesNothing) {
  world.memory = {{0x1000, 0x30100}, {0x5000, 7}, {0x5008, 9}};
  EXPECT_THAT(on_x86(0x30010, 0x1000, 0x5000).frames, ElementsAre(0x30010, 0x30100));
}

TEST_F(Unwinder, SaysThatItDoesNotKnow) {
  world.memory = {{0x1000, 1}, {0x2000, 2}, {0x2008, 3}};
  EXPECT_EQ(on_x86(0x30010, 0x1000, 0x2000).stop, bpf::kStopUnknown);
  EXPECT_TRUE(on_x86(0x90000, 0x1000, 0x2000).unknown_pc);
  world.memory.clear();
  EXPECT_EQ(on_x86(0x11000, 0x1000, 0x2000).stop, bpf::kStopFault);
}

TEST_F(Unwinder, NeverGoesDownTheStack) {
  world.rules[0x11000] = by_sp(-64);
  world.memory = {{0xfb8, 0x11010}};
  EXPECT_EQ(on_x86(0x11000, 0x1000, 0).stop, bpf::kStopUnknown);
}

TEST_F(Unwinder, KnowsTheLinkagesOfProcedures) {
  world.rules[0x11000] = {.cfa = bpf::kCfaPlt, .ra_offset = -8, .cfa_offset = 11};
  world.memory = {{0x1000, 0x13001}, {0x1008, 0x13002}};
  EXPECT_THAT(on_x86(0x11006, 0x1000, 0).frames, ElementsAre(0x11006, 0x13001));
  EXPECT_THAT(on_x86(0x1100b, 0x1000, 0).frames, ElementsAre(0x1100b, 0x13002));
}

TEST_F(Unwinder, GoesOverSignals) {
  world.rules[0x15000] = {.cfa = bpf::kCfaSignal};
  world.memory = {{0x1000, 0x15001},
                  {0x1008 + 120, 0x2000},
                  {0x1008 + 160, 0x3000},
                  {0x1008 + 168, 0x11000},
                  {0x3000, 0x13001}};
  const Walked walked = on_x86(0x11004, 0x1000, 0);
  EXPECT_THAT(walked.frames, ElementsAre(0x11004, 0x15001, 0x11000, 0x13001));
  EXPECT_EQ(walked.exact_frame, 2u) << "at its exact address";
}

TEST_F(Unwinder, LeavesAnAarch64LeafByItsRegister) {
  world.rules[0x11000] = {.cfa = bpf::kCfaSp, .ra = bpf::kRaInLink};
  world.rules[0x12000] = {
      .cfa = bpf::kCfaSp, .fp = bpf::kFpAtCfa, .fp_offset = -32, .ra_offset = -24, .cfa_offset = 32};
  world.memory = {{0x1000, 0x5000}, {0x1008, 0x13004}};
  EXPECT_THAT(on_arm(0x11000, 0x1000, 0, 0x12010).frames, ElementsAre(0x11000, 0x12010, 0x13004));
  // Only the leaf has its return address there.
  world.rules[0x12000].ra = bpf::kRaInLink;
  EXPECT_EQ(on_arm(0x11000, 0x1000, 0, 0x12010).stop, bpf::kStopUnknown);
}

TEST_F(Unwinder, GoesOverAarch64Signals) {
  world.rules[0x15000] = {.cfa = bpf::kCfaSignal};
  world.rules[0x11000] = {.cfa = bpf::kCfaSp, .ra = bpf::kRaInLink};
  constexpr std::uint64_t kRegisters = 0x1000 + 128 + 176 + 8;
  world.memory = {{kRegisters + 29 * 8, 0x2000},
                  {kRegisters + 30 * 8, 0x13004},
                  {kRegisters + 31 * 8, 0x3000},
                  {kRegisters + 32 * 8, 0x11010}};
  EXPECT_THAT(on_arm(0x11000, 0x1000, 0, 0x15001).frames, ElementsAre(0x11000, 0x15001, 0x11010, 0x13004));
}

}  // namespace
}  // namespace invar::ebpf
