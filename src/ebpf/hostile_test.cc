// Programs that mean harm: they cost their bound, and nobody else loses anything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ebpf/testing/sampling.h"

namespace invar::ebpf {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using namespace ebpf::testing;

class HostileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = cannot_profile(); !reason.empty()) GTEST_SKIP() << reason;
  }
  // CPU time of this program so far.
  static double own_seconds() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
  }
  // A well-behaved program beside is seen as ever.
  void expect_neighbour_is_whole(const RealProgram& neighbour, const Sampling& sampling) {
    const std::string stack = sampling.stack_with(neighbour.pid(), "good_work");
    EXPECT_THAT(stack, HasSubstr("good_work;main;"));
    EXPECT_THAT(stack, EndsWith("_start;"));
  }
  [[nodiscard]] std::string good() const {
    return compile(folder_, "good", R"(
#include <unistd.h>
static volatile unsigned long sum;
__attribute__((noinline)) void good_work(void) { for (;;) sum++; }
int main(void) { alarm(120); good_work(); sum++; })",
                   {"-O2"});
  }
  TemporaryFolder folder_;
};

constexpr const char* kMapper = R"(
#include <sys/mman.h>
#include <unistd.h>
int main(void) {
  alarm(120);
  // Code at ever new places, never two beside each other, until the kernel gives no more; then round again.
  for (;;) {
    unsigned char* page = mmap(0, 8192, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) { for (volatile int i = 0; i < 1000000; ++i) {} continue; }
    mprotect(page + 4096, 4096, PROT_NONE);
    page[0] = 0xb9; page[1] = page[2] = page[4] = 0; page[3] = 1;      // mov ecx, 65536
    page[5] = 0xff; page[6] = 0xc9; page[7] = 0x75; page[8] = 0xfc;    // dec ecx; jnz
    page[9] = 0xc3;
    ((void (*)(void))page)();
  }
}
)";

TEST_F(HostileTest, EndlessMappingsCostTheirBound) {
  const RealProgram mapper({compile(folder_, "mapper", kMapper, {"-O1", "-w"})});
  const RealProgram neighbour({good()});
  Sampling sampling({mapper.pid(), neighbour.pid()});
  sampling.run(mapper, 0.3);
  sampling.forget();
  const double before = own_seconds();
  const double taken = sampling.run(mapper, 1.5);
  EXPECT_LT(own_seconds() - before, taken) << "it makes us work less than it works itself, in a debug build";
  sampling.run(neighbour, 0.1);
  expect_neighbour_is_whole(neighbour, sampling);
  EXPECT_LE(sampling.engine().status().mappings, 2 * kMaxMappingsOfProcess);
}

constexpr const char* kThreads = R"(
#include <pthread.h>
#include <unistd.h>
static volatile unsigned long sum;
static void* work(void* none) { for (;;) { sum++; usleep(1000000); } }
int main(void) {
  alarm(120);
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 16384);
  pthread_t t;
  for (int i = 0; i < 3000; ++i) pthread_create(&t, &small, work, 0);
  for (;;) sum++;
}
)";

TEST_F(HostileTest, ManyThreadsAreOneProcess) {
  const RealProgram threads({compile(folder_, "threads", kThreads, {"-O2", "-pthread"})});
  const RealProgram neighbour({good()});
  Sampling sampling({threads.pid(), neighbour.pid()},
                    {.programs = {.sample_rate = 97, .off_cpu_threshold = 1}});
  sampling.run(neighbour, 0.5);
  expect_neighbour_is_whole(neighbour, sampling);
  EXPECT_FALSE(sampling.stacks(threads.pid()).empty());
  EXPECT_LE(sampling.engine().status().records, std::size_t{1} << 16);
}

