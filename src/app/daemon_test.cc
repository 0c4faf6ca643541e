// The daemon as a whole: start, reload, stop, in virtual time.
#include "app/daemon.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/testing/virtual_daemon.h"

namespace invar::app {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::VirtualDaemon;

constexpr std::string_view kTwoTargets = R"(
pyroscope.write "w" { endpoint { url = "http://pyroscope:4040" } }
pyroscope.scrape "s" {
  targets    = [{"__address__" = "a:80"}, {"__address__" = "b:80"}]
  forward_to = [pyroscope.write.w.receiver]
}
)";

TEST(Daemon, StartsServesAndStops) {
  VirtualDaemon invar;
  ASSERT_EQ(invar.start(kTwoTargets), "");
  EXPECT_EQ(invar.get("/-/ready").status, 200);
  EXPECT_THAT(invar.get("/api/v0/web/components").body, HasSubstr("pyroscope.scrape.s"));
  EXPECT_TRUE(invar.stop());
  EXPECT_THAT(invar.network.listening(), IsEmpty());
}

TEST(Daemon, ASecondOneOnTheSameStorageIsRefused) {
  VirtualDaemon invar;
  const auto lock =
      (static_cast<void>(invar.disk->make_directories("/storage")), invar.disk->lock("/storage/lock"));
  ASSERT_TRUE(lock);
  EXPECT_THAT(invar.start(kTwoTargets), HasSubstr("another Invar uses this storage directory"));
}

TEST(Daemon, AMistakeInTheFirstConfigurationIsADiagnostic) {
  VirtualDaemon invar;
  EXPECT_THAT(invar.start("pyroscope.write \"w\" { nonsense = 1 }\n"),
              HasSubstr("/etc/invar/config.alloy:1:23: unrecognized attribute name \"nonsense\""));
}

TEST(Daemon, AnAddressInUseIsNamed) {
  VirtualDaemon invar;
  const auto other = invar.network.listen()({}, {.listen_address = VirtualDaemon::kAddress}, {});
  ASSERT_TRUE(other);
  EXPECT_THAT(invar.start(kTwoTargets), HasSubstr("failed to listen on 127.0.0.1:12345"));
}

TEST(Daemon, ModulePathIsTheDirectoryOfTheConfiguration) {
  const auto memory = fs::testing::MemoryFileSystem::create();
  ASSERT_TRUE(memory->make_directories("/etc"));
  for (const char* path : {"config.alloy", "/etc/config.alloy"})
    ASSERT_TRUE(memory->write_file_atomically(path, "", 0644, false));
  EXPECT_EQ(read_config(*memory, "/etc/config.alloy", runtime::Reading::kFirst)->module_path, "/etc");
  EXPECT_EQ(read_config(*memory, "/etc", runtime::Reading::kFirst)->module_path, "/etc");
  EXPECT_EQ(read_config(*memory, "config.alloy", runtime::Reading::kFirst)->module_path, ".");
}

TEST(Reload, IsAnsweredWhenTheFileHasBeenReadAndApplied) {
  VirtualDaemon invar;
  ASSERT_EQ(invar.start(kTwoTargets), "");
  invar.disk_pool.set_paused(true);  // a disk that does not answer
  invar.write_file(VirtualDaemon::kConfigPath, "");
  const auto answer = invar.network.send(VirtualDaemon::kAddress, {.method = "POST", .target = "/-/reload"});
  invar.loop.advance(seconds(30));
  EXPECT_FALSE(answer->has_value());
  EXPECT_THAT(invar.get("/api/v0/web/components").body, HasSubstr("pyroscope.scrape.s"))
      << "the rest goes on";

  invar.disk_pool.set_paused(false);
  invar.loop.run_until_idle();
  ASSERT_TRUE(answer->has_value());
  EXPECT_EQ((*answer)->status, 200);
  EXPECT_EQ(invar.get("/api/v0/web/components").body, "[]");
}

TEST(Reload, AskedForWhileOneIsUnderWaySeesTheFileAsItIsThen) {
  VirtualDaemon invar;
  ASSERT_EQ(invar.start(kTwoTargets), "");
  invar.disk_pool.set_paused(true);
  const auto ask = [&] {
    return invar.network.send(VirtualDaemon::kAddress, {.method = "POST", .target = "/-/reload"});
  };
  const auto first = ask();
  const auto second = ask();
  const auto third = ask();
  invar.disk_pool.set_paused(false);
  invar.loop.post([&] { invar.write_file(VirtualDaemon::kConfigPath, "nonsense"); });
  invar.loop.run_until_idle();
  EXPECT_EQ((*first)->status, 200);
  EXPECT_EQ((*second)->status, 400);
  EXPECT_EQ((*third)->status, 400);
}

TEST(Reload, ARefusedOneKeepsThePreviousConfiguration) {
  VirtualDaemon invar;
  ASSERT_EQ(invar.start(kTwoTargets), "");
  EXPECT_THAT(invar.reload("pyroscope.write {"), HasSubstr("config.alloy:1:"));
  EXPECT_THAT(invar.get("/api/v0/web/components").body, HasSubstr("pyroscope.scrape.s"));
  EXPECT_THAT(invar.get("/").body, HasSubstr("The last reload was refused"));
  EXPECT_EQ(invar.reload(kTwoTargets), "");
  EXPECT_THAT(invar.get("/").body, ::testing::Not(HasSubstr("The last reload")));
}

