#include "base/shown_text.h"

#include <gtest/gtest.h>

namespace invar {
namespace {

using namespace std::string_literals;

TEST(ShownText, KeepsWhatPeopleRead) {
  EXPECT_EQ(shown_text("  no such tenant: \"Zürich 東京\" "), "no such tenant: \"Zürich 東京\"");
  EXPECT_EQ(shown_text("a\r\n\t  b\n"), "a b");
  EXPECT_EQ(shown_text(""), "");
}

TEST(ShownText, NothingSteersATerminalOrAPage) {
  EXPECT_EQ(shown_text("\x1b[31mred\x07\x7f"), "\\x1b[31mred\\x07\\x7f");
  EXPECT_EQ(shown_text("a\xc2\x9b"
                       "2Jb"),
            "a\\xc2\\x9b2Jb")
      << "the one-byte form of an escape sequence";
  EXPECT_EQ(shown_text("\xff\xfe"
                       "x\x00y"s),
            "\\xff\\xfex\\x00y");
  EXPECT_EQ(shown_text("safe\u202Etxt.exe"), "safe\\u{202e}txt.exe");
}

TEST(ShownText, IsCutBetweenCharacters) {
  EXPECT_EQ(shown_text("abcdef", 6), "abcdef");
  EXPECT_EQ(shown_text("abcdefg", 6), "abc…");
  EXPECT_EQ(shown_text("äöüäöü", 8), "äö…");
  EXPECT_EQ(shown_text(std::string(1 << 20, '\x01'), 20), "\\x01\\x01\\x01\\x01…");
}

TEST(ShownText, TellsTextFromBytes) {
  EXPECT_TRUE(looks_like_text("<html>\n<body>Bad Gateway</body>"));
  EXPECT_TRUE(looks_like_text(std::string(511, 'x') + "ü")) << "the cut is ours";
  EXPECT_FALSE(looks_like_text("\x1f\x8b\x08"));
  EXPECT_FALSE(looks_like_text("\x0a\x03"s + "a\0b"s));
}

TEST(ShownLines, KeepsTheLayoutAndNothingThatSteersATerminal) {
  EXPECT_EQ(shown_lines("a  b\n\tc\n"), "a  b\n\tc\n");
  EXPECT_EQ(shown_lines("a\x1b[2J\rb\xff\xe2\x80\xae"), "a\\x1b[2J\\x0db\\xff\\u{202e}");
}

}  // namespace
}  // namespace invar
