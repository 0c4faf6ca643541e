#include "component/label_name.h"

#include <gtest/gtest.h>

namespace invar::component {
namespace {

TEST(LabelName, OneUnderscoreForEachCharacter) {
  EXPECT_EQ(clean_label_name("app.kubernetes.io/part-of_9Z"), "app_kubernetes_io_part_of_9Z");
  EXPECT_EQ(clean_label_name("caf\xC3\xA9"), "caf_");
}

}  // namespace
}  // namespace invar::component
