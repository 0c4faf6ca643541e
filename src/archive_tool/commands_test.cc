#include "archive_tool/commands.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "archive_tool/testing/tool_test.h"
#include "base/strings.h"
#include "pprof/testing/random_profile.h"

namespace invar::archive_tool {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace archive_tool::testing;

const pprof::Profile kCpu = profile_of({{"samples", "count"}, {"cpu", "nanoseconds"}},
                                       {"main;work 3 30000000", "main;idle 1 10000000"});
const pprof::Profile kHeap = profile_of({{"inuse_space", "bytes"}}, {"main;make 4096"});

class Commands : public ToolTest {
 protected:
  // Three profiles a minute apart, of two types and services.
  void fill() {
    cpu_api_ = store({{"__name__", "process_cpu"}, {"service_name", "api"}, {"zone", "eu"}}, kStart, kCpu);
    heap_api_ = store({{"__name__", "memory"}, {"service_name", "api"}}, kStart + 60 * kSecond, kHeap);
    cpu_web_ = store({{"__name__", "process_cpu"}, {"service_name", "web"}}, kStart + 120 * kSecond, kCpu);
  }
  std::string list(Selection selection) {
    EXPECT_EQ(ls(environment_, {.selection = std::move(selection), .json = true}), 0) << err();
    std::string names;
    const std::string text = out();
    for (const auto& [path, name] :
         {std::pair{cpu_api_, "cpu_api "}, {heap_api_, "heap_api "}, {cpu_web_, "cpu_web "}}) {
      if (text.contains(path)) names += name;
    }
    return names;
  }
  std::uint64_t bytes_of(const std::string& path) { return disk_->stat(path)->size_bytes; }
  std::string message(const Result<int>& result) { return result ? "" : result.error().message; }
  std::string cpu_api_, heap_api_, cpu_web_;
};

TEST_F(Commands, LsIsATable) {
  fill();
  ASSERT_EQ(ls(environment_, {.selection = archive_}), 0);
  const auto size = [&](const std::string& path) { return fmt::format("{:>8} B", bytes_of(path)); };
  EXPECT_EQ(out(),
            "TAKEN (UTC)                SIZE  TYPE         SERVICE  FILE                                     "
            "   LABELS\n"
            "2026-09-10 00:26:40  " +
                size(cpu_api_) + "  process_cpu  api      " + cpu_api_.substr(9) +
                "  {zone=\"eu\"}\n"
                "2026-09-10 00:27:40  " +
                size(heap_api_) + "  memory       api      " + heap_api_.substr(9) +
                "  {}\n"
                "2026-09-10 00:28:40  " +
                size(cpu_web_) + "  process_cpu  web      " + cpu_web_.substr(9) + "  {}\n");
  EXPECT_EQ(err(),
            fmt::format("3 profiles, {} B\n", bytes_of(cpu_api_) + bytes_of(heap_api_) + bytes_of(cpu_web_)));
}

TEST_F(Commands, LsFitsTheTerminal) {
  store({{"__name__", "a_type_with_a_very_long_name_indeed"},
         {"service_name", "an/even/longer/name/of/a/service"},
         {"zone", std::string(100, 'z')}},
        kStart, kCpu);
  for (const std::size_t columns : {80, 100, 120, 200}) {
    environment_.columns = columns;
    ASSERT_EQ(ls(environment_, {.selection = archive_}), 0);
    std::string text = out();
    for (std::size_t at = 0; (at = text.find("…", at)) != std::string::npos;) text.replace(at, 3, ".");
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      EXPECT_LE(end - at, std::max<std::size_t>(columns, 92)) << columns << "\n" << text;
      at = end + 1;
    }
  }
}

TEST_F(Commands, LsSortsAndLimits) {
  fill();
  const auto names = [&](LsOptions options) {
    options.selection = archive_;
    options.json = true;
    EXPECT_EQ(ls(environment_, options), 0);
    std::string order;
    const std::string text = out();
    for (const std::string_view line : split(text, '\n')) {
      for (const auto& [path, letter] : {std::pair{cpu_api_, 'a'}, {heap_api_, 'h'}, {cpu_web_, 'w'}}) {
        if (line.contains(path)) order += letter;
      }
    }
    return order;
  };
  EXPECT_EQ(names({}), "ahw");
  EXPECT_EQ(names({.reverse = true}), "wha");
  EXPECT_EQ(names({.limit = 2}), "ah");
  EXPECT_EQ(names({.reverse = true, .limit = 1}), "w");
  EXPECT_EQ(names({.sort = "size"}), "awh");
  EXPECT_EQ(names({.sort = "type"}), "haw");
  EXPECT_EQ(names({.sort = "service"}), "ahw");
  EXPECT_EQ(names({.sort = "name", .reverse = true}), "wha");
  EXPECT_EQ(message(ls(environment_, {.selection = archive_, .sort = "colour"})),
            "invalid argument \"colour\" for \"--sort\" flag: choose time, size, type, service or name");
}

