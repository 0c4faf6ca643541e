#include "component/per_target.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace invar::component {
namespace {

// Targets are the same objects whenever they are asked for again.
class PerTargetTest : public ::testing::Test {
 protected:
  Targets list(const std::string& names) {
    Targets targets;
    for (const char name : names) {
      targets.push_back(known_.try_emplace(name, Target::Map{{"n", std::string(1, name)}}).first->second);
    }
    return targets;
  }
  // The names that had to be made.
  std::string next(const std::string& names) {
    std::string made;
    PerTarget<std::string> after(list(names), current_);
    after.complete([&](const Target& target) {
      made += target.get("n");
      return std::string(target.get("n"));
    });
    EXPECT_EQ(after.missing(), 0U);
    current_ = std::move(after);
    std::string all;
    for (const auto& name : current_.made()) all += name;
    EXPECT_EQ(all, names);
    EXPECT_EQ(current_.targets(), list(names));
    return made;
  }

  std::map<char, Target> known_;
  PerTarget<std::string> current_;
};

TEST_F(PerTargetTest, MakesWhatIsNewAndNothingElse) {
  EXPECT_EQ(next("abcd"), "abcd");
  EXPECT_EQ(next("abcd"), "");
  EXPECT_EQ(next("abxcd"), "x") << "one came";
  EXPECT_EQ(next("abd"), "") << "two went";
  EXPECT_EQ(next("ayd"), "y") << "another in its place";
  EXPECT_EQ(next("aayd"), "a") << "twice";
  EXPECT_EQ(next(""), "");
}

TEST_F(PerTargetTest, AnotherOrderIsMadeAnewButRight) {
  next("abcd");
  EXPECT_EQ(next("dcba"), "cba");
}

TEST_F(PerTargetTest, AnEqualTargetThatIsAnotherObjectIsMadeAnew) {
  next("ab");
  known_.erase('a');
  EXPECT_EQ(next("ab"), "a");
}

}  // namespace
}  // namespace invar::component
