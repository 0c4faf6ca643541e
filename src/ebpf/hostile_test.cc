// Programs that mean harm: they cost their bound, and nobody else loses anything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/proc_file.h"
#include "base/strings.h"
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

// argv: how many. Their stacks are one mapping, of which the kernel has no limit.
constexpr const char* kThreads = R"(
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
static volatile unsigned long sum;
static void* work(void* none) { for (;;) { sum++; usleep(1000000); } }
int main(int argc, char** argv) {
  alarm(120);
  const long count = atol(argv[1]), size = 32768;
  char* stacks = mmap(0, count * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  pthread_attr_t at;
  pthread_attr_init(&at);
  pthread_t t;
  for (long i = 0; i < count; ++i) {
    pthread_attr_setstack(&at, stacks + i * size, size);
    if (pthread_create(&t, &at, work, 0) != 0) break;
  }
  for (;;) sum++;
}
)";

// A hundred thousand, or as many as leave the others of this machine half of what there is.
long many_threads() {
  long count = 100'000;
  for (const char* limit : {"/proc/sys/kernel/pid_max", "/proc/sys/kernel/threads-max"})
    if (const auto most = parse_uint(trim_space(read_proc_file(limit))))
      count = std::min(count, static_cast<long>(*most / 2));
  return count;
}

TEST_F(HostileTest, ManyThreadsAreOneProcess) {
  const long wanted = many_threads();
  const RealProgram threads(
      {compile(folder_, "threads", kThreads, {"-O2", "-pthread"}), std::to_string(wanted)});
  // Until they are all there, or the machine gives no more.
  for (std::size_t before = 0, now = 1; now > before; now = threads.threads().size()) {
    before = now;
    (void)poll(nullptr, 0, 300);
  }
  RecordProperty("threads", static_cast<int>(threads.threads().size()));
  EXPECT_GT(threads.threads().size(), 1000u);
  const RealProgram neighbour({good()});
  Sampling sampling({threads.pid(), neighbour.pid()},
                    {.programs = {.sample_rate = 97, .off_cpu_threshold = 1}});
  sampling.run(neighbour, 0.5);
  expect_neighbour_is_whole(neighbour, sampling);
  EXPECT_FALSE(sampling.stacks(threads.pid()).empty());
  EXPECT_LE(sampling.engine().status().records, std::size_t{1} << 16);
  EXPECT_EQ(sampling.engine().status().refused_mappings, 0u);
}

// Where the perf map of code without a file is looked for: what is there costs its bound, whatever it is.
constexpr const char* kPerfMaps = R"(
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
int main(int argc, char** argv) {
  alarm(120);
  char path[64];
  snprintf(path, sizeof path, "/tmp/perf-%d.map", getpid());
  unsigned char* code = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const unsigned char loop[] = {0x55, 0x48, 0x89, 0xe5, 0xf3, 0x90, 0xeb, 0xfc};  // push rbp; mov rbp, rsp; pause; jmp
  memcpy(code, loop, sizeof loop);
  if (!strcmp(argv[1], "pipe")) mkfifo(path, 0600);
  if (!strcmp(argv[1], "link")) symlink("/etc/passwd", path);
  FILE* map = !strcmp(argv[1], "good") || !strcmp(argv[1], "huge") || !strcmp(argv[1], "long") ? fopen(path, "w") : 0;
  if (!strcmp(argv[1], "huge")) for (unsigned long i = 1; i < 1000000; ++i) fprintf(map, "%lx 10 name%lx of many\n", i << 12, i);
  if (!strcmp(argv[1], "long")) { for (int i = 0; i < 20000000; ++i) fputc('x', map); fputc('\n', map); }
  if (map) { fprintf(map, "%lx 1000 jit_work\n", (unsigned long)code); fclose(map); }
  ((void (*)(void))code)();
}
)";

TEST_F(HostileTest, PerfMapsCostTheirBound) {
  const RealProgram neighbour({good()});
  const std::string program = compile(folder_, "maps", kPerfMaps, {"-O1", "-w", "-fno-omit-frame-pointer"});
  for (const char* kind : {"good", "huge", "long", "pipe", "link"}) {
    const RealProgram running({program, kind});
    Sampling sampling({running.pid(), neighbour.pid()});
    sampling.run(running, 0.3);
    const std::string path = "/tmp/perf-" + std::to_string(running.pid()) + ".map";
    EXPECT_EQ(access(path.c_str(), F_OK), 0) << kind;
    unlink(path.c_str());
    const bool named = std::string_view(kind) == "good";  // the others have their name behind what is read
    EXPECT_EQ(!sampling.stack_with_text(running.pid(), "jit_work;main;").empty(), named) << kind;
    EXPECT_TRUE(sampling.stack_with_text(running.pid(), "root:").empty());
    sampling.run(neighbour, 0.1);
    expect_neighbour_is_whole(neighbour, sampling);
  }
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

// A program in a container (here: another root) has its debug file there, and gets at none of ours.
TEST_F(HostileTest, DebugLinksStayInTheRootOfTheirProcess) {
  if (geteuid() != 0) GTEST_SKIP() << "another root needs root";
  const std::string plain = compile(folder_, "plain", R"(
#include <unistd.h>
static volatile unsigned long sum;
__attribute__((noinline)) void secret_work(void) { for (;;) sum++; }
int main(void) { alarm(120); secret_work(); sum++; })",
                                    {"-O2", "-static", "-Wl,--build-id=0x1234"});
  const std::string root = folder_ / "root", debug = folder_ / "linked.debug";
  for (const std::string& name : {root, root + "/bin", root + "/kept"})
    ASSERT_EQ(mkdir(name.c_str(), 0755), 0);
  ASSERT_EQ(run({"objcopy", "--only-keep-debug", plain, debug}), 0);
  ASSERT_EQ(run({"objcopy", "-S", "--add-gnu-debuglink=" + debug, plain, root + "/bin/linked"}), 0);
  const auto named = [&] {
    const RealProgram running({"chroot", root, "/bin/linked"});
    Sampling sampling({running.pid()}, {.programs = {.sample_rate = 997}, .naming = {.lines = true}});
    sampling.run(running, 0.15);
    EXPECT_FALSE(sampling.stacks(running.pid()).empty());
    return !sampling.stack_with(running.pid(), "secret_work").empty();
  };
  const std::string link = root + "/bin/linked.debug";
  EXPECT_FALSE(named()) << "there is none";
  ASSERT_EQ(symlink(debug.c_str(), link.c_str()), 0);
  EXPECT_FALSE(named()) << "a link to a file of ours";
  unlink(link.c_str());
  ASSERT_EQ(symlink(("../../../../../../../.." + debug).c_str(), link.c_str()), 0);
  EXPECT_FALSE(named()) << "a link upwards";
  unlink(link.c_str());
  ASSERT_EQ(symlink("/proc/1/root", (root + "/out").c_str()), 0);
  ASSERT_EQ(symlink(("/out" + debug).c_str(), link.c_str()), 0);
  EXPECT_FALSE(named()) << "a link through another process's root";
  unlink(link.c_str());
  ASSERT_EQ(run({"cp", debug, root + "/kept/file"}), 0);
  ASSERT_EQ(symlink("/kept/file", link.c_str()), 0);
  EXPECT_TRUE(named()) << "links inside are followed";
}

}  // namespace
}  // namespace invar::ebpf
