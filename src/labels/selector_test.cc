#include "labels/selector.h"

#include <gtest/gtest.h>

namespace invar {
namespace {

const Labels kApi{{"__name__", "process_cpu"}, {"service_name", "api"}, {"path", "a\"b\\c"}};

TEST(Selector, MatchesAsPrometheusDoes) {
  const struct {
    const char* text;
    bool matches;
  } rows[] = {
      {"", true},
      {"{}", true},
      {" { } ", true},
      {R"({service_name="api"})", true},
      {R"({service_name="ap"})", false},
      {R"({service_name!="api"})", false},
      {R"({service_name!="web",})", true},
      {R"({service_name=~"a.*"})", true},
      {R"({service_name=~"a"})", false},  // the whole value
      {R"({service_name!~"web|a.i"})", false},
      {R"({service_name = "api" , __name__ =~ "process_cpu|memory"})", true},
      {R"({service_name="api", __name__="memory"})", false},
      {R"({absent=""})", true},
      {R"({absent!=""})", false},
      {R"({absent=~".*"})", true},
      {R"({absent=~".+"})", false},
      {R"(process_cpu{service_name="api"})", true},
      {R"(memory{service_name="api"})", false},
      {"process_cpu", true},
      {R"("process_cpu")", true},
      {R"({"process_cpu", "service_name"="api"})", true},
      {R"(service_name="api", __name__!="memory")", true},  // a shell user's braces are easily lost
      {R"({path="a\"b\\c"})", true},
      {R"({path=`a"b\c`})", true},
      {R"({path='a"b\\c'})", true},
      {R"({service_name="\x61\u0070\U00000069"})", true},
  };
  for (const auto& row : rows) {
    const auto selector = Selector::parse(row.text);
    ASSERT_TRUE(selector) << selector.error().message;
    EXPECT_EQ(selector->matches(kApi), row.matches) << row.text;
  }
}

TEST(Selector, SaysWhatIsWrongAndWhere) {
  const struct {
    const char *text, *message;
  } rows[] = {
      {"{a}", R"(selector "{a}": expected one of =, !=, =~, !~ at character 3)"},
      {"{a=b}", R"(selector "{a=b}": expected a value in quotes at character 4)"},
      {R"({a="b")", R"(selector "{a=\"b\"": expected a closing brace at character 7)"},
      {R"({a="b)", R"(selector "{a=\"b": expected a closing quote at character 6)"},
      {R"({a="b" c="d"})", R"(selector "{a=\"b\" c=\"d\"}": expected a comma at character 8)"},
      {R"({a="b"} x)", R"(selector "{a=\"b\"} x": expected the end at character 9)"},
      {R"({1="b"})", R"(selector "{1=\"b\"}": expected a label name at character 2)"},
      {R"({a="\q"})", R"(selector "{a=\"\\q\"}": expected a valid escape at character 6)"},
      {R"({a="\ud800"})", R"(selector "{a=\"\\ud800\"}": expected a valid escape at character 6)"},
      {R"({a="\x4)", R"(selector "{a=\"\\x4": expected a valid escape at character 6)"},
  };
  for (const auto& row : rows) {
    const auto selector = Selector::parse(row.text);
    ASSERT_FALSE(selector) << row.text;
    EXPECT_EQ(selector.error().message, row.message);
    EXPECT_EQ(selector.error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_FALSE(Selector::parse(R"({a=~"("})"));
}

}  // namespace
}  // namespace invar
