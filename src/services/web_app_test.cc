#include "services/web_app.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "codec/gzip.h"
#include "services/testing/ask.h"

namespace invar::services {
namespace {

using testing::ask;
using ::testing::HasSubstr;
using ::testing::Not;

class WebAppTest : public ::testing::Test {
 protected:
  WebAppTest() {
    codec::Deflater().gzip("let x = 1;", packed_);
    constexpr std::string_view kScript = "text/javascript; charset=utf-8";
    assets_ = {{{"app-1.js", kScript, packed_}, {"targets-2.js", kScript, packed_}}};
    add_web_assets(router_, "/p/", app());
  }
  [[nodiscard]] WebApp app() const { return {assets_, "<script src=\"assets/app-1.js\"></script>"}; }

  std::string packed_;
  std::array<WebAsset, 2> assets_;
  Router router_;
};

TEST_F(WebAppTest, AFileIsUnpackedForThoseWhoDoNotUnpackThemselves) {
  const auto file = ask(router_, "/p/assets/app-1.js");
  EXPECT_EQ(file.status, 200);
  EXPECT_EQ(file.body, "let x = 1;");
  EXPECT_EQ(file.headers.get("Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_THAT(file.headers.get("Cache-Control"), HasSubstr("immutable"));
  EXPECT_EQ(file.headers.get("Vary"), "Accept-Encoding");
}

TEST_F(WebAppTest, OtherNamesAndMethodsAreRefused) {
  EXPECT_EQ(ask(router_, "/p/assets/app-2.js").status, 404);
  EXPECT_EQ(ask(router_, "/p/assets/").status, 404);
  EXPECT_EQ(ask(router_, "POST", "/p/assets/app-1.js").status, 405);
}

TEST_F(WebAppTest, TheStatusPagesStyleIsAFileToo) {
  const auto style = ask(router_, "/p/assets/plain.css");
  EXPECT_EQ(style.headers.get("Content-Type"), "text/css; charset=utf-8");
  EXPECT_THAT(style.body, HasSubstr(":root{"));
}

TEST_F(WebAppTest, ADocumentStartsTheAppBelowThePrefix) {
  const std::string document = app_document(app(), "/p/", "targets/x");
  EXPECT_THAT(document, HasSubstr("<base href=\"/p/\"><script src=\"assets/app-1.js\">"));
  EXPECT_THAT(document, HasSubstr("<noscript>"));
  EXPECT_EQ(app_head({}, "/p/"), "");
}

TEST_F(WebAppTest, ADocumentLoadsTheScriptOfItsPage) {
  const std::string link = "<link rel=\"modulepreload\" href=\"assets/targets-2.js\">";
  EXPECT_THAT(app_document(app(), "/p/", "targets"), HasSubstr(link));
  EXPECT_THAT(app_document(app(), "/p/", "targets/x/y"), HasSubstr(link));
  for (const char* path : {"", "target", "targets-2.js", "nowhere", "/targets"})
    EXPECT_THAT(app_document(app(), "/p/", path), Not(HasSubstr("modulepreload"))) << path;
}

// Whatever the build packed can be unpacked, and its head names files that are there.
TEST(BuiltWebApp, HoldsWhatItsHeadNames) {
  const WebApp app = built_web_app();
  if (!app.exists()) GTEST_SKIP() << "built without npm";
  std::size_t named = 0;
  for (const WebAsset& asset : app.assets) {
    std::string whole;
    EXPECT_TRUE(codec::Inflater().gunzip(asset.gzip, 8 << 20, whole)) << asset.name;
    named += app.head.contains(asset.name) ? 1 : 0;
  }
  EXPECT_GE(named, 4U) << app.head;
}

}  // namespace
}  // namespace invar::services
