#include "base/html.h"

#include <gtest/gtest.h>

namespace invar {
namespace {

TEST(Html, EscapesMarkupAndWhatSteersATerminal) {
  EXPECT_EQ(escape_html("<a href=\"x\">'&'</a>"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
  EXPECT_EQ(escape_html("tab\tline\n\x1b[2J\xe2\x80\xae ü"), "tab\tline\n\\x1b[2J\\u{202e} ü");
}

}  // namespace
}  // namespace invar
