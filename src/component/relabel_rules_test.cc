#include "component/relabel_rules.h"

#include <gtest/gtest.h>

namespace invar::component {
namespace {

TEST(ExportedRules, AreAnOpaqueValueEqualByContent) {
  using Codec = syntax::Codec<ExportedRules>;
  const ExportedRules rules{{{.target_label = "a"}}};
  const syntax::Value value = Codec::encode(rules);
  EXPECT_EQ(value.type(), syntax::Type::kCapsule);
  EXPECT_TRUE(value.equals(Codec::encode(rules)));
  EXPECT_FALSE(value.equals(Codec::encode(ExportedRules{})));
  EXPECT_EQ(*Codec::decode(value), rules);
  EXPECT_FALSE(Codec::decode(syntax::Value("text")));
}

}  // namespace
}  // namespace invar::component
