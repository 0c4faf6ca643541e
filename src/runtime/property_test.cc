// Random graphs of toy components with random edits, reloads, failures and changes from outside; after each step the controller
// is held against a model that computes what must be true. Seeds are fixed: a failure repeats.
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include "base/strings.h"
#include "runtime/testing/rig.h"

namespace invar::runtime {
namespace {

using testing::Rig;

// One toy.sum block. Inputs refer to blocks of smaller rank only, so that the graph has no cycle.
struct Block {
  int value = 0;
  int rank = 0;
  std::set<std::string> inputs;
  std::string fail;
  bool operator==(const Block&) const = default;
};
using Config = std::map<std::string, Block>;

std::string id_of(const std::string& label) {
  return "toy.sum." + label;
}

std::string text_of(const Config& config, std::mt19937& random) {
  std::vector<std::string> blocks;
  for (const auto& [label, block] : config) {
    std::string inputs;
    for (const std::string& input : block.inputs) inputs += fmt::format("{}.sum, ", id_of(input));
    blocks.push_back(fmt::format("toy.sum \"{}\" {{\n  value = {}\n  inputs = [{}]\n  fail = \"{}\"\n}}\n",
                                 label, block.value, inputs, block.fail));
  }
  std::ranges::shuffle(blocks, random);  // the order of the text must not matter
  return join(blocks, "");
}

class Model {
 public:
  // What the controller knows of one block that is in the graph.
  struct Node {
    bool built = false;
    bool update_failed = false;
    std::int64_t sum = 0;
    Block taken;                                   // the arguments it runs with ...
    std::map<std::string, std::int64_t> received;  // ... and the inputs they were made of
  };
  std::map<std::string, Node> nodes;
  Config config;

  // Applies a configuration as a load does; returns the events that it must cause, without their order, and for
  // every built or updated block the others that must come before it.
  std::vector<std::string> apply(const Config& next) {
    std::vector<std::string> events;
    std::erase_if(nodes, [&](const auto& node) {
      if (next.contains(node.first)) return false;
      if (node.second.built) {
        events.push_back("stop " + id_of(node.first));
        events.push_back("destroy " + id_of(node.first));
      }
      return true;
    });
    config = next;
    for (const std::string& label : by_rank()) evaluate(label, events);
    return events;
  }

  // A block publishes a sum by itself; everything downstream follows.
  std::vector<std::string> publish(const std::string& label, std::int64_t sum) {
    std::vector<std::string> events;
    nodes[label].sum = sum;
    std::set<std::string> dirty{label};
    for (const std::string& user : by_rank()) {
      const auto& inputs = config[user].inputs;
      if (std::ranges::none_of(inputs, [&](const auto& input) { return dirty.contains(input); })) continue;
      const std::int64_t before = nodes[user].sum;
      evaluate(user, events);
      if (nodes[user].sum != before) dirty.insert(user);
    }
    return events;
  }

  std::vector<std::string> by_rank() const {
    std::vector<std::string> labels;
    for (const auto& [label, block] : config) labels.push_back(label);
    std::ranges::stable_sort(labels, {}, [&](const auto& label) { return config.at(label).rank; });
    return labels;
  }

 private:
  void evaluate(const std::string& label, std::vector<std::string>& events) {
    const Block& block = config[label];
    Node& node = nodes[label];
    std::map<std::string, std::int64_t> received;
    for (const std::string& input : block.inputs) received[input] = nodes[input].sum;
    if (!node.built) {
      if (block.fail == "build") {
        events.push_back("build failed " + id_of(label));
        return;
      }
      if (block.fail == "update") {  // the toy takes its first arguments the same way
        events.push_back("build " + id_of(label));
        events.push_back("destroy " + id_of(label));
        return;
      }
      node.built = true;
      events.push_back("build " + id_of(label));
      events.push_back("start " + id_of(label));
    } else {
      const bool same = arguments(block, received) == arguments(node.taken, node.received);
      if (same && !node.update_failed) return;
      node.update_failed = block.fail == "update";
      events.push_back((node.update_failed ? "update failed " : "update ") + id_of(label));
      if (node.update_failed) return;
    }
    node.taken = block;
    node.received = received;
    node.sum = block.value;
    for (const auto& [input, sum] : received) node.sum += sum;
  }

