#include "base/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "base/stderr_writer.h"
#include "base/unique_fd.h"

namespace invar::log {
namespace {

using namespace std::chrono_literals;

constexpr UnixNanos kTime = 1787319627123456789;
constexpr char kTs[] = "ts=2026-08-21T13:40:27.123456789Z ";

struct LogTest : ::testing::Test {
  std::string out;
  UnixNanos time = kTime;
  std::shared_ptr<Sink> sink =
      Sink::create([this](std::string_view line) { out += line; }, [this] { return time; });
  Logger logger{sink};

  std::string take() { return std::exchange(out, ""); }
};

TEST_F(LogTest, LogfmtLineHasTheFixedOrder) {
  sink->configure({});
  const Logger bound = logger.with({{"service", "http"}}).with({{"component_id", "local.file.x"}});
  bound.info("text here", {{"key", "value"}, {"n", 3}});
  EXPECT_EQ(take(),
            std::string(kTs) +
                "level=info msg=\"text here\" service=http component_id=local.file.x key=value n=3\n");
}

TEST_F(LogTest, TimestampDropsTrailingZeros) {
  sink->configure({});
  time = 1787319627120000000;
  logger.info("x");
  EXPECT_EQ(take(), "ts=2026-08-21T13:40:27.12Z level=info msg=x\n");
}

TEST_F(LogTest, EmptyMessageIsOmitted) {
  sink->configure({});
  logger.warn("", {{"k", "v"}});
  EXPECT_EQ(take(), std::string(kTs) + "level=warn k=v\n");
  sink->configure({.format = Format::kJson});
  logger.warn("", {{"k", "v"}});
  EXPECT_EQ(take(), "{\"ts\":\"2026-08-21T13:40:27.123456789Z\",\"level\":\"warn\",\"k\":\"v\"}\n");
}

TEST_F(LogTest, LogfmtQuotesOnlyWhatNeedsIt) {
  sink->configure({});
  const struct {
    std::string_view value;
    const char* want;
  } rows[] = {
      {"plain", "plain"},
      {"/a/b?c&d;e\\f", "/a/b?c&d;e\\f"},
      {"ünïcode😀", "ünïcode😀"},
      {"", "\"\""},
      {"two words", "\"two words\""},
      {"say \"hi\"", R"("say \"hi\"")"},
      {"a=b", "\"a=b\""},
      {"line\nbreak\ttab", R"("line\nbreak\ttab")"},
      {std::string_view("nul\0", 4), R"("nul\x00")"},
      {"\x7f", R"("\x7f")"},
      {"bad\xff", R"("bad\xff")"},
      {"\u200b", R"("\u200b")"},
      {"back\\slash here", R"("back\\slash here")"},
  };
  for (const auto& row : rows) {
    logger.info("", {{"k", row.value}});
    EXPECT_EQ(take(), std::string(kTs) + "level=info k=" + row.want + "\n");
  }
}

TEST_F(LogTest, KeysAreCleaned) {
  sink->configure({});
  logger.info("", {{" a b=c\"d\te ", 1}, {"", 2}, {"ok", 3}});
  EXPECT_EQ(take(), std::string(kTs) + "level=info a_b_c_d_e=1 \"\"=2 ok=3\n");
}

TEST_F(LogTest, ValuesOfEveryKind) {
  const auto log = [&] {
    logger.error("m", {{"i", -5},
                       {"u", std::uint64_t{UINT64_MAX}},
                       {"d", 0.25},
                       {"inf", INFINITY},
                       {"b", true},
                       {"took", Duration(1500ms)},
                       {"err", Error{ErrorCode::kTimeout, "no answer in 5s"}}});
  };
  sink->configure({});
  log();
  EXPECT_EQ(take(), std::string(kTs) +
                        "level=error msg=m i=-5 u=18446744073709551615 d=0.25 inf=+Inf b=true took=1.5s "
                        "err=\"no answer in 5s\"\n");
  sink->configure({.format = Format::kJson});
  log();
  EXPECT_EQ(
      take(),
      R"({"ts":"2026-08-21T13:40:27.123456789Z","level":"error","msg":"m","i":-5,"u":18446744073709551615,"d":0.25,)"
      R"("inf":"+Inf","b":true,"took":1500000000,"err":"no answer in 5s"})"
      "\n");
}

TEST_F(LogTest, JsonEscapes) {
  sink->configure({.format = Format::kJson});
  logger.info("q\"b\\n\n\r\t\x01\xff é", {{"a b", "x"}});
  EXPECT_EQ(take(),
            "{\"ts\":\"2026-08-21T13:40:27.123456789Z\",\"level\":\"info\","
            "\"msg\":\"q\\\"b\\\\n\\n\\r\\t\\u0001\\ufffd é\",\"a_b\":\"x\"}\n");
}

TEST_F(LogTest, LevelFiltersAndChangesAtOnceForExistingLoggers) {
  sink->configure({.level = Level::kWarn});
  EXPECT_FALSE(logger.enabled(Level::kInfo));
  EXPECT_TRUE(logger.enabled(Level::kWarn));
  logger.debug("d");
  logger.info("i");
  EXPECT_EQ(take(), "");
  logger.warn("w");
  EXPECT_NE(take(), "");
  sink->configure({.level = Level::kDebug, .format = Format::kJson});
  logger.debug("d");
  EXPECT_EQ(take(), "{\"ts\":\"2026-08-21T13:40:27.123456789Z\",\"level\":\"debug\",\"msg\":\"d\"}\n");
}

TEST_F(LogTest, RecordsWaitForTheFirstConfigurationAndAreThenFiltered) {
  logger.debug("d");
  logger.with({{"a", 1}}).info("i");
  time += 1'000'000'000;
  logger.error("e");
  EXPECT_EQ(out, "");
  EXPECT_TRUE(logger.enabled(Level::kDebug));  // nobody knows yet
  sink->configure({});
  EXPECT_EQ(take(),
            std::string(kTs) + "level=info msg=i a=1\nts=2026-08-21T13:40:28.123456789Z level=error msg=e\n");
  sink->configure({});
  EXPECT_EQ(out, "");
}

TEST_F(LogTest, FailedStartShowsTheWarningsThatWereBuffered) {
  logger.info("i");
  logger.warn("w");
  sink->flush_buffered();
  EXPECT_EQ(take(), std::string(kTs) + "level=warn msg=w\n");
  sink->flush_buffered();
  EXPECT_EQ(take(), "");
}

TEST_F(LogTest, BufferIsBoundedAndSaysWhatIsMissing) {
  for (int i = 0; i < 20'000; ++i) logger.info("early", {{"i", i}});
  sink->configure({});
  EXPECT_TRUE(
      out.starts_with(std::string(kTs) + "level=warn msg=\"early log records dropped\" count=3616\n"));
  EXPECT_TRUE(out.ends_with(" i=19999\n"));
}

TEST_F(LogTest, TapSeesEveryLineUntilRemoved) {
  std::string tapped;
  sink->set_tap([&](std::string_view line) { tapped += line; });
  sink->configure({});
  logger.info("a");
  EXPECT_EQ(tapped, out);
  sink->set_tap({});
  logger.info("b");
  EXPECT_NE(tapped, out);
}

TEST_F(LogTest, DefaultLoggerDiscards) {
  const Logger none;
  EXPECT_FALSE(none.enabled(Level::kError));
  none.with({{"a", 1}}).error("nobody hears");
}

TEST_F(LogTest, ThreadsWriteWholeLines) {
  sink->configure({});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 200; ++i) logger.info("m", {{"t", t}});
    });
  }
  for (int i = 0; i < 50; ++i) sink->configure({.format = i % 2 ? Format::kJson : Format::kLogfmt});
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::ranges::count(out, '\n'), 800);
}

