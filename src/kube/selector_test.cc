#include "kube/selector.h"

#include <gtest/gtest.h>

namespace invar::kube {
namespace {

TEST(LabelSelector, IsWhatTheApiServerTakes) {
  for (const char* good :
       {"", "  ", "app=shop", "app==shop", "app != shop", "app", "!app", "! app", "app=", "app in (a)",
        "app in (a, b)", "app notin (a,)", "a.b/c=d_e.f-g", "app=shop,tier notin (test, dev),!canary",
        "n>1,m<2", "in=notin", "in in (in)", "a=b ,c=d"})
    EXPECT_TRUE(check_label_selector(good)) << good;
  for (const char* bad : {"app=shop,", ",app=shop", "app:shop", "app=a b", "app in a", "app in (a", "app in",
                          "app within (a)", "!app=a", "app=shop&tier=web", "-app=a", "app=a-", "/app=a",
                          "A.b/c=d", "app=~x.*", "{app=\"shop\"}", "app=a/b", "a=b;c=d"})
    EXPECT_FALSE(check_label_selector(bad)) << bad;
  EXPECT_EQ(check_label_selector("app:shop").error().message,
            "\"app:shop\" is no label selector; write it as in \"app=shop,tier notin (test, dev)\"");
}

TEST(FieldSelector, HasAnOperatorInEachTerm) {
  for (const char* good :
       {"", "spec.nodeName=n", "a==b", "a!=b", "a=b,c=d", "a=", "a=b\\,c", "a=b\\=c", "a=b,"})
    EXPECT_TRUE(check_field_selector(good)) << good;
  for (const char* bad : {"spec.nodeName", "a=b,c", "spec.nodeName:n", "a b"})
    EXPECT_FALSE(check_field_selector(bad)) << bad;
  EXPECT_EQ(check_field_selector("spec.nodeName").error().message,
            "\"spec.nodeName\" is no field selector; write it as in \"spec.nodeName=node-1\"");
}

}  // namespace
}  // namespace invar::kube
