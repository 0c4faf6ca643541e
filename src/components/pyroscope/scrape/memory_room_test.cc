#include "components/pyroscope/scrape/memory_room.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "async/testing/test_loop.h"
#include "components/pyroscope/scrape/testing/pool_fixture.h"
#include "fs/testing/memory_fs.h"

namespace invar::components::pyroscope_scrape {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

class Machine {
 public:
  void write(const std::string& path, const std::string& text) {
    ASSERT_TRUE(files->make_directories(path.substr(0, path.find_last_of('/'))));
    ASSERT_TRUE(files->write_file_atomically(path, text, 0644, false));
  }
  void uses(std::uint64_t mib) {
    write("/proc/self/statm", fmt::format("999999 {} 5 1 0 7 0\n",
                                          mib * kMiB / static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))));
  }
  void may_use(std::uint64_t mib) {
    write("/proc/self/cgroup", "0::/\n");
    write("/sys/fs/cgroup/memory.max", fmt::format("{}\n", mib * kMiB));
  }
  std::shared_ptr<fs::FileSystem> files = fs::testing::MemoryFileSystem::create();
};

TEST(ReadMemory, TheLeastLimitOfAllGroupsCounts) {
  Machine machine;
  machine.uses(300);
  EXPECT_EQ(read_memory_blocking(*machine.files).used_bytes, 300 * kMiB);
  EXPECT_FALSE(read_memory_blocking(*machine.files).limit_bytes) << "no control group";
  machine.write("/proc/self/cgroup", "0::/kube/pod7\n");
  machine.write("/sys/fs/cgroup/kube/pod7/memory.max", "max\n");
  EXPECT_FALSE(read_memory_blocking(*machine.files).limit_bytes);
  machine.write("/sys/fs/cgroup/kube/memory.max", "2000\n");
  EXPECT_EQ(read_memory_blocking(*machine.files).limit_bytes, 2000U);
  machine.write("/sys/fs/cgroup/kube/pod7/memory.max", "1000\n");
  EXPECT_EQ(read_memory_blocking(*machine.files).limit_bytes, 1000U);
}

TEST(ReadMemory, TheFirstVersionOfControlGroupsToo) {
  Machine machine;
  machine.write("/proc/self/cgroup", "4:cpu,cpuacct:/a\n3:memory:/b\nrubbish\n");
  machine.write("/sys/fs/cgroup/memory/b/memory.limit_in_bytes", "3000\n");
  EXPECT_EQ(read_memory_blocking(*machine.files).limit_bytes, 3000U);
}

TEST(MemoryRoom, AdmitsNineTenthsOfTheLimitAndLooksAgain) {
  async::testing::TestLoop loop;
  async::testing::InlineWorkerPool pool(loop);
  Machine machine;
  machine.uses(500);
  machine.may_use(1000);
  MemoryRoom room(loop, pool, machine.files, {});
  loop.run_until_idle();
  EXPECT_TRUE(room.admit(300 * kMiB));
  EXPECT_FALSE(room.admit(200 * kMiB)) << "what was admitted counts";
  EXPECT_TRUE(room.admit(100 * kMiB));
  machine.uses(850);
  loop.advance(std::chrono::seconds(2));
  (void)room.admit(0);  // finds that its reading is old
  loop.run_until_idle();
  EXPECT_FALSE(room.admit(100 * kMiB));
  EXPECT_TRUE(room.admit(50 * kMiB));
}

TEST(MemoryRoom, WithoutALimitThereIsAlwaysRoom) {
  async::testing::TestLoop loop;
  async::testing::InlineWorkerPool pool(loop);
  Machine machine;
  machine.uses(500);
  MemoryRoom room(loop, pool, machine.files, {});
  loop.run_until_idle();
  EXPECT_TRUE(room.admit(std::uint64_t{1} << 60));
}

class AdmissionTest : public testing_support::ScrapePoolTest {
 protected:
  AdmissionTest() {
    machine_.files = files_;
    only("memory");
    targets(10);
    arguments_.clustering.enabled = true;
    body_ = testing_support::heap(10, 100);
  }
  Machine machine_;
};

TEST_F(AdmissionTest, WhatThereIsNoMemoryForIsNamedAndCountedAndScrapedLater) {
  machine_.uses(800);
  machine_.may_use(1000);
  start();
  loop_.advance(std::chrono::seconds(7));
  machine_.uses(901);  // what has begun was more than expected
  loop_.advance(std::chrono::seconds(23));
  requests_.clear();
  loop_.advance(std::chrono::seconds(15));
  const std::size_t scraped = requests_.size();
  EXPECT_GT(scraped, 1U);
  const auto waiting = pool_->problems();
  EXPECT_EQ(scraped + waiting.size(), 10U) << "what was begun goes on";
  ASSERT_FALSE(waiting.empty());
  EXPECT_EQ(waiting[0].sentence, "not scraped: this node has no memory left for one more job");
  EXPECT_TRUE(metric(fmt::format(
      "pyroscope_scrape_jobs_without_memory{{component_id=\"pyroscope.scrape.t\"}} {}", waiting.size())));
  EXPECT_TRUE(std::ranges::any_of(
      log_, [](const auto& line) { return line.find("memory is short") != std::string::npos; }));
  machine_.uses(500);
  loop_.advance(std::chrono::seconds(30));
  requests_.clear();
  loop_.advance(std::chrono::seconds(15));
  EXPECT_EQ(requests_.size(), 10U);
  EXPECT_TRUE(pool_->problems().empty());
  EXPECT_TRUE(metric("pyroscope_scrape_jobs_without_memory{component_id=\"pyroscope.scrape.t\"} 0"));
}

TEST_F(AdmissionTest, AnInstanceThatSharesNothingScrapesEverything) {
  arguments_.clustering.enabled = false;
  machine_.uses(990);
  machine_.may_use(1000);
  start();
  loop_.advance(std::chrono::seconds(15));
  EXPECT_EQ(requests_.size(), 10U);
}

}  // namespace
}  // namespace invar::components::pyroscope_scrape
