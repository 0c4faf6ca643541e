#include "component/group_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace invar::component {
namespace {

Target target(int address, int version) {
  return Target({{"__address__", std::to_string(address)}, {"version", std::to_string(version)}});
}

std::string text(const Targets& targets) {
  std::string out;
  for (const Target& t : targets) out += t.to_string() + "\n";
  return out;
}

TEST(GroupStore, CountsWhatCameAndWent) {
  GroupStore store;
  EXPECT_EQ(store.set("a", {target(1, 0), target(2, 0)}), 2u);
  EXPECT_EQ(store.set("a", {target(2, 0), target(1, 0)}), 0u) << "another order";
  EXPECT_EQ(store.set("a", {target(1, 0), target(2, 1)}), 2u) << "one went and one came";
  EXPECT_EQ(store.set("b", {target(1, 0)}), 1u);
  EXPECT_EQ(store.replace(Groups{{"b", {target(1, 0)}}}), 2u);
  EXPECT_EQ(store.remove("c"), 0u);
  EXPECT_EQ(store.set("b", {}), 1u);
  EXPECT_EQ(store.source_count(), 0u);
  EXPECT_EQ(store.target_count(), 0u);
}

// Whatever happens in whatever order (changes, deletions, a reconnection that lists everything anew), what is known at the end is
// what a fresh list gives, in content, order and fingerprint.
TEST(GroupStore, EndsWhereAFreshListEnds) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    const auto pick = [&](unsigned n) { return static_cast<int>(random() % n); };
    std::map<std::string, Targets> truth;
    GroupStore store;
    for (int step = 0; step < 100; ++step) {
      const std::string source = "s" + std::to_string(pick(8));
      switch (pick(4)) {
        case 0:
          truth.erase(source);
          store.remove(source);
          break;
        case 1: {  // a reconnection: some of it changed unseen
          truth.erase("s" + std::to_string(pick(8)));
          truth[source] = {target(pick(5), pick(3))};
          store.replace(Groups(truth.begin(), truth.end()));
          break;
        }
        default: {
          Targets targets;
          for (int i = pick(4); i > 0; --i) targets.push_back(target(pick(5), pick(3)));
          if (targets.empty())
            truth.erase(source);
          else
            truth[source] = targets;
          store.set(source, targets);
        }
      }
    }
    GroupStore fresh;
    fresh.replace(Groups(truth.begin(), truth.end()));
    // An unchanged group keeps the order in which it first came: compare sorted within a source.
    const auto sorted = [](const GroupStore& s) {
      std::vector<std::string> lines;
      for (const Target& t : s.targets()) lines.push_back(t.to_string());
      std::ranges::sort(lines);
      return lines;
    };
    ASSERT_EQ(sorted(store), sorted(fresh)) << "seed " << seed;
    ASSERT_EQ(store.fingerprint(), fresh.fingerprint()) << "seed " << seed;
    ASSERT_EQ(store.source_count(), fresh.source_count()) << "seed " << seed;
  }
}

TEST(GroupStore, AListOfAllKeepsTheObjectsOfWhatIsUnchanged) {
  GroupStore store(Groups{{"a", {target(1, 0), target(2, 0)}}, {"b", {target(3, 0)}}});
  const Targets before = store.targets();
  EXPECT_EQ(store.replace(Groups{{"a", {target(1, 0), target(2, 1)}}, {"b", {target(3, 0)}}}), 2u);
  const Targets after = store.targets();
  EXPECT_EQ(after[0].object(), before[0].object());
  EXPECT_EQ(after[1], target(2, 1));
  EXPECT_EQ(after[2].object(), before[2].object());
}

TEST(GroupStore, ListsBySourceThenAsGiven) {
  GroupStore store;
  store.set("b", {target(3, 0)});
  store.set("a", {target(2, 0), target(1, 0)});
  EXPECT_EQ(text(store.targets()), text({target(2, 0), target(1, 0), target(3, 0)}));
}

}  // namespace
}  // namespace invar::component
