#include "webapi/origin.h"

#include <gtest/gtest.h>

namespace invar::webapi {
namespace {

TEST(Origin, OnlyPagesOfThisServerAndProgramsMayChangeSomething) {
  const struct {
    http::Headers headers;
    bool passes;
  } cases[] = {
      {{{"Host", "a:1"}}, true},  // a program
      {{{"Host", "a:1"}, {"Sec-Fetch-Site", "same-origin"}}, true},
      {{{"Host", "inner:1"}, {"Origin", "https://outer"}, {"Sec-Fetch-Site", "same-origin"}},
       true},  // behind a proxy
      {{{"Host", "a:1"}, {"Sec-Fetch-Site", "none"}}, true},
      {{{"Host", "a:1"}, {"Sec-Fetch-Site", "cross-site"}}, false},
      {{{"Host", "a:1"}, {"Sec-Fetch-Site", "same-site"}}, false},
      {{{"Host", "a:1"}, {"Origin", "http://a:1"}}, true},
      {{{"Host", "A:1"}, {"Origin", "https://a:1"}}, true},
      {{{"Host", "inner:1"}, {"Origin", "https://outer"}, {"X-Forwarded-Host", "outer"}}, true},
      {{{"Host", "a:1"}, {"Origin", "http://b:1"}}, false},
      {{{"Host", "a:1"}, {"Origin", "null"}}, false},
      {{{"Host", ""}, {"Origin", "http://"}}, false},
  };
  for (const auto& each : cases) {
    const auto refused = refuse_origin(each.headers);
    EXPECT_EQ(!refused, each.passes) << each.headers.get("Origin") << " "
                                     << each.headers.get("Sec-Fetch-Site");
    EXPECT_EQ(refused.value_or(ApiError{.status = 403}).status, 403);
  }
}

TEST(Origin, ABodyThatAFormCouldSendIsRefused) {
  for (const char* type : {"application/json", "Application/JSON; charset=utf-8"})
    EXPECT_FALSE(refuse_type({{"Content-Type", type}})) << type;
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "application/json5", ""})
    EXPECT_EQ(refuse_type({{"Content-Type", type}})->status, 415) << type;
}

}  // namespace
}  // namespace invar::webapi
