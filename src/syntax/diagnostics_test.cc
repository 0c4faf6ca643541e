#include "syntax/diagnostics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "syntax/ast.h"
#include "syntax/limits.h"

namespace invar::syntax {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

Diagnostics one(const SourcePtr& source, std::uint32_t begin, std::uint32_t end,
                std::string message = "bad") {
  Diagnostics out;
  out.error(ast::range_of(source, {begin, end}), std::move(message));
  return out;
}

TEST(Position, PrintsWhatIsKnown) {
  const SourcePtr named = make_source("f.alloy", "ab\n\xC3\xA9x");
  EXPECT_EQ(position_at(named, 0).to_string(), "f.alloy:1:1");
  EXPECT_EQ(position_at(named, 2).to_string(), "f.alloy:1:3");
  EXPECT_EQ(position_at(named, 3).to_string(), "f.alloy:2:1");
  EXPECT_EQ(position_at(named, 5).to_string(), "f.alloy:2:3");  // columns are bytes
  EXPECT_EQ(position_at(make_source("", "a"), 0).to_string(), "1:1");
  EXPECT_EQ((Position{.source = named}).to_string(), "f.alloy");
  EXPECT_EQ(Position{}.to_string(), "-");
}

TEST(Diagnostics, SummaryCountsTheRest) {
  const SourcePtr source = make_source("f", "abc\n");
  Diagnostics all = one(source, 1, 1);
  EXPECT_EQ(all.summary(), "f:1:2: bad");
  all.warning({position_at(source, 0), {}}, "odd");
  all.append(one(source, 2, 2));
  EXPECT_EQ(all.summary(), "f:1:2: bad (and 2 more diagnostics)");
  EXPECT_TRUE(all.has_errors());
  Diagnostics warnings;
  warnings.warning({}, "odd");
  EXPECT_FALSE(warnings.has_errors());
  EXPECT_FALSE(warnings.empty());
}

TEST(Render, PointsAtTheRangeWithOneLineOfContext) {
  std::string text;
  for (int i = 1; i <= 8; ++i) text += "line " + std::to_string(i) + "\n";
  const SourcePtr source = make_source("f", text + "the offending one\nafter\n");
  EXPECT_EQ(one(source, 60, 68).render(false),
            "Error: f:9:5: bad\n"
            "\n"
            " 8 | line 8\n"
            " 9 | the offending one\n"
            "   |     ^^^^^^^^^\n"
            "10 | after\n");
}

TEST(Render, SteersNoTerminal) {
  const SourcePtr source = make_source("f\x1b[2J", "a\x1b[2Jb \xff");
  Diagnostics all;
  all.error({position_at(source, 5), position_at(source, 5)}, "bad \"\x1b[31m\"");
  EXPECT_EQ(all.render(false),
            "Error: f\\x1b[2J:1:6: bad \"\\x1b[31m\"\n"
            "\n"
            "1 | a\xEF\xBF\xBD[2Jb \xEF\xBF\xBD\n"
            "  |      ^\n");
}

TEST(Render, ClipsContextToTheFile) {
  EXPECT_EQ(one(make_source("f", "a = ]\n"), 4, 4).render(false),
            "Error: f:1:5: bad\n\n1 | a = ]\n  |     ^\n2 | \n");
  EXPECT_EQ(one(make_source("f", "a"), 0, 0).render(false), "Error: f:1:1: bad\n\n1 | a\n  | ^\n");
}

TEST(Render, APlaceBehindTheLineHasNoCaret) {
  EXPECT_EQ(one(make_source("f", "ab\nc"), 2, 2).render(false),
            "Error: f:1:3: bad\n\n1 | ab\n  |   \n2 | c\n");
}

TEST(Render, TabsAreFourColumnsAndCharactersAreOne) {
  EXPECT_EQ(one(make_source("f", "\ta\tb\r\n"), 1, 3).render(false),
            "Error: f:1:2: bad\n\n1 |     a    b\n  |     ^    ^\n2 | \n");
  EXPECT_EQ(one(make_source("f", "\xC3\xA9\xC3\xA9 x"), 5, 5).render(false),
            "Error: f:1:6: bad\n\n1 | \xC3\xA9\xC3\xA9 x\n  |    ^\n");
}

TEST(Render, SeveralLinesAreDrawnAtTheMargin) {
  const SourcePtr source = make_source("f", "first context\nouter \"x\" {\n\ta = 1\n}\nlast context\n");
  EXPECT_EQ(one(source, 14, 33).render(false),
            "Error: f:2:1: bad\n"
            "\n"
            "1 |   first context\n"
            "2 |   outer \"x\" {\n"
            "  |  _^^^^^^^^^^^\n"
            "3 | |     a = 1\n"
            "4 | | }\n"
            "  | |_^\n"
            "5 |   last context\n");
}

TEST(Render, WithoutASourceOnlyTheHeader) {
  Diagnostics all;
  all.error({}, "lost");
  all.warning({}, "odd");
  EXPECT_EQ(all.render(false), "Error: -: lost\n\nWarning: -: odd\n");
}

TEST(Render, ColoursTheHeader) {
  Diagnostics all;
  all.error({}, "lost");
  EXPECT_EQ(all.render(true), "\x1b[1;31mError: \x1b[0m\x1b[1m-: lost\x1b[0m\n");
}

TEST(Render, IsBoundedForHostileSources) {
  const SourcePtr wide = make_source("f", std::string(1 << 20, 'x'));
  EXPECT_LT(one(wide, 1 << 19, 1 << 19).render(false).size(), 3 * kMaxExcerptLineBytes);

  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "line\n";
  const SourcePtr tall = make_source("f", text);
  const auto end = static_cast<std::uint32_t>(text.size() - 2);
  const std::string excerpt = one(tall, 0, end).render(false);
  EXPECT_THAT(excerpt, HasSubstr("\n      | ...\n"));
  EXPECT_THAT(excerpt, HasSubstr("\n20000 | | line\n"));
  EXPECT_THAT(excerpt, Not(HasSubstr("\n 9000 |")));

  Diagnostics many;
  for (int i = 0; i < 1000; ++i) many.append(one(tall, 0, end, "d" + std::to_string(i)));
  const std::string all = many.render(false);
  EXPECT_LT(all.size(), 2 * kMaxRenderedBytes);
  EXPECT_THAT(all, EndsWith("Error: f:1:1: d999\n"));
}

TEST(Diagnostics, AreReadInTheOrderOfTheFilesAndWhatRecursIsSaidOnce) {
  const SourcePtr a = make_source("a", "0123456789"), b = make_source("b", "0123456789");
  const auto at = [](const SourcePtr& source, std::uint32_t offset) {
    const Position place = position_at(source, offset);
    return Range{place, place};
  };
  Diagnostics diagnostics;
  diagnostics.error(at(a, 5), "five");
  diagnostics.error(at(b, 1), "often");
  diagnostics.error(at(a, 2), "two");
  diagnostics.warning(at(a, 3), "often");
  diagnostics.error(at(b, 0), "twice");
  diagnostics.error(at(b, 2), "twice");
  diagnostics.error(at(b, 3), "often");
  diagnostics.error(at(b, 4), "often");
  diagnostics.arrange();
  std::string text;
  for (const Diagnostic& d : diagnostics) text += d.to_string() + "\n";
  EXPECT_EQ(text,
            "a:1:3: two\na:1:4: often\na:1:6: five\nb:1:1: twice\n"
            "b:1:2: often (3 times; also at b:1:4, b:1:5)\nb:1:3: twice\n");
  EXPECT_EQ(diagnostics.count(Severity::kError), 7u);
  EXPECT_EQ(diagnostics.count(Severity::kWarning), 1u);
}

}  // namespace
}  // namespace invar::syntax
