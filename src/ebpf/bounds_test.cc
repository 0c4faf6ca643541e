// What has room for so much and no more: each limit is reached here, is counted, and stops nobody else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cstring>

#include "codec/gzip.h"
#include "ebpf/cfi.h"
#include "ebpf/go_inlines.h"
#include "ebpf/testing/sampling.h"

namespace invar::ebpf {
namespace {

using ::testing::EndsWith;
using ::testing::StartsWith;
using namespace ebpf::testing;

// ---- the maps in the kernel

class BoundsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = cannot_profile(); !reason.empty()) GTEST_SKIP() << reason;
  }
  [[nodiscard]] static std::uint64_t lost(Sampling& sampling, bpf::loss which) {
    return sampling.engine().status().losses[which];
  }
  // What other programs of the machine do takes no room.
  static EngineSettings alone(const RealProgram& running, EngineSettings settings) {
    settings.programs.sample_rate = 997;
    settings.programs.only_pid = static_cast<std::uint32_t>(running.pid());
    return settings;
  }
  TemporaryFolder folder_;
};

// argv: how deep. Every bit of a number is a call of one of two functions: no two stacks in a row are the same.
constexpr const char* kDistinct = R"(
#include <stdlib.h>
#include <unistd.h>
static volatile unsigned long sum;
int left(unsigned n, int depth), right(unsigned n, int depth);
static inline int either(unsigned n, int depth) {
  if (depth == 0) { for (int i = 0; i < 20000; ++i) sum += i; return 1; }
  int r = n & 1 ? left(n >> 1, depth - 1) : right(n >> 1, depth - 1);
  sum++;
  return r;
}
__attribute__((noinline)) int left(unsigned n, int depth) { return either(n, depth) + 1; }
__attribute__((noinline)) int right(unsigned n, int depth) { return either(n, depth) + 2; }
int main(int argc, char** argv) { alarm(120); for (unsigned n = 0;; ++n) left(n * 2654435761u, atoi(argv[1])); }
)";

TEST_F(BoundsTest, MoreStacksThanRoomAreCounted) {
  const RealProgram running({compile(folder_, "distinct", kDistinct, {"-O1"}), "32"});
  Sampling sampling({running.pid()}, alone(running, {.programs = {.most_counts = 64}}));
  sampling.run(running, 0.4);
  EXPECT_GT(lost(sampling, bpf::kLossMapFull), 100u);
  EXPECT_LE(sampling.all().size(), 64u);
  sampling.forget();
  sampling.run(running, 0.05);
  EXPECT_FALSE(sampling.all().empty()) << "the next interval begins empty";
}

TEST_F(BoundsTest, StacksThatNobodyReadsAreCounted) {
  const RealProgram running({compile(folder_, "distinct", kDistinct, {"-O1"}), "400"});
  Sampling sampling({running.pid()}, {.programs = {.sample_rate = 5000}});
  sampling.run(running, 0.2);  // until it is known, and has stacks
  const double begin = running.cpu_seconds();
  while (lost(sampling, bpf::kLossRing) == 0 && running.cpu_seconds() < begin + 20)
    (void)poll(nullptr, 0, 10);
  EXPECT_GT(lost(sampling, bpf::kLossRing), 0u);
  sampling.forget();
  sampling.run(running, 0.1);
  EXPECT_FALSE(sampling.all().empty()) << "it goes on when it is read";
}

