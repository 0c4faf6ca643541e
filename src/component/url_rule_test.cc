#include "component/url_rule.h"

#include <gtest/gtest.h>

namespace invar::component {
namespace {

std::string said(std::string_view url, const UrlRule& rule = {}) {
  const auto mistake = check_server_url(url, rule);
  return mistake ? mistake->message : "";
}

TEST(UrlRule, SaysWhatIsWrongAndWhatToWrite) {
  const struct {
    const char* url;
    const char* said;
  } rows[] = {
      {"http://pyroscope:4040", ""},
      {"https://[::1]:4040/prefix?x=y", ""},
      {"", "the URL is empty; write the server's address, as in \"http://pyroscope:4040\""},
      {" http://h", "\"http://h\" has blanks or line breaks around it; write \"http://h\""},
      {"http://h\n", "\"http://h\" has blanks or line breaks around it; write \"http://h\""},
      {"pyroscope:4040", "\"pyroscope:4040\" has no scheme; write \"http://pyroscope:4040\""},
      {"http:/h:1", "\"http:/h:1\" has no scheme; write \"http://h:1\""},
      {"https:\\\\h", "\"https:\\\\\\\\h\" has no scheme; write \"https://h\""},
      {"${URL}", "\"${URL}\" is a variable of a shell; write sys.env(\"NAME\")"},
      {"pyroscope", "\"pyroscope\" has no scheme; write \"http://pyroscope\""},
      {"ftp://h",
       "\"ftp://h\" has the scheme \"ftp\", which is none of http and https; write "
       "\"http://pyroscope:4040\""},
      {"::1", "\"::1\" has no scheme; write \"http://[::1]\""},
      {"4040", "\"4040\" has no scheme; write \"http://pyroscope:4040\""},
      {"http://::1:4040",
       "\"http://::1:4040\" is not a usable URL: an IPv6 address stands in brackets: write [::1:4040]"},
      {"http://a,http://b",
       "\"http://a,http://b\" is more than one URL; one is wanted; write \"http://pyroscope:4040\""},
      {"http://", "\"http://\" is not a usable URL: no host in URL; write \"http://pyroscope:4040\""},
  };
  for (const auto& row : rows) EXPECT_EQ(said(row.url), row.said) << row.url;
}

TEST(UrlRule, AQueryOnlyWhereItIsSent) {
  EXPECT_EQ(said("http://h/?a=b", {.query_allowed = false}),
            "\"http://h/?a=b\" has a query; write \"http://h/\"");
  EXPECT_EQ(said("http://h/#top", {.query_allowed = false}),
            "\"http://h/#top\" has a fragment; write \"http://h/\"");
}

TEST(UrlRule, RepeatsNoPasswordAndNoEscapeSequence) {
  const std::string text = said("ftp://user:hush@h/\x1b[2J");
  EXPECT_EQ(text.find("hush"), std::string::npos) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
}

TEST(HeaderRule, ManyAreReportedAtTheirName) {
  EXPECT_FALSE(check_headers(std::map<std::string, std::string>{{"A", "b"}}));
  const auto one = check_headers(std::map<std::string, std::string>{{"A", "b"}, {"C", "d\n"}});
  ASSERT_TRUE(one);
  EXPECT_EQ(std::get<std::string>(one->path.front()), "C");
  using Lists = std::map<std::string, std::vector<http::SecretText>>;
  EXPECT_FALSE(check_headers(Lists{{"A", {{"b"}, {"c"}}}, {"X-Empty", {}}}));
  EXPECT_EQ(check_headers(Lists{{"A", {{"b"}, {"c\r\n"}}}})->message,
            "the value of the header \"A\" ends in a line break; take it through string.trim_space(…)");
  EXPECT_TRUE(check_headers(Lists{{"A B", {}}}));
}

TEST(HeaderRule, NamesAndValues) {
  EXPECT_FALSE(check_header("X-Key", "value"));
  EXPECT_EQ(check_header("X Key", "v")->message, "\"X Key\" is not a header name");
  EXPECT_EQ(check_header("X-Key", "v\n")->message,
            "the value of the header \"X-Key\" ends in a line break; take it through string.trim_space(…)");
  EXPECT_EQ(check_header("X-Key", "a\x01b")->message,
            "the value of the header \"X-Key\" holds a control character, which no header may");
}

}  // namespace
}  // namespace invar::component