  // As the component sees them: values, not where they come from.
  static std::tuple<int, std::vector<std::int64_t>, std::string> arguments(
      const Block& block, const std::map<std::string, std::int64_t>& received) {
    std::vector<std::int64_t> inputs;
    for (const auto& [input, sum] : received) inputs.push_back(sum);
    return {block.value, inputs, block.fail};
  }
};

class Walk {
 public:
  explicit Walk(unsigned seed) : random_(seed) {}

  void run(int steps) {
    Config first;
    for (int i = 0; i < 8; ++i) add(first);
    for (auto& [label, block] : first) block.fail.clear();
    rig_.run(text_of(first, random_));
    const auto events = rig_.toys.take_events();
    check_order(events, first);
    expect_same(model_.apply(first), events, "first load");
    for (int step = 0; step < steps && !::testing::Test::HasFailure(); ++step) {
      switch (random_() % 5) {
        case 0:
          publish();
          break;
        case 1:
          reject();
          break;
        default:
          reload();
          break;
      }
      check(fmt::format("step {}", step));
      rig_.loop.advance(std::chrono::seconds(1));
    }
    rig_.stop();
    check_stop_order(rig_.toys.take_events());
  }

 private:
  void add(Config& config) {
    const std::string label = fmt::format("n{}", random_() % 16);
    if (config.contains(label)) return;
    Block block{.value = static_cast<int>(random_() % 5), .rank = next_rank_++};
    for (const auto& [other, unused] : config)
      if (random_() % 3 == 0 && unused.rank < block.rank) block.inputs.insert(other);
    if (random_() % 10 == 0) block.fail = "build";
    config[label] = block;
  }

  void edit(Config& config) {
    if (config.empty() || random_() % 4 == 0) return add(config);
    auto at = std::next(config.begin(), static_cast<std::ptrdiff_t>(random_() % config.size()));
    Block& block = at->second;
    switch (random_() % 5) {
      case 0: {
        const std::string label = at->first;
        config.erase(at);
        for (auto& [other, user] : config) user.inputs.erase(label);
        break;
      }
      case 1:
        block.value = static_cast<int>(random_() % 5);
        break;
      case 2:
        block.fail = block.fail.empty() ? (random_() % 2 ? "update" : "build") : "";
        break;
      case 3:
        block.inputs.clear();
        break;
      default:
        for (const auto& [other, target] : config)
          if (target.rank < block.rank && random_() % 3 == 0) block.inputs.insert(other);
    }
  }

  void reload() {
    Config next = model_.config;
    for (unsigned edits = random_() % 4; edits > 0; --edits) edit(next);
    const auto result = rig_.reload(text_of(next, random_));
    EXPECT_TRUE(result.applied);
    const auto events = rig_.toys.take_events();
    check_order(events, next);
    expect_same(model_.apply(next), events, "reload");
  }

  void reject() {
    static const char* const kBad[] = {
        "toy.sun \"x\" { }",
        "toy.sum \"x\" { value = toy.sum.none.sum }",
        "x = ",
        "toy.sum \"x\" { value = toy.sum.x.sum }",
        "toy.sum \"x\" { value = toy.sum.y.sum }\ntoy.sum \"y\" { value = toy.sum.x.sum }",
        "toy.sum \"x\" { value = 1 }\ntoy.sum \"x\" { value = 2 }",
        "declare \"declare\" { }"};
    Config next = model_.config;
    edit(next);
    const auto result = rig_.reload(text_of(next, random_) + kBad[random_() % std::size(kBad)] + "\n");
    EXPECT_FALSE(result.applied);
    expect_events({}, "rejected load");
  }

  void publish() {
    std::vector<std::string> built;
    for (const auto& [label, node] : model_.nodes)
      if (node.built) built.push_back(label);
    if (built.empty()) return;
    const std::string label = built[random_() % built.size()];
    const auto sum = static_cast<std::int64_t>(random_() % 50);
    rig_.toys.publish_sum(id_of(label), sum);
    rig_.loop.run_until_idle();
    const auto events = rig_.toys.take_events();
    // The model walks once in order of rank and the controller turn by turn, so that it may pass by a block
    // more often; what counts is who is touched, and where it ends.
    const auto want = model_.publish(label, sum);
    EXPECT_EQ(std::set(events.begin(), events.end()), std::set(want.begin(), want.end()));
  }

