// Random trees of modules with random edits: after every reload the controller must be as one that was started with the same text,
// and nothing that was there before may have been made anew. Seeds are fixed: a failure repeats.
#include <fmt/core.h>

#include <map>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include "runtime/testing/rig.h"

namespace invar::runtime {
namespace {

using testing::printed;
using testing::Rig;

// Declares of rank r are made of sums, of instances of declares of a smaller rank or of one that is written in their body, and of a
// foreach over either. The root has them all twice: its own, and imported as `lib`.
class Text {
 public:
  explicit Text(unsigned seed) : random_(seed) {
    for (int rank = 0; rank < kRanks; ++rank) bodies_.push_back(body(rank));
    root_ = body(kRanks);
  }

  void edit() {
    const int rank = pick(kRanks + 1);
    (rank == kRanks ? root_ : bodies_[static_cast<std::size_t>(rank)]) = body(rank);
  }

  std::string text() {
    std::vector<std::string> parts;
    std::string library;
    for (int rank = 0; rank < kRanks; ++rank) {
      parts.push_back(
          fmt::format("declare \"d{}\" {{\nargument \"n\" {{ }}\nargument \"m\" {{\noptional = true\n"
                      "default = {}\n}}\n{}export \"sum\" {{ value = toy.sum.total.sum }}\n}}\n",
                      rank, rank, bodies_[static_cast<std::size_t>(rank)]));
      library += parts.back();
    }
    parts.push_back(fmt::format("import.string \"lib\" {{ content = `{}` }}\n", library));
    parts.push_back(root_);
    std::ranges::shuffle(parts, random_);  // the order of the text must not matter
    std::string out;
    for (const std::string& part : parts) out += part;
    return out;
  }

 private:
  static constexpr int kRanks = 3;

  int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

  std::string body(int rank) {
    const bool root = rank == kRanks;
    const auto number = [&] {
      if (root || pick(2) == 0) return std::to_string(pick(4));
      return std::string(pick(2) == 0 ? "argument.n.value" : "argument.m.value");
    };
    std::string out, inputs;
    for (int i = pick(3); i > 0; --i) {
      out += fmt::format("toy.sum \"s{}\" {{ value = {} }}\n", i, number());
      inputs += fmt::format("toy.sum.s{}.sum, ", i);
    }
    for (int i = rank > 0 ? pick(3) : 0; i > 0; --i) {
      const std::string used = fmt::format("{}d{}", root && pick(2) == 0 ? "lib." : "", pick(rank));
      out += fmt::format("{} \"i{}\" {{\nn = {}\n{}}}\n", used, i, number(),
                         pick(2) == 0 ? "" : fmt::format("m = {}\n", number()));
      inputs += fmt::format("{}.i{}.sum, ", used, i);
    }
    if (pick(4) == 0) {
      out += fmt::format(
          "declare \"own\" {{\nargument \"n\" {{ }}\ntoy.sum \"s\" {{ value = argument.n.value + {} }}\n"
          "export \"sum\" {{ value = toy.sum.s.sum }}\n}}\nown \"o\" {{ n = {} }}\n",
          pick(3), number());
      inputs += "own.o.sum, ";
    }
    if (pick(3) == 0) {
      const std::string inside = rank > 0 && pick(2) == 0
                                     ? fmt::format("d{} \"e\" {{ n = each + {} }}\n", pick(rank), number())
                                     : fmt::format("toy.sum \"e\" {{ value = each + {} }}\n", number());
      out +=
          fmt::format("foreach \"f\" {{\ncollection = [{}, {}, 7]\nvar = \"each\"\ntemplate {{\n{}}}\n}}\n",
                      pick(3), number(), inside);
    }
    return out + fmt::format("toy.sum \"total\" {{ inputs = [{}] }}\n", inputs);
  }

  std::mt19937 random_;
  std::vector<std::string> bodies_;
  std::string root_;
};

// Ids of everything that runs, with what it exports and whether it is well.
std::map<std::string, std::string> state_of(const Rig& rig) {
  std::map<std::string, std::string> out;
  for (const auto& view : rig.controller->list_all())
    out[view.id()] =
        rig.exported(view.id(), "sum") + " " + std::string(component::to_string(view.health.state));
  return out;
}

class ModuleProperty : public ::testing::TestWithParam<unsigned> {};

TEST_P(ModuleProperty, AReloadIsAsAStartAndMakesNothingAnew) {
  Text text(GetParam());
  Rig rig;
  rig.run(text.text());
  for (int step = 0; step < 12; ++step) {
    std::set<std::string> before;
    for (const auto& [id, state] : state_of(rig)) before.insert(id);
    rig.toys.take_events();
    text.edit();
    const std::string next = text.text();
    const auto result = rig.reload(next);
    ASSERT_TRUE(result.diagnostics.empty()) << printed(result.diagnostics) << next;

    Rig fresh;
    fresh.run(next);
    EXPECT_EQ(state_of(rig), state_of(fresh)) << "step " << step << "\n" << next;
    for (const std::string& event : rig.toys.take_events())
      if (event.starts_with("build ")) {
        EXPECT_FALSE(before.contains(event.substr(6))) << event << "\n" << next;
      }
    EXPECT_TRUE(rig.reload(next).diagnostics.empty());
    EXPECT_THAT(rig.toys.take_events(), ::testing::IsEmpty()) << "the same text changes nothing\n" << next;
    if (HasFailure()) return;
  }
  rig.stop();
}

INSTANTIATE_TEST_SUITE_P(Seeds, ModuleProperty, ::testing::Range(1U, 21U));

}  // namespace
}  // namespace invar::runtime
