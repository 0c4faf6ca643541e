#include "symbols/symbolizer.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

namespace invar::symbols {
namespace {

[[gnu::noinline]] int looked_for(int x) {
  return x * 3 + 1;
}
const auto kAddress = reinterpret_cast<std::uintptr_t>(&looked_for);

// A process of its own with this program's code at the same addresses.
class Child {
 public:
  Child() : pid_(fork()) {
    if (pid_ == 0) {
      for (;;) pause();
    }
  }
  ~Child() { end(); }
  void end() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
};

TEST(Symbolizer, NamesAFunctionOfThisProcess) {
  Symbolizer symbolizer(getpid());
  const auto places = symbolizer.lookup({kAddress});
  const Place& place = *places.at(kAddress);
  EXPECT_TRUE(place.frames.back().name.ends_with("looked_for")) << place.frames.back().name;
  EXPECT_TRUE(place.frames.back().file.ends_with("symbolizer_test.cc")) << place.frames.back().file;
  EXPECT_GT(place.frames.back().line, 0);
  ASSERT_TRUE(place.module);
  EXPECT_EQ(place.module->path, std::filesystem::read_symlink("/proc/self/exe"));
  EXPECT_LE(place.module->start, kAddress);
  EXPECT_GT(place.module->limit, kAddress);
}

TEST(Symbolizer, NamesFunctionsOfAnotherProcess) {
  const Child child;
  Symbolizer symbolizer(child.pid());
  const auto in_libc = reinterpret_cast<std::uintptr_t>(&::getpid);
  const auto places = symbolizer.lookup({kAddress, in_libc});
  EXPECT_TRUE(places.at(kAddress)->frames.back().name.ends_with("looked_for"));
  EXPECT_NE(places.at(in_libc)->frames.back().name.find("getpid"), std::string::npos);
  ASSERT_TRUE(places.at(in_libc)->module);
  EXPECT_NE(places.at(in_libc)->module->path.find("libc"), std::string::npos);
  EXPECT_GE(places.at(in_libc)->module->build_id.size(), 16u);
}

TEST(Symbolizer, WhatWasAskedBeforeOutlivesTheProcess) {
  Child child;
  Symbolizer symbolizer(child.pid());
  const auto before = symbolizer.lookup({kAddress});
  child.end();
  EXPECT_EQ(symbolizer.lookup({kAddress}).at(kAddress), before.at(kAddress));
  const auto later = symbolizer.lookup({kAddress + 1});
  EXPECT_EQ(later.at(kAddress + 1)->frames.at(0).name, "[unknown]");
  EXPECT_FALSE(later.at(kAddress + 1)->module);
}

TEST(Symbolizer, AnAddressInNoFileIsUnknown) {
  Symbolizer symbolizer(getpid());
  const auto places = symbolizer.lookup({1});
  EXPECT_EQ(places.at(1)->frames.at(0).name, "[unknown]");
  EXPECT_FALSE(places.at(1)->module);
}

}  // namespace
}  // namespace invar::symbols