  void check(const std::string& when) {
    for (const auto& [label, node] : model_.nodes) {
      EXPECT_EQ(rig_.exported(id_of(label), "sum"), std::to_string(node.sum)) << when << " " << label;
      const bool bad = !node.built || node.update_failed;
      EXPECT_EQ(rig_.health(id_of(label)).substr(0, 9), bad ? "unhealthy" : "healthy: ")
          << when << " " << label;
    }
    EXPECT_EQ(rig_.ids().size(), model_.nodes.size()) << when;
  }

  // Builds and updates come after those of the dependencies; stops before.
  void check_order(const std::vector<std::string>& events, const Config& config) {
    std::map<std::string, std::size_t> place;
    for (std::size_t i = 0; i < events.size(); ++i) place[events[i]] = i;
    const auto before = [&](const std::string& first, const std::string& second) {
      if (!place.contains(first) || !place.contains(second)) return;
      EXPECT_LT(place[first], place[second]) << first << " / " << second;
    };
    for (const auto& [label, block] : config)
      for (const std::string& input : block.inputs)
        for (const char* a : {"build ", "update "}) {
          for (const char* b : {"build ", "update "}) before(a + id_of(input), b + id_of(label));
          before("start " + id_of(input), "start " + id_of(label));
        }
    for (const auto& [label, block] : model_.config)  // the graph before
      for (const std::string& input : block.inputs) before("stop " + id_of(label), "stop " + id_of(input));
  }

  void check_stop_order(const std::vector<std::string>& events) {
    check_order(events, {});
    std::size_t built = 0;
    for (const auto& [label, node] : model_.nodes) built += node.built ? 1 : 0;
    EXPECT_EQ(events.size(), built);
  }

  void expect_events(std::vector<std::string> want, const std::string& when) {
    expect_same(std::move(want), rig_.toys.take_events(), when);
  }
  static void expect_same(std::vector<std::string> want, std::vector<std::string> have,
                          const std::string& when) {
    std::ranges::sort(want);
    std::ranges::sort(have);
    EXPECT_EQ(have, want) << when;
  }

  std::mt19937 random_;
  Rig rig_;
  Model model_;
  int next_rank_ = 0;
};

TEST(ControllerProperties, RandomReloadsKeepTheInvariants) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Walk(seed).run(25);
    if (HasFailure()) return;
  }
}

// Two loads that follow each other without a turn of the loop between them, while components take their time to stop.
TEST(ControllerProperties, OverlappingReloadsEndInTheLastConfiguration) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937 random(seed);
    Rig rig;
    rig.run("");
    std::set<std::string> last;
    for (int round = 0; round < 12; ++round) {
      last.clear();
      std::string text;
      for (int i = 0; i < 5; ++i)
        if (random() % 2 == 0) {
          last.insert(fmt::format("toy.slow.s{}", i));
          text += fmt::format("toy.slow \"s{}\" {{ input = \"{}\" }}\n", i, round);
        }
      rig.load(text);
      if (random() % 2 == 0) rig.loop.run_until_idle();
      for (int i = 0; i < 5; ++i) {
        const std::string id = fmt::format("toy.slow.s{}", i);
        if (random() % 3 == 0 && rig.toys.stop_held(id)) rig.toys.release_stop(id);
      }
    }
    for (int rounds = 0; rounds < 20; ++rounds) {
      rig.loop.run_until_idle();
      for (int i = 0; i < 5; ++i) {
        const std::string id = fmt::format("toy.slow.s{}", i);
        if (rig.toys.stop_held(id)) rig.toys.release_stop(id);
      }
    }
    const auto ids = rig.ids();
    EXPECT_EQ(std::set(ids.begin(), ids.end()), last);
    std::map<std::string, int> running;
    for (const std::string& event : rig.toys.take_events()) {
      if (event.starts_with("start ")) {
        EXPECT_EQ(++running[event.substr(6)], 1) << event;
      }
      if (event.starts_with("destroy ") && running.contains(event.substr(8))) running[event.substr(8)] = 0;
    }
    for (const std::string& id : last) {
      EXPECT_EQ(running[id], 1) << id;
      EXPECT_EQ(rig.exported(id, "output"), "\"11\"") << id;
    }
  }
}

}  // namespace
}  // namespace invar::runtime