TEST_F(BoundsTest, StacksBeyondTheirMemoryAreCounted) {
  const RealProgram running({compile(folder_, "distinct", kDistinct, {"-O1"}), "100"});
  Sampling sampling({running.pid()}, alone(running, {.most_record_bytes = 20'000}));
  sampling.run(running, 0.2);
  EXPECT_GT(sampling.engine().status().refused_records, 0u);
  EXPECT_FALSE(sampling.all().empty());
}

TEST_F(BoundsTest, NamedStacksBeyondTheirMemoryAreCounted) {
  const RealProgram running({compile(folder_, "distinct", kDistinct, {"-O1"}), "100"});
  constexpr std::uint64_t kMost = 100'000;
  Sampling sampling({running.pid()}, alone(running, {.most_stack_bytes = kMost}));
  sampling.run(running, 0.3);
  EXPECT_GT(sampling.engine().status().refused_records, 0u);
  std::uint64_t bytes = 0;
  for (const Stack& stack : sampling.all()) bytes += stack.bytes();
  EXPECT_GT(bytes, kMost / 2);
  EXPECT_LT(bytes, kMost + (sizeof(Frame) * bpf::kMaxFrames)) << "and one more";
  sampling.forget();
  sampling.run(running, 0.05);
  EXPECT_FALSE(sampling.all().empty()) << "the next interval begins empty";
}

constexpr const char* kBusy = R"(
#include <unistd.h>
static volatile unsigned long sum;
__attribute__((noinline)) void leaf_work(void) { for (int i = 0; i < 100000; ++i) sum += i * sum; }
__attribute__((noinline)) int middle(void) { for (;;) { leaf_work(); sum++; } }
int main(void) { alarm(600); return middle() + 1; }
)";

TEST_F(BoundsTest, MoreProcessesThanRoomAreCounted) {
  const std::string program = compile(folder_, "busy", kBusy, {"-O1"});
  std::vector<std::unique_ptr<RealProgram>> running;
  std::vector<pid_t> pids;
  for (int i = 0; i < 6; ++i) {
    running.push_back(std::make_unique<RealProgram>(std::vector<std::string>{program}));
    pids.push_back(running.back()->pid());
  }
  Sampling sampling(pids, {.programs = {.sample_rate = 997, .most_processes = 2}});
  for (const auto& one : running) sampling.run(*one, 0.05);
  EXPECT_GT(lost(sampling, bpf::kLossProcesses), 0u);
  EXPECT_LE(sampling.engine().status().processes, 2u);
}

TEST_F(BoundsTest, MoreMappingsThanRoomLeaveFramePointers) {
  const RealProgram running({compile(folder_, "busy", kBusy, {"-O0"})});
  Sampling sampling({running.pid()}, {.programs = {.sample_rate = 997}, .most_mappings = 1});
  sampling.run(running, 0.1);
  EXPECT_GT(sampling.engine().status().refused_mappings, 0u);
  EXPECT_THAT(sampling.stack_with(running.pid(), "leaf_work"), StartsWith("leaf_work;middle;main;"));
}

// ---- crafted files

void put32(std::string& out, std::uint64_t value) {
  for (int i = 0; i < 4; ++i) out += static_cast<char>(value >> (8 * i));
}
// A CIE with these instructions, and functions with those.
std::string frames(const std::string& initial, std::size_t functions, const std::string& program) {
  std::string out;
  const std::string cie = std::string("\0\0\0\0\1zR\0\x01\x78\x10\x01\x00", 13) + initial;
  put32(out, cie.size());
  out += cie;
  for (std::size_t i = 0; i < functions; ++i) {
    put32(out, 4 + 16 + 1 + program.size());
    put32(out, out.size());  // back to the CIE
    put32(out, 0x1000 + i * 16);
    put32(out, 0);
    put32(out, 16);
    put32(out, 0);
    out += '\0';
    out += program;
  }
  return out;
}

TEST(Bounds, InstructionsThatEveryFunctionBeginsWithAreFew) {
  const std::string start("\x0c\x07\x08\x90\x01", 5);
  EXPECT_EQ(read_cfi({.bytes = frames(start, 10, "")}, Machine::kX86_64).functions, 10u);
  // Otherwise these would be run 10^12 times.
  const std::string bytes = frames(start + std::string(std::size_t{4} << 20, '\0'), 250'000, "");
  EXPECT_EQ(read_cfi({.bytes = bytes}, Machine::kX86_64).functions, 0u);
}

TEST(Bounds, OneFunctionHasNoMoreRowsThanAFile) {
  std::string program;
  for (std::size_t i = 0; i < kMaxRows + 1000; ++i) program += '\x41';  // a byte further
  const auto result = read_cfi({.bytes = frames("\x0c\x07\x08", 2, program)}, Machine::kX86_64);
  EXPECT_LE(result.rows.size(), kMaxRows + 2);
  EXPECT_TRUE(result.truncated);
}

// A file with very many tables of the same kind, each as large as it may be.
class ManyTables final : public ByteSource {
 public:
  explicit ManyTables(Elf64_Shdr section) : headers_(ElfFile::kMaxSections - 1, section) {
    std::memcpy(header_.e_ident, ELFMAG, SELFMAG);
    header_.e_ident[EI_CLASS] = ELFCLASS64;
    header_.e_ident[EI_DATA] = ELFDATA2LSB;
    header_.e_machine = EM_X86_64;
    header_.e_shoff = 4096;
    header_.e_shentsize = sizeof(Elf64_Shdr);
    header_.e_shnum = static_cast<Elf64_Half>(headers_.size());
  }
  [[nodiscard]] std::uint64_t size() const override { return std::uint64_t{1} << 40; }
  bool read(std::uint64_t offset, void* out, std::size_t bytes) const override {
    read_ += bytes;
    std::memset(out, 0, bytes);
    if (offset == 0) std::memcpy(out, &header_, std::min(bytes, sizeof header_));
    if (offset == 4096) std::memcpy(out, headers_.data(), bytes);
    return true;
  }
  [[nodiscard]] std::uint64_t taken() const { return read_; }

 private:
  Elf64_Ehdr header_{};
  std::vector<Elf64_Shdr> headers_;
  mutable std::uint64_t read_ = 0;
};

TEST(Bounds, OfManyTablesOfSymbolsAndDataFewAreRead) {
  for (const std::uint32_t type : {SHT_SYMTAB, SHT_DYNSYM, SHT_NOTE, SHT_PROGBITS}) {
    auto source = std::make_unique<ManyTables>(
        Elf64_Shdr{.sh_type = type,
                   .sh_flags = SHF_ALLOC | SHF_WRITE,
                   .sh_offset = 1 << 24,
                   .sh_size = type == SHT_NOTE ? 60'000 : std::uint64_t{30} << 20,
                   .sh_entsize = sizeof(Elf64_Sym)});
    const ManyTables& file = *source;
    const auto elf = ElfFile::open(std::move(source));
    ASSERT_TRUE(elf);
    SymbolTable symbols;
    symbols.add(**elf);
    (void)lookup_symbol(**elf, "_PyRuntime");
    (void)find_go_function_data(**elf, 0x1234);
    EXPECT_LT(file.taken(), std::uint64_t{1} << 30) << type;
  }
}

// One section, behind the headers, of which this is said.
std::string with_section(const Elf64_Shdr& section, const std::string& bytes) {
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_machine = EM_X86_64;
  header.e_shoff = sizeof header;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = 1;
  Elf64_Shdr placed = section;
  placed.sh_offset = sizeof header + sizeof placed;
  placed.sh_size = bytes.size();
  std::string out(placed.sh_offset, '\0');
  std::memcpy(out.data(), &header, sizeof header);
  std::memcpy(out.data() + sizeof header, &placed, sizeof placed);
  return out + bytes;
}

TEST(Bounds, ACompressedSectionIsWhatItSaysAndNoLargerThanItMayBe) {
  constexpr std::size_t kLimit = std::size_t{1} << 20;
  const std::string inside(100'000, 'x');
  const std::string packed = codec::deflated(inside).value();
  const auto contents = [&](std::uint64_t size, std::uint32_t type, const std::string& bytes) {
    const Elf64_Chdr head{.ch_type = type, .ch_size = size, .ch_addralign = 1};
    std::string all(sizeof head, '\0');
    std::memcpy(all.data(), &head, sizeof head);
    const auto elf = ElfFile::open(std::make_unique<MemoryBytes>(
        with_section({.sh_type = SHT_PROGBITS, .sh_flags = SHF_COMPRESSED}, all + bytes)));
    return (*elf)->contents((*elf)->sections().front(), kLimit);
  };
  EXPECT_EQ(contents(inside.size(), ELFCOMPRESS_ZLIB, packed), inside);
  EXPECT_EQ(contents(inside.size() - 1, ELFCOMPRESS_ZLIB, packed), "") << "it unpacks to more than it says";
  EXPECT_EQ(contents(inside.size() + 1, ELFCOMPRESS_ZLIB, packed), "") << "to less";
  EXPECT_EQ(contents(kLimit + 1, ELFCOMPRESS_ZLIB, codec::deflated(std::string(kLimit + 1, 'x')).value()),
            "");
  EXPECT_EQ(contents(inside.size(), 77, packed), "") << "a compression that nobody knows";
  EXPECT_EQ(contents(inside.size(), ELFCOMPRESS_ZLIB, packed.substr(0, packed.size() / 2)), "");
  EXPECT_EQ(contents(0, ELFCOMPRESS_ZLIB, ""), "");
}

// Programs of one process whose tables take long to read: others do not wait for them.
TEST_F(BoundsTest, AProcessWaitsForItsOwnFilesAlone) {
  // Two million rows, no two of one rule.
  std::string program;
  for (std::size_t i = 0; program.size() < 3 * kMaxRows - 1024; ++i) {
    program += "\x41\x0e";
    program += static_cast<char>(8 + i % 100);
  }
  const std::string bytes = frames("\x0c\x07\x08", 1, program);
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_type = ET_DYN;
  header.e_machine = EM_X86_64;
  header.e_phoff = sizeof header;
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 1;
  header.e_shoff = 1024;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = 3;
  header.e_shstrndx = 2;
  const Elf64_Phdr segment{.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = 4096, .p_memsz = 4096};
  const std::string names("\0.eh_frame\0", 11);
  const Elf64_Shdr sections[3] = {
      {},
      {.sh_name = 1, .sh_type = SHT_PROGBITS, .sh_offset = 8192, .sh_size = bytes.size()},
      {.sh_type = SHT_STRTAB, .sh_offset = 2048, .sh_size = names.size()}};
  std::string file(8192, '\0');
  std::memcpy(file.data(), &header, sizeof header);
  std::memcpy(file.data() + sizeof header, &segment, sizeof segment);
  std::memcpy(file.data() + 1024, sections, sizeof sections);
  std::memcpy(file.data() + 2048, names.data(), names.size());
  file += bytes;
  constexpr int kFiles = 16;
  for (int i = 0; i < kFiles; ++i) write_file(folder_ / ("evil" + std::to_string(i)), file);
  const RealProgram hostile({compile(folder_, "mapper", R"(
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
int main(int argc, char** argv) {
  alarm(600);
  char path[4096];
  for (int i = 0; i < atoi(argv[2]); ++i) {
    snprintf(path, sizeof path, "%s%d", argv[1], i);
    if (mmap(0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, open(path, O_RDONLY), 0) == MAP_FAILED) return 1;
  }
  for (volatile unsigned long sum = 0;; ++sum) {}
})",
                                     {"-O1"}),
                             folder_ / "evil", std::to_string(kFiles)});
  const RealProgram neighbour({compile(folder_, "busy", kBusy, {"-O1"})});
  Sampling sampling({hostile.pid(), neighbour.pid()});
  sampling.run(hostile, 0.05);
  EXPECT_GT(sampling.engine().status().postponed, 0u);
  EXPECT_LT(sampling.engine().status().binaries, static_cast<std::size_t>(kFiles));
  // Each interval some more of them.
  for (int i = 0; i < 2 * kFiles && sampling.engine().status().binaries < kFiles; ++i)
    sampling.run(hostile, 0.02);
  EXPECT_GE(sampling.engine().status().binaries, static_cast<std::size_t>(kFiles));
  sampling.run(neighbour, 0.1);
  EXPECT_THAT(sampling.stack_with(neighbour.pid(), "leaf_work"), EndsWith("_start;"));
}

}  // namespace
}  // namespace invar::ebpf
