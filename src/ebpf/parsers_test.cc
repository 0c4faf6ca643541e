// The small readers of text: maps, perf maps, kallsyms, lists of CPUs, capabilities, and the store of mappings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ebpf/cpu_list.h"
#include "ebpf/demangle.h"
#include "ebpf/kernel_check.h"
#include "ebpf/kernel_symbols.h"
#include "ebpf/mapping_store.h"
#include "ebpf/perf_map.h"
#include "ebpf/privileges.h"
#include "ebpf/proc_maps.h"

namespace invar::ebpf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(ProcMaps, KeepsWhatIsExecutable) {
  const Maps maps = parse_maps(
      "55d000-55e000 r--p 00000000 fe:01 1234   /bin/a\n"
      "55e000-560000 r-xp 00001000 fe:01 1234   /bin/a b (deleted)\n"
      "7f0000-7f1000 rwxp 00000000 00:00 0 \n"
      "7ff000-800000 r-xp 00000000 00:00 0      [vdso]\n"
      "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n"
      "nonsense\n");
  ASSERT_THAT(maps.executable, SizeIs(3));
  const MapLine& file = maps.executable[0];
  EXPECT_EQ(file.start, 0x55e000u);
  EXPECT_EQ(file.offset, 0x1000u);
  EXPECT_EQ(file.path, "/bin/a b");
  EXPECT_TRUE(file.deleted && file.of_file());
  EXPECT_EQ(file.device, 0xfe00000001u);
  EXPECT_EQ(maps.executable[1].path, "");
  EXPECT_EQ(maps.executable[2].path, "[vdso]");
}

TEST(ProcMaps, IsBounded) {
  std::string text;
  for (std::size_t i = 1; i <= kMaxMappingsOfProcess + 5; ++i) {
    char line[80];
    std::snprintf(line, sizeof line, "%zx000-%zx800 r-xp 00000000 00:00 0 \n", i, i);
    text += line;
  }
  const Maps maps = parse_maps(text);
  EXPECT_THAT(maps.executable, SizeIs(kMaxMappingsOfProcess));
  EXPECT_TRUE(maps.truncated);
}

TEST(PerfMap, NamesWhatWasWrittenLast) {
  PerfMap map;
  map.add("1000 100 first function\n0x2000 10 second\nbad\n3000 0 empty\nffffffffffffffff 10 wraps\n");
  EXPECT_EQ(map.find(0x10ff), "first function");
  EXPECT_EQ(map.find(0x1100), "");
  EXPECT_EQ(map.find(0x2000), "second");
  map.add("10f0 20 third\n");
  EXPECT_EQ(map.find(0x10f0), "third");
  EXPECT_EQ(map.find(0x1000), "") << "what it overlaps is gone";
  EXPECT_EQ(map.size(), 2u);
  map.add("0x0000000000005000 0x0000000000000010 of a JVM\n");
  EXPECT_EQ(map.find(0x500f), "of a JVM");
}

