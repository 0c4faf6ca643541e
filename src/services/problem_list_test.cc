#include "services/problem_list.h"

#include <fmt/format.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace invar::services {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ProblemList, IsNothingWithoutProblems) {
  EXPECT_EQ(ProblemList().html(), "");
}

TEST(ProblemList, SentencesThatDifferInTheAddressAloneAreOneLine) {
  ProblemList list;
  for (int i = 1; i <= 9; ++i)
    list.add("pyroscope.scrape.s", fmt::format("http://10.0.0.{}:80/x", i),
             fmt::format("connection refused by 10.0.0.{}:80", i));
  list.add("pyroscope.scrape.s", "http://lost:80/x", "no address found for host \"lost\"");
  list.add("pyroscope.scrape.other", "http://10.0.0.1:80/x", "connection refused by 10.0.0.1:80");
  list.add("pyroscope.scrape.s", "http://gone:80/x", "no address found for host \"gone\"");
  const std::string html = list.html();
  EXPECT_EQ(list.count(), 12U);
  EXPECT_THAT(html, HasSubstr("<code>http://10.0.0.1:80/x</code>: connection refused by 10.0.0.1:80 <span "
                              "class=\"soft\">The same "
                              "with 8 more: <code>http://10.0.0.2:80/x</code>"));
  EXPECT_THAT(html, HasSubstr("<code>http://10.0.0.6:80/x</code> &hellip;</span>"));
  EXPECT_THAT(html, Not(HasSubstr("10.0.0.7")));
  EXPECT_THAT(html, HasSubstr("host &quot;lost&quot; <span class=\"soft\">The same with 1 more: "
                              "<code>http://gone:80/x</code>.</span>"));
  EXPECT_THAT(html, HasSubstr("<a href=\"#pyroscope.scrape.other\"><code>pyroscope.scrape.other</code></a> "
                              "<code>http://10.0.0.1:80/x</code>: connection refused by 10.0.0.1:80</li>"));
}

TEST(ProblemList, ManyKindsAreCut) {
  ProblemList list;
  list.add("", "", "reload <refused>");
  for (int i = 0; i < 70; ++i) list.add("a.b", "", fmt::format("trouble {}", i));
  list.add("a.b", "", "trouble 69");
  EXPECT_EQ(list.count(), 72U);
  EXPECT_THAT(
      list.html(),
      HasSubstr(
          "<ul><li>reload &lt;refused&gt;</li><li><a href=\"#a.b\"><code>a.b</code></a>: trouble 0</li>"));
  EXPECT_THAT(list.html(), HasSubstr("<li>and 22 more</li>"));
}

}  // namespace
}  // namespace invar::services