struct Pipe {
  UniqueFd read_end, write_end;
  Pipe() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
  }
  std::string drain() const {
    std::string all(1 << 17, '\0');
    const ssize_t got = ::read(read_end.get(), all.data(), all.size());
    all.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return all;
  }
};

TEST(DescriptorWriter, UnreadPipeDropsLinesInsteadOfBlocking) {
  const Pipe pipe;
  DescriptorWriter writer(pipe.write_end.get(), 1);
  const std::string line = std::string(999, 'x') + "\n";
  for (int i = 0; i < 100; ++i) writer.write(line);  // more than a pipe holds
  EXPECT_GT(writer.dropped(), 0u);
  const std::string before = pipe.drain();
  EXPECT_EQ(before.find("dropped"), std::string::npos);
  const std::uint64_t dropped = writer.dropped();
  writer.write("after\n");
  const std::string after = pipe.drain();
  EXPECT_TRUE(after.ends_with("level=warn msg=\"log lines dropped: nobody reads the log\" count=" +
                              std::to_string(dropped) + "\nafter\n"))
      << after;
  EXPECT_EQ(writer.dropped(), dropped);
}

TEST(DescriptorWriter, LineLongerThanThePipeBufferArrivesWhole) {
  const Pipe pipe;
  DescriptorWriter writer(pipe.write_end.get());
  const std::string line = std::string(40'000, 'y') + "\n";
  writer.write(line);
  EXPECT_EQ(pipe.drain(), line);
}

TEST(DescriptorWriter, SocketThatIsFullOrClosedDropsLines) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd near(ends[0]);
  UniqueFd far(ends[1]);
  DescriptorWriter writer(near.get(), 1);
  const std::string line = std::string(3999, 'z') + "\n";
  for (int i = 0; i < 500 && writer.dropped() == 0; ++i) writer.write(line);
  EXPECT_GT(writer.dropped(), 0u);
  far.reset();
  writer.write(line);  // no SIGPIPE
}

}  // namespace
}  // namespace invar::log
