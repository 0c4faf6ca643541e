// The other machine, as far as this one can try it: the readers over a program of it, the unwinder over a stack that was recorded there
// (testdata/ebpf/aarch64), and the BPF programs compiled for it.
#define INVAR_AARCH64 1
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>

#include "base/strings.h"
#include "ebpf/cfi.h"
#include "ebpf/elf_file.h"
#include "ebpf/symbol_table.h"
#include "ebpf/testing/real_program.h"
#include "ebpf/unwind_table.h"

namespace invar::ebpf {
namespace {

using namespace ebpf::testing;

const std::string kSource = INVAR_SOURCE_DIR;
const std::string kFolder = kSource + "/testdata/ebpf/aarch64/";

UniqueFd open_file(const std::string& path) {
  return UniqueFd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

struct World {
  std::map<std::string, std::uint64_t, std::less<>> registers;
  std::map<std::uint64_t, std::uint64_t> memory;
  UnwindTable table;
  RuleBook rules;
};
World* world = nullptr;  // of the test that runs

using namespace bpf;
#include "ebpf/bpf/unwind.h"  // NOLINT
// The words that are not in the recording are 0.
int read_word(__u64 address, __u64* out) {
  const auto found = world->memory.find(address);
  *out = found == world->memory.end() ? 0 : found->second;
  return 0;
}
int read_pair(__u64 address, pair* out) {
  return read_word(address, &out->first) || read_word(address + 8, &out->second);
}
// The program is linked to where it lies.
int find_mapping(unwind_state* s, __u64 ip) {
  const UnwindTable& table = world->table;
  if (ip < table.base || ip - table.base >= std::uint64_t{table.pages} << table.page_bits) return 0;
  s->at = {.start = table.base,
           .end = table.base,
           .bias = table.base,
           .table = 1,
           .page_bits = table.page_bits,
           .pages = table.pages};
  return 1;
}
// As the BPF program looks it up.
const rule* find_rule(unwind_state* s, __u64 pc) {
  const std::uint64_t at = pc - s->at.bias;
  const auto& words = world->table.words;
  const std::uint64_t page = at >> s->at.page_bits;
  std::uint32_t low = words[page], high = words[page + 1];
  while (low < high) {
    const std::uint32_t middle = (low + high) / 2;
    if ((words[middle] & 0xffff) <= (at & 0xffff))
      low = middle + 1;
    else
      high = middle;
  }
  return low <= s->at.pages + 1 ? nullptr : &world->rules.rules()[words[low - 1] >> 16];
}

class Aarch64 : public ::testing::Test {
 protected:
  void SetUp() override {
    auto elf = ElfFile::open(std::make_unique<FileBytes>(open_file(kFolder + "program")));
    ASSERT_TRUE(elf);
    elf_ = std::move(*elf);
    symbols_.add(*elf_);
    symbols_.sort();
    const Section* section = elf_->section(".eh_frame");
    ASSERT_NE(section, nullptr);
    const std::string bytes = elf_->contents(*section, 1 << 20);
    TableMaker maker;
    maker.add(read_cfi({.bytes = bytes, .address = section->header.sh_addr}, Machine::kAarch64).rows);
    world_.table = maker.make(world_.rules);
    const FileBytes recording(open_file(kFolder + "recording.txt"));
    const std::string text = recording.bytes(0, recording.size());
    for (const std::string_view line : split(trim_space(text), '\n')) {
      const auto words = split(line, ' ');
      ASSERT_EQ(words.size(), 2u);
      const auto value = parse_uint(words[1], 16);
      ASSERT_TRUE(value);
      if (const auto address = parse_uint(words[0], 16); address)
        world_.memory[*address] = *value;
      else
        world_.registers[std::string(words[0])] = *value;
    }
    world = &world_;
  }
  std::string walked() {
    unwind_state s{.ip = world_.registers["pc"],
                   .sp = world_.registers["sp"],
                   .fp = world_.registers["fp"],
                   .lr = world_.registers["lr"],
                   .mappings = 1,
                   .exact = 1};
    std::vector<std::uint64_t> frames;
    while (!s.done && s.frames < 100) {
      frames.push_back(s.ip);
      s.frames++;
      unwind_step(&s);
    }
    stop_ = s.stop;
    std::string out;
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const bool exact = i == 0 || i == s.exact_frame || i + 1 == s.exact_frame;
      out += std::string(symbols_.find(frames[i] - (exact ? 0 : 1)).name) + ";";
    }
    return out;
  }

  std::unique_ptr<ElfFile> elf_;
  SymbolTable symbols_;
  World world_;
  unsigned stop_ = kStopReasons;
};

// Recursion without frame pointers, signed return addresses, a signal handler over a system call.
TEST_F(Aarch64, ARecordedStackIsWholeThroughSignaturesAndASignal) {
  ASSERT_EQ(elf_->machine(), EM_AARCH64);
  ASSERT_FALSE(elf_->build_id().empty());
  EXPECT_EQ(walked(),
            "leaf;deep;deep;deep;deep;on_signal;back_from_signal;call;interrupted;interrupted;interrupted;"
            "interrupted;interrupted;interrupted;main_part;_start;");
  EXPECT_EQ(stop_, static_cast<unsigned>(kStopComplete));
  bool signed_words = false;
  for (const auto& [address, word] : world_.memory)
    signed_words = signed_words || (word >> 48 != 0 && symbols_.find(word << 16 >> 16).name == "deep");
  EXPECT_TRUE(signed_words) << "the recording has what it is there for";
}

TEST_F(Aarch64, TheProgramsCompileForIt) {
  const std::string headers = "/usr/aarch64-linux-gnu/include";
  if (access((headers + "/asm/ptrace.h").c_str(), R_OK) != 0)
    GTEST_SKIP() << "no headers of that machine (package linux-libc-dev-arm64-cross)";
  std::string clang;
  for (const char* name : {"clang-14", "clang-19", "clang"})
    if (clang.empty() && run({name, "--version"}) == 0) clang = name;
  if (clang.empty()) GTEST_SKIP() << "clang is not installed";
  const TemporaryFolder folder;
  EXPECT_EQ(run({clang,
                 "-target",
                 "bpf",
                 "-mcpu=v3",
                 "-O2",
                 "-g",
                 "-Wall",
                 "-Werror",
                 "-D__TARGET_ARCH_arm64",
                 "-DINVAR_AARCH64",
                 "-isystem",
                 headers,
                 "-isystem",
                 "/usr/include",
                 "-I",
                 kSource + "/src",
                 "-c",
                 kSource + "/src/ebpf/bpf/profiler.bpf.c",
                 "-o",
                 folder / "programs.o"}),
            0);
}

}  // namespace
}  // namespace invar::ebpf