// A file that says of itself whatever it likes, mapped as code.
TEST_F(HostileTest, CraftedFilesHaveNoNames) {
  const std::string program = compile(folder_, "crafted", R"(
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
int main(int argc, char** argv) {
  alarm(120);
  const int fd = open(argv[1], O_RDONLY);
  unsigned char* code = mmap(0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
  ((void (*)(void))(code + 2048))();
})",
                                      {"-O1", "-w"});
  // An ELF header and one segment; sections where no file is, of sizes that no memory has.
  const auto crafted = [](std::uint64_t sections_at, std::uint16_t count, std::uint64_t section_size) {
    std::string file(8192, '\0');
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_type = ET_DYN;
    header.e_machine = EM_X86_64;
    header.e_phoff = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 1;
    header.e_shoff = sections_at;
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = count;
    std::memcpy(file.data(), &header, sizeof header);
    const Elf64_Phdr segment{
        .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = 0, .p_filesz = ~0ull, .p_memsz = ~0ull};
    std::memcpy(file.data() + sizeof header, &segment, sizeof segment);
    for (std::size_t i = 0; i < 8 && sections_at == 4096; ++i) {
      const Elf64_Shdr section{.sh_type = static_cast<Elf64_Word>(i % 2 == 0 ? SHT_SYMTAB : SHT_NOTE),
                               .sh_offset = 16 * i,
                               .sh_size = section_size,
                               .sh_link = static_cast<Elf64_Word>(7 - i),
                               .sh_entsize = sizeof(Elf64_Sym)};
      std::memcpy(file.data() + 4096 + i * sizeof section, &section, sizeof section);
    }
    file[2048] = '\xeb';
    file[2049] = '\xfe';  // jmp to itself
    return file;
  };
  const std::string files[] = {crafted(4096, 8, ~0ull), crafted(4096, 8, 4096),
                               crafted(~0ull - 64, 0xfff0, 0), crafted(4096, 0xfff0, 1ull << 40)};
  for (const std::string& file : files) {
    write_file(folder_ / "evil", file);
    const RealProgram running({program, folder_ / "evil"});
    Sampling sampling({running.pid()}, {.programs = {.sample_rate = 997}, .naming = {.lines = true}});
    sampling.run(running, 0.1);
    EXPECT_FALSE(sampling.stacks(running.pid()).empty());
    unlink((folder_ / "evil").c_str());
  }
}

// Where a debug file is looked for: a pipe that nobody writes, a link out of the process's root, a file of another build.
TEST_F(HostileTest, DebugLinksLeadToNothingElse) {
  const std::string plain = compile(folder_, "plain", R"(
#include <unistd.h>
static volatile unsigned long sum;
__attribute__((noinline)) void secret_work(void) { for (;;) sum++; }
int main(void) { alarm(120); secret_work(); sum++; })",
                                    {"-O2", "-Wl,--build-id=0x1234"});
  const std::string other =
      compile(folder_, "other", "int main(void) { return 0; }", {"-Wl,--build-id=0x5678"});
  const std::string debug = folder_ / "evil.debug", linked = folder_ / "linked";
  ASSERT_EQ(run({"objcopy", "--only-keep-debug", plain, debug}), 0);
  ASSERT_EQ(run({"objcopy", "-S", "--add-gnu-debuglink=" + debug, plain, linked}), 0);
  const auto named = [&] {
    const RealProgram running({linked});
    Sampling sampling({running.pid()}, {.programs = {.sample_rate = 997}, .naming = {.lines = true}});
    sampling.run(running, 0.1);
    return !sampling.stack_with(running.pid(), "secret_work").empty();
  };
  EXPECT_TRUE(named());
  unlink(debug.c_str());
  ASSERT_EQ(mkfifo(debug.c_str(), 0600), 0);
  EXPECT_FALSE(named()) << "a pipe";
  unlink(debug.c_str());
  ASSERT_EQ(run({"objcopy", "--only-keep-debug", other, debug}), 0);
  EXPECT_FALSE(named()) << "of another build";
}

}  // namespace
}  // namespace invar::ebpf