TEST_F(Commands, EveryWayToSelect) {
  fill();
  const auto select = [&](std::string selector, std::string since = "", std::string until = "",
                          std::string type = "") {
    return list(
        {.paths = {"/archive"}, .selector = selector, .since = since, .until = until, .sample_type = type});
  };
  EXPECT_EQ(select(""), "cpu_api heap_api cpu_web ");
  EXPECT_EQ(select("{service_name=\"api\"}"), "cpu_api heap_api ");
  EXPECT_EQ(select("{zone!~\".+\"}"), "heap_api cpu_web ");
  EXPECT_EQ(select("", "2026-09-10 00:27"), "heap_api cpu_web ");
  EXPECT_EQ(select("", "", "2026-09-10T00:28:40Z"), "cpu_api heap_api ");
  EXPECT_EQ(select("", "59m"), "heap_api cpu_web ");
  EXPECT_EQ(select("", "59m30s", "58m30s"), "heap_api ");
  EXPECT_EQ(select("", "", "", "inuse_space"), "heap_api ");
  EXPECT_EQ(select("", "", "", "cpu:nanoseconds"), "cpu_api cpu_web ");
  EXPECT_EQ(select("", "", "", "cpu:count"), "");
  EXPECT_EQ(list({.paths = {heap_api_, cpu_web_}}), "heap_api cpu_web ");

  const auto refuse = [&](Selection selection) {
    return message(ls(environment_, {.selection = std::move(selection)}));
  };
  EXPECT_THAT(refuse({.paths = {"/archive"}, .selector = "{a"}), HasSubstr("at character 3"));
  EXPECT_THAT(refuse({.paths = {"/archive"}, .since = "soon"}), HasSubstr("invalid time \"soon\""));
  EXPECT_EQ(refuse({.paths = {"/archive"}, .since = "1h", .until = "2h"}), "--since is not before --until");
  EXPECT_THAT(refuse({.paths = {"/missing"}}), HasSubstr("/missing"));
}

TEST_F(Commands, JsonHasEverything) {
  store({{"__name__", "x"}, {"quo\"te", "a\nb"}}, kStart + 5, kCpu);
  ASSERT_EQ(ls(environment_, {.selection = archive_, .json = true}), 0);
  EXPECT_THAT(out(), HasSubstr("\"taken\":\"2026-09-10T00:26:40.000000005Z\",\"bytes\":"));
  ASSERT_EQ(ls(environment_, {.selection = archive_, .json = true}), 0);
  EXPECT_THAT(
      out(),
      HasSubstr(
          R"("kind":"pprof","labels":{"__name__":"x","quo\"te":"a\nb"},"origin":"pyroscope.fsdump.a"})"));
  EXPECT_EQ(err(), "");
}

TEST_F(Commands, ForeignFilesAreLeftOutAndPlainProfilesTaken) {
  fill();
  write("/archive/notes.txt", "hello");
  write("/archive/.invar-archive.lock", "");
  write("/archive/heap.pprof", pprof::serialize(kHeap));
  ASSERT_EQ(ls(environment_, {.selection = archive_}), 0) << err();
  const std::string text = out();
  EXPECT_THAT(text, HasSubstr("heap.pprof"));
  EXPECT_THAT(text, Not(HasSubstr("notes.txt")));
  EXPECT_EQ(list({.paths = {"/archive"}, .selector = "{service_name=\"api\"}"}), "cpu_api heap_api ");
  // Named by itself a file is always looked at.
  EXPECT_EQ(ls(environment_, {.selection = {.paths = {"/archive/notes.txt"}}}), 1);
  EXPECT_THAT(err(), HasSubstr("/archive/notes.txt: "));
}

TEST_F(Commands, ShowTellsWhatIsInAFile) {
  fill();
  ASSERT_EQ(show(environment_, {.paths = {cpu_api_}}), 0) << err();
  const std::size_t raw = pprof::serialize(kCpu).size();
  EXPECT_EQ(out(), cpu_api_ + fmt::format(R"(
  kind      pprof profile
  taken     2026-09-10T00:26:40Z
  size      {} B in the file, {} B as it arrived, gzip
  origin    pyroscope.fsdump.a
  labels    __name__ = "process_cpu"
            service_name = "api"
            zone = "eu"
  profile   2 samples, 3 functions, {} B unpacked
  duration  10.0 s
  totals    samples/count  4
            cpu/nanoseconds  40.0 ms (40000000)
)",
                                          bytes_of(cpu_api_),
                                          pprof::testing::gzipped(pprof::serialize(kCpu)).size(), raw));
  const std::string ingest = store({{"__name__", "x"}}, kStart, "main;serve 12", archive::Kind::kIngest);
  ASSERT_EQ(show(environment_, {.paths = {ingest}}), 0) << err();
  const std::string shown = out();
  EXPECT_THAT(shown, HasSubstr("  request   /ingest?name=x\n"));
  EXPECT_THAT(shown, HasSubstr("  contains  process_cpu\n"));
}

