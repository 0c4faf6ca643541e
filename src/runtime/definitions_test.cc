#include "runtime/definitions.h"

#include <gtest/gtest.h>
#include "syntax/parser.h"

namespace invar::runtime {
namespace {

syntax::ast::BlockRef declare(const std::string& label) {
  syntax::Diagnostics none;
  const auto file = syntax::parse_file(syntax::make_source("x", "declare \"" + label + "\" { }"), none);
  return blocks_of(file->body, file).front();
}

TEST(Definitions, AreLookedUpThroughTheirParents) {
  auto outer = std::make_shared<Definitions>(nullptr, "outside");
  outer->declare(declare("a"));
  outer->declare(declare("b"));
  auto inner = std::make_shared<Definitions>(outer, "inside");
  const auto own = declare("a");
  inner->declare(own);
  EXPECT_EQ(inner->find({"a"}).definition.declare.block, own.block);
  EXPECT_EQ(inner->find({"a"}).definition.scope, inner);
  EXPECT_EQ(inner->find({"b"}).definition.scope, outer) << "its body sees what is around it, not who uses it";
  EXPECT_EQ(inner->find({"c"}).definition.declare.block, nullptr);
  EXPECT_EQ(inner->find({"a", "b"}).definition.declare.block, nullptr);
  EXPECT_TRUE(inner->has_namespace("b"));
  EXPECT_FALSE(outer->has_namespace("c"));
}

TEST(Definitions, ImportsHaveANameOfTwoPartsAndHandNothingOn) {
  auto deepest = std::make_shared<Definitions>(nullptr, "deepest");
  deepest->declare(declare("z"));
  auto deepest_slot = std::make_shared<ImportSlot>();
  deepest_slot->content = deepest;
  auto content = std::make_shared<Definitions>(nullptr, "content");
  content->declare(declare("a"));
  content->import("more", deepest_slot);
  auto slot = std::make_shared<ImportSlot>();
  Definitions definitions(nullptr, "");
  definitions.import("lib", slot);
  EXPECT_TRUE(definitions.find({"lib", "a"}).unknown);
  slot->content = content;
  EXPECT_FALSE(definitions.find({"lib", "a"}).unknown);
  EXPECT_EQ(definitions.find({"lib", "a"}).definition.scope, content);
  EXPECT_EQ(definitions.find({"lib", "more"}).definition.declare.block, nullptr);
  EXPECT_EQ(definitions.find({"lib", "more", "z"}).definition.declare.block, nullptr);
  EXPECT_EQ(definitions.find({"lib"}).definition.declare.block, nullptr);
}

TEST(Definitions, TheGenerationRisesWithEveryVisibleContent) {
  auto nested = std::make_shared<ImportSlot>();
  auto content = std::make_shared<Definitions>(nullptr, "");
  content->import("nested", nested);
  auto slot = std::make_shared<ImportSlot>();
  slot->content = content;
  auto outer = std::make_shared<Definitions>(nullptr, "");
  outer->import("lib", slot);
  const Definitions inner(outer, "");
  const auto before = inner.generation();
  ++nested->generation;
  EXPECT_GT(inner.generation(), before);
}

}  // namespace
}  // namespace invar::runtime