TEST(Reload, DuringAStopChangesNothing) {
  VirtualDaemon invar;
  ASSERT_EQ(invar.start(kTwoTargets), "");
  const auto answer = invar.network.send(VirtualDaemon::kAddress, {.method = "POST", .target = "/-/reload"});
  EXPECT_TRUE(invar.stop());
  ASSERT_TRUE(answer->has_value());
  EXPECT_THAT((*answer)->body, HasSubstr("shutting down"));
}

// What runs may not wait for a disk on the loop's thread: every access is a job of the disk pool.
TEST(Loop, IsNotHeldUpByTheDiskWhileTheConfigurationIsReadAgain) {
  VirtualDaemon invar;
  ASSERT_EQ(invar.start(kTwoTargets), "");
  ASSERT_EQ(invar.reload(std::string(kTwoTargets) + "logging { level = \"debug\" }\n"), "");
  EXPECT_THAT(invar.reload("nonsense"), HasSubstr("expected block label"));
  EXPECT_THAT(invar.off_loop->offences(), IsEmpty());
}

TEST(Loop, IsNotHeldUpByTheDiskWhileProfilesAreScrapedQueuedAndSpilled) {
  VirtualDaemon invar;
  ASSERT_EQ(invar.start(kTwoTargets), "");
  invar.http->set_handler([](const http::Request&) { return http::testing::answer(503, "", ""); });
  invar.loop.advance(seconds(120));
  EXPECT_TRUE(invar.stop());
  EXPECT_THAT(invar.off_loop->offences(), IsEmpty());
}

// What a configuration names is touched once when it is loaded, so that it can be refused then: a few calls, whatever it holds. The rest is
// read on the disk pool.
TEST(Loop, OpensAnArchiveOfManyFilesWithAFewCallsAndCountsThemElsewhere) {
  VirtualDaemon invar;
  ASSERT_EQ(invar.start(""), "");
  for (int i = 0; i < 1000; ++i)
    invar.write_file(fmt::format("/archive/01900000-0000-7000-8000-{:012x}.pb.gz", i), "x");
  ASSERT_EQ(invar.reload("pyroscope.fsdump \"a\" {\n target_directory = \"/archive\"\n sync = true\n}\n"),
            "");
  invar.loop.advance(seconds(1));
  EXPECT_THAT(invar.off_loop->offences(),
              ElementsAre("make_directories /archive", "stat /archive", "lock /archive/.invar-archive.lock",
                          "truncate /archive/.invar-archive.lock", "append /archive/.invar-archive.lock"));
  EXPECT_THAT(invar.get("/metrics").body, HasSubstr("pyroscope_fsdump_current_size_bytes{component_id="
                                                    "\"pyroscope.fsdump.a\",component_path=\"/\"} 1000\n"));
}

// Targets in files, files by pattern, modules: what changes while they are followed is read on the disk pool.
TEST(Loop, FollowsFilesElsewhere) {
  VirtualDaemon invar;
  ASSERT_EQ(invar.start(""), "");
  invar.write_file("/targets/a.json", R"([{"targets": ["a:80"]}])");
  invar.write_file("/logs/a", "x");
  invar.write_file("/modules/m.alloy", "declare \"d\" { }\n");
  ASSERT_EQ(invar.reload(R"(
discovery.file "f" { files = ["/targets/*.json"] }
local.file_match "m" { path_targets = [{"__path__" = "/logs/*"}] }
import.file "i" { filename = "/modules/m.alloy" }
i.d "x" { }
)"),
            "");
  invar.loop.advance(seconds(1));
  invar.off_loop->forget_offences();
  invar.write_file("/targets/a.json", R"([{"targets": ["b:80"]}])");
  invar.write_file("/logs/b", "x");
  invar.write_file("/modules/m.alloy", "declare \"d\" {\n  discovery.file \"inner\" { files = [] }\n}\n");
  invar.loop.advance(seconds(600));
  EXPECT_THAT(invar.get("/api/v0/web/components/discovery.file.f").body, HasSubstr("b:80"));
  EXPECT_THAT(invar.get("/api/v0/web/components/local.file_match.m").body, HasSubstr("/logs/b"));
  EXPECT_THAT(invar.get("/api/v0/web/modules/i.d.x/components").body, HasSubstr("discovery.file.inner"));
  EXPECT_THAT(invar.off_loop->offences(), IsEmpty());
}

TEST(Loop, ReadsALargeLocalFileElsewhere) {
  VirtualDaemon invar;
  ASSERT_EQ(invar.start(""), "");
  invar.write_file("/data/large", std::string(std::size_t{64} << 20, 'x'));
  ASSERT_EQ(invar.reload("local.file \"l\" {\n filename = \"/data/large\"\n}\n"), "");
  invar.loop.advance(seconds(1));
  EXPECT_THAT(invar.off_loop->offences(), ElementsAre("stat /data/large"));
  EXPECT_THAT(invar.get("/metrics").body, HasSubstr("local_file_timestamp_last_accessed_unix_seconds"));
}

}  // namespace
}  // namespace invar::app