TEST_F(Commands, CatRestoresTheOriginal) {
  const std::string body = pprof::testing::gzipped(pprof::serialize(kCpu)), plain = pprof::serialize(kHeap);
  const std::string first = store({{"__name__", "x"}}, kStart, body);
  store({{"__name__", "x"}}, kStart + 1, plain);
  store({{"__name__", "x"}}, kStart + 2, "JFR\0anything", archive::Kind::kIngest);
  ASSERT_EQ(cat(environment_, {.paths = {first}}), 0);
  EXPECT_EQ(out(), body);
  ASSERT_EQ(cat(environment_, archive_), 0);
  EXPECT_EQ(out(), body + plain + "JFR\0anything");
}

TEST_F(Commands, VerifyFindsDamageAnywhere) {
  fill();
  store({{"__name__", "x"}}, kStart, "some body", archive::Kind::kIngest);
  EXPECT_EQ(verify(environment_, archive_, false), 0) << err();
  EXPECT_THAT(out(), HasSubstr("4 files are good"));
  const auto whole = disk_->read_file(cpu_api_);
  ASSERT_TRUE(whole);
  for (std::size_t at = 0; at < whole->size(); ++at) {
    if (at >= 4 && at < 10) continue;       // time, level and system mean nothing
    if (at == 17) continue;                 // flags that do not exist yet
    if (at == whole->size() - 9) continue;  // bits behind the end of the deflate stream
    std::string damaged = *whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    write(cpu_api_, damaged);
    const auto status = verify(environment_, archive_, true);
    ASSERT_TRUE(status);
    EXPECT_EQ(*status, 1) << "byte " << at;
    EXPECT_THAT(err(), HasSubstr(cpu_api_)) << at;
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, std::size_t{60}, whole->size() - 1}) {
    write(cpu_api_, whole->substr(0, size));
    EXPECT_EQ(verify(environment_, archive_, true), 1) << size;
    EXPECT_THAT(err(), HasSubstr(cpu_api_)) << size;
  }
  EXPECT_EQ(out(), "");
}

TEST_F(Commands, OtherCommandsGoOnBehindADamagedFile) {
  fill();
  write(cpu_api_, "short");
  EXPECT_EQ(ls(environment_, {.selection = archive_}), 1);
  EXPECT_THAT(err(), HasSubstr(cpu_api_));
  EXPECT_THAT(out(), HasSubstr(cpu_web_.substr(9)));
  EXPECT_EQ(show(environment_, archive_), 1);
  EXPECT_THAT(out(), HasSubstr(cpu_web_));
}

TEST_F(Commands, PruneByAgeSizeAndSelector) {
  fill();
  write("/archive/notes.txt", "hello");
  write("/archive/heap.pprof", pprof::serialize(kHeap));
  const auto exists = [&](const std::string& path) { return disk_->stat(path).has_value(); };

  EXPECT_THAT(message(prune(environment_, {.selection = archive_})), HasSubstr("say what to remove"));
  EXPECT_THAT(message(prune(environment_, {.selection = archive_, .max_size = "ten"})),
              HasSubstr("invalid size"));

  ASSERT_EQ(prune(environment_, {.selection = archive_, .older_than = "59m", .dry_run = true}), 0);
  EXPECT_EQ(out(),
            fmt::format("2026-09-10 00:26:40  {0} B  {1}\nwould remove 1 of 1 profiles, {0} B; 0 B stay\n",
                        bytes_of(cpu_api_), cpu_api_));
  EXPECT_TRUE(exists(cpu_api_));

  const std::uint64_t first = bytes_of(cpu_api_), others = bytes_of(heap_api_) + bytes_of(cpu_web_);
  ASSERT_EQ(prune(environment_, {.selection = archive_, .max_size = fmt::to_string(others + 10)}), 0);
  EXPECT_EQ(out(), fmt::format("removed 1 of 3 profiles, {} B; {} B stay\n", first, others));
  EXPECT_FALSE(exists(cpu_api_));

  Selection memory = archive_;
  memory.selector = "memory";
  ASSERT_EQ(prune(environment_, {.selection = memory}), 0);
  EXPECT_FALSE(exists(heap_api_));
  EXPECT_TRUE(exists(cpu_web_));

  ASSERT_EQ(prune(environment_, {.selection = archive_, .older_than = "1m"}), 0);
  EXPECT_FALSE(exists(cpu_web_));
  EXPECT_TRUE(exists("/archive/notes.txt"));
  EXPECT_TRUE(exists("/archive/heap.pprof"));
}

}  // namespace
}  // namespace invar::archive_tool