TEST(PerfMap, IsBounded) {
  PerfMap map;
  std::string text;
  for (std::size_t i = 1; i <= PerfMap::kMaxEntries + 100; ++i) {
    char line[64];
    std::snprintf(line, sizeof line, "%zx000 10 f\n", i);
    text += line;
  }
  map.add(text);
  EXPECT_EQ(map.size(), PerfMap::kMaxEntries);
  PerfMap wide;
  wide.add("1000 10 " + std::string(100'000, 'x') + "\n");
  EXPECT_EQ(wide.find(0x1000).size(), PerfMap::kMaxName);
}

TEST(KernelSymbols, AreThoseOfTheText) {
  const KernelSymbols symbols(
      "ffffffff81000000 T startup_64\nffffffff81000100 t helper\t[ext4]\nffffffff81000200 d data\n");
  EXPECT_EQ(symbols.find(0xffffffff810000ff).name, "startup_64");
  EXPECT_EQ(symbols.find(0xffffffff81000300).name, "helper");
  EXPECT_FALSE(symbols.hidden());
  EXPECT_TRUE(KernelSymbols("0000000000000000 T startup_64\n").hidden());
}

TEST(CpuList, ReadsRanges) {
  EXPECT_THAT(parse_cpu_list("0-2,5,x,7-8\n"), ElementsAre(0, 1, 2, 5, 7, 8));
  EXPECT_THAT(parse_cpu_list(""), IsEmpty());
}

TEST(Privileges, NamesExactlyWhatIsMissing) {
  constexpr std::uint64_t kBpf = 1ull << 39, kPerfmon = 1ull << 38, kAdmin = 1ull << 21;
  EXPECT_EQ(missing_sentence(kBpf | kPerfmon), "");
  EXPECT_EQ(missing_sentence(kAdmin), "");
  EXPECT_THAT(missing_sentence(kBpf), HasSubstr("(missing: PERFMON)"));
  EXPECT_THAT(missing_sentence(0), HasSubstr("(missing: BPF, PERFMON)"));
}

TEST(KernelCheck, RefusesThoseThatMayFreeze) {
  const struct {
    const char *release, *version;
    bool refused;
  } rows[] = {{"5.15.0-91-generic", "", false},
              {"5.19.0-50-generic", "", true},
              {"6.0.9", "", true},
              {"6.1.35", "", true},
              {"6.1.36", "", false},
              {"6.2.16", "", true},
              {"6.3.9", "", true},
              {"6.3.10", "", false},
              {"6.4.0", "", false},
              {"6.18.44-fc", "", false},
              {"nonsense", "", false},
              {"6.1.0-18-amd64", "#1 SMP Debian 6.1.76-1", false},
              {"6.1.0-3-amd64", "#1 SMP Debian 6.1.8-1", true}};
  for (const auto& row : rows)
    EXPECT_EQ(!kernel_hazard(row.release, row.version).empty(), row.refused) << row.release;
  EXPECT_THAT(kernel_hazard("6.2.0", ""), HasSubstr("no_kernel_version_check = true"));
}

TEST(KernelCheck, SaysWhatIsMissing) {
  EXPECT_EQ(kernel_lack({.release = "6.1.0"}), "");
  EXPECT_EQ(kernel_lack({.release = "5.10.0-33-amd64", .loops = false, .btf = false}),
            "kernel 5.10.0-33-amd64 lacks bpf_loop; 5.17 or newer with BTF is needed");
  EXPECT_THAT(kernel_lack({.release = "6.1.0", .btf = false}), HasSubstr("CONFIG_DEBUG_INFO_BTF"));
  EXPECT_THAT(kernel_lack({.release = "6.1.0", .host_processes = false}), HasSubstr("hostPID: true"));
}

TEST(MappingStore, ReusesWhatSettled) {
  MappingStore store(100);
  const auto a = store.take(40), b = store.take(60);
  ASSERT_TRUE(a && b);
  EXPECT_FALSE(store.take(1));
  store.give_back(*a, 40);
  EXPECT_FALSE(store.take(1)) << "a program may still read it";
  store.settle();
  store.give_back(*b, 60);
  store.settle();
  EXPECT_EQ(store.take(100), 0u) << "the runs join again";
}

TEST(Demangle, HasFourDegrees) {
  const char* sort = "_ZSt6__sortIPiN9__gnu_cxx5__ops15_Iter_less_iterEEvT_S4_T0_";
  EXPECT_EQ(demangled(sort, Demangling::kNone), sort);
  EXPECT_EQ(demangled(sort, Demangling::kSimplified), "std::__sort");
  EXPECT_EQ(demangled(sort, Demangling::kTemplates), "std::__sort<int*, __gnu_cxx::__ops::_Iter_less_iter>");
  EXPECT_EQ(demangled(sort, Demangling::kFull),
            "void std::__sort<int*, __gnu_cxx::__ops::_Iter_less_iter>(int*, int*, "
            "__gnu_cxx::__ops::_Iter_less_iter)");
  EXPECT_EQ(demangled("_ZN4shop3mixEi.cold", Demangling::kFull), "shop::mix(int)");
  EXPECT_EQ(demangled("msort_with_tmp.part.0", Demangling::kFull), "msort_with_tmp.part.0");
}

// Each part names the one before it three times: the whole would have 1.6 GB.
TEST(Demangle, MakesNoMoreThanIsKept) {
  std::string symbol = "_Z1f1aSt4pairIS_S_E";
  for (const char part : std::string("123456789ABCDEFG"))
    symbol += std::string("S1_IS") + part + "_S" + part + "_S" + part + "_E";
  for (const auto how : {Demangling::kSimplified, Demangling::kTemplates, Demangling::kFull})
    EXPECT_LE(demangled(symbol, how).size(), kMaxName);
  EXPECT_TRUE(demangled(symbol, Demangling::kFull)
                  .starts_with("f(a, std::pair<a, a>, std::pair<a, a><std::pair<a, a>, "));
  std::string rust = "_RNvC1a1f";
  EXPECT_EQ(demangled("_RINvC1a1fTuuEE", Demangling::kFull), "a::f::<((), ())>");
  // A tuple of tuples of tuples…
  rust = "_RINvC1a1fTuuE";
  std::size_t before = 8;  // where the last one begins, behind "_R"
  for (int i = 0; i < 40; ++i) {
    constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const std::size_t number = before - 1;  // of base 62, one less
    const std::string reference = std::string("B") +
                                  (number >= 62 ? std::string(1, kDigits[number / 62]) : std::string()) +
                                  kDigits[number % 62] + "_";
    before = rust.size() - 2;
    rust += "T" + reference + reference + "E";
  }
  EXPECT_EQ(demangled(rust + "E", Demangling::kFull).size(), kMaxName);
}

TEST(Demangle, KnowsRust) {
  const char* legacy = "_ZN3std2rt10lang_start28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE";
  const char* v0 = "_RNvCs1234_7mycrate3foo";
  for (const auto how : {Demangling::kSimplified, Demangling::kTemplates, Demangling::kFull}) {
    EXPECT_EQ(demangled(legacy, how), "std::rt::lang_start::{{closure}}");
    EXPECT_EQ(demangled(v0, how), "mycrate::foo");
  }
  EXPECT_EQ(demangled(legacy, Demangling::kNone), legacy);
}

}  // namespace
}  // namespace invar::ebpf
