#include "webapi/label_story.h"

#include <gtest/gtest.h>

namespace invar::webapi {
namespace {

using component::Target;
using relabel::Action;
using Map = Target::Map;

component::Relabeling shop() {
  return {{Target(Map{{"__address__", "a:1"}, {"__meta_pod", "cart-1"}}),
           Target(Map{{"__address__", "b:1"}, {"__meta_pod", "mail-1"}})},
          {{.action = Action::kKeep, .source_labels = {"__meta_pod"}, .regex = "cart.*"},
           {.source_labels = {"__meta_pod"}, .target_label = "pod"},
           {.source_labels = {"nothing"}, .regex = "(.+)", .target_label = "x"}}};
}

std::string text(const LabelStory& story) {
  std::string out = story.first + " " + story.discovered.to_string() + "\n";
  for (const RuleStep& step : story.steps) {
    out += step.component + " " + std::to_string(step.rule) + " " + step.action +
           (step.dropped ? " dropped"
            : step.keeps ? " kept"
                         : "");
    for (const auto& change : step.changes)
      out += " " + change.label + ": '" + change.before + "' -> '" + change.after + "'";
    out += "\n";
  }
  return out;
}

TEST(LabelStory, TellsWhatEachRuleDid) {
  const Labels scraped{{"__address__", "a:1"}, {"pod", "cart-1"}, {"job", "j"}, {"instance", "a:1"}};
  EXPECT_EQ(text(tell_story(scraped, {{"discovery.relabel.shop", shop()}})),
            "discovery.relabel.shop {__address__=\"a:1\", __meta_pod=\"cart-1\"}\n"
            "discovery.relabel.shop 1 keep kept\n"
            "discovery.relabel.shop 2 replace pod: '' -> 'cart-1'\n"
            "discovery.relabel.shop 3 replace\n");
}

TEST(LabelStory, GoesBackThroughSeveralRelabelings) {
  component::Relabeling second{
      {Target(Map{{"__address__", "a:1"}, {"__meta_pod", "cart-1"}, {"pod", "cart-1"}})},
      {{.regex = "(.*)", .target_label = "zone", .replacement = "north"}}};
  const Labels scraped{{"__address__", "a:1"}, {"pod", "cart-1"}, {"zone", "north"}};
  const LabelStory story =
      tell_story(scraped, {{"discovery.relabel.second", second}, {"discovery.relabel.shop", shop()}});
  EXPECT_EQ(story.first, "discovery.relabel.shop");
  ASSERT_EQ(story.steps.size(), 4u);
  EXPECT_EQ(story.steps[3].component, "discovery.relabel.second");
  EXPECT_FALSE(story.discovered.has("pod"));
}

TEST(LabelStory, NamesTheRuleThatDroppedATarget) {
  const LabelStory story = tell_story(Labels{{"__address__", "b:1"}, {"__meta_pod", "mail-1"}},
                                      {{"discovery.relabel.shop", shop()}}, "discovery.relabel.shop");
  ASSERT_EQ(story.steps.size(), 1u);
  EXPECT_TRUE(story.steps[0].dropped);
  EXPECT_EQ(story.steps[0].rule, 1u);
}

TEST(LabelStory, ATargetWithoutRulesIsAsItWasFound) {
  const Labels scraped{{"__address__", "c:1"}};
  EXPECT_EQ(text(tell_story(scraped, {{"discovery.relabel.shop", shop()}})), " {__address__=\"c:1\"}\n");
}

}  // namespace
}  // namespace invar::webapi
