#include "syntax/parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "syntax/limits.h"

namespace invar::syntax {
namespace {

using ast::Expr;
using ::testing::EndsWith;
using ::testing::HasSubstr;

// The tree as an s-expression: what binds to what.
std::string dump(const Expr& expr);

struct Dumper {
  std::string operator()(const ast::Identifier& n) const { return n.name; }
  std::string operator()(const ast::Literal& n) const { return n.text; }
  std::string operator()(const ast::Array& n) const { return "[" + list(n.elements) + "]"; }
  std::string operator()(const ast::Object& n) const {
    std::string out;
    for (const auto& field : n.fields) {
      out += (out.empty() ? "" : " ") + field.key + (field.quoted ? "'" : "") + "=" + dump(*field.value);
    }
    return "{" + out + "}";
  }
  std::string operator()(const ast::Access& n) const { return "(. " + dump(*n.object) + " " + n.name + ")"; }
  std::string operator()(const ast::Index& n) const {
    return "(at " + dump(*n.object) + " " + dump(*n.index) + ")";
  }
  std::string operator()(const ast::Call& n) const {
    return "(call " + dump(*n.callee) + (n.arguments.empty() ? "" : " ") + list(n.arguments) + ")";
  }
  std::string operator()(const ast::Unary& n) const {
    return "(" + std::string(token_name(n.op)) + " " + dump(*n.operand) + ")";
  }
  std::string operator()(const ast::Binary& n) const {
    return "(" + std::string(token_name(n.op)) + " " + dump(*n.left) + " " + dump(*n.right) + ")";
  }
  std::string operator()(const ast::Paren& n) const { return "(paren " + dump(*n.inner) + ")"; }

  static std::string list(const std::vector<ast::ExprPtr>& items) {
    std::string out;
    for (const auto& item : items) out += (out.empty() ? "" : " ") + dump(*item);
    return out;
  }
};

std::string dump(const Expr& expr) {
  return std::visit(Dumper{}, expr.node);
}

std::string expression(const std::string& text) {
  Diagnostics diagnostics;
  const auto expr = parse_expression(make_source("", text), diagnostics);
  return expr ? dump(*expr) : diagnostics.summary();
}

std::string errors(const std::string& text) {
  Diagnostics diagnostics;
  const ast::FilePtr file = parse_file(make_source("", text), diagnostics);
  EXPECT_EQ(file == nullptr, diagnostics.has_errors());
  std::string out;
  for (const Diagnostic& d : diagnostics) out += d.to_string() + "\n";
  return out;
}

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(ParseExpression, PrecedenceAndAssociativity) {
  const std::pair<const char*, const char*> rows[] = {
      {"1 + 2 * 3", "(+ 1 (* 2 3))"},
      {"1 - 2 - 3", "(- (- 1 2) 3)"},
      {"8 / 4 % 3 * 2", "(* (% (/ 8 4) 3) 2)"},
      {"2 ^ 3 ^ 2", "(^ 2 (^ 3 2))"},
      {"-2 ^ 2", "(^ (- 2) 2)"},
      {"2 ^ -x.y", "(^ 2 (- (. x y)))"},
      {"!a == b", "(== (! a) b)"},
      {"--1", "(- (- 1))"},
      {"a || b && c == d + e", "(|| a (&& b (== c (+ d e))))"},
      {"a < b <= c != d", "(!= (<= (< a b) c) d)"},
      {"(1 + 2) * 3", "(* (paren (+ 1 2)) 3)"},
  };
  for (const auto& [text, tree] : rows) EXPECT_EQ(expression(text), tree) << text;
}

TEST(ParseExpression, PostfixAndCollections) {
  const std::pair<const char*, const char*> rows[] = {
      {"a.b[0](1, 2,).c", "(. (call (at (. a b) 0) 1 2) c)"},
      {"f()", "(call f)"},
      {"[]", "[]"},
      {"[1, [2], 3,]", "[1 [2] 3]"},
      {"[\n1,\n2,\n]", "[1 2]"},
      {"{}", "{}"},
      {"{a = 1, \"b c\" = 2, `r` = 3,}", "{a=1 b c'=2 r'=3}"},
      {R"({"a\nb" = 1, "" = 2})", R"({a\nb'=1 '=2})"},
      {"a.\nb", "(. a b)"},
      {"1 +\n2", "(+ 1 2)"},
      {"null", "null"},
  };
  for (const auto& [text, tree] : rows) EXPECT_EQ(expression(text), tree) << text;
}

TEST(ParseExpression, Refuses) {
  const std::pair<const char*, const char*> rows[] = {
      {"", "1:1: expected expression, got EOF"},
      {"1 2", "1:3: expected EOF, got NUMBER"},
      {"(\n1\n)", "2:2: expected ), got TERMINATOR (and 1 more diagnostics)"},
      {"a\n.b", "2:1: expected EOF, got ."},
      {"[1\n]", "1:3: missing ',' in expression list"},
      {"{a = 1\n}", "1:7: missing ',' in field list"},
      {"{true = 1}", "1:2: expected field name (string or identifier), got BOOL"},
      {"[1, , 2]", "1:5: expected expression, got ,"},
      {"a.1", "1:2: expected EOF, got FLOAT"},
      {"a.true", "1:3: expected IDENT, got BOOL"},
  };
  for (const auto& [text, message] : rows) EXPECT_EQ(expression(text), message) << text;
}

TEST(ParseFile, BuildsTheTreeWithPositions) {
  const std::string text = "// c\r\na.b \"l\" {\n\tx = [1]\n}\nn { }\n";
  Diagnostics diagnostics;
  const ast::FilePtr file = parse_file(make_source("f", text), diagnostics);
  ASSERT_TRUE(file) << diagnostics.summary();
  ASSERT_EQ(file->comments.size(), 1u);
  EXPECT_EQ(file->comments[0].text, "// c");
  ASSERT_EQ(file->body.statements.size(), 2u);

  const auto at = [&](ast::Span span) { return text.substr(span.begin, span.end - span.begin + 1); };
  const auto& block = std::get<ast::Block>(file->body.statements[0].node);
  EXPECT_EQ(at(file->body.statements[0].span), "a.b \"l\" {\n\tx = [1]\n}");
  EXPECT_EQ(block.full_name(), "a.b");
  EXPECT_EQ(block.id(), "a.b.l");
  EXPECT_EQ(at(block.name_span), "a.b");
  EXPECT_EQ(at(block.label_span), "\"l\"");
  EXPECT_EQ(text[block.open], '{');
  EXPECT_EQ(text[block.close], '}');
  const auto& attribute = std::get<ast::Attribute>(block.body.statements.at(0).node);
  EXPECT_EQ(at(attribute.name_span), "x");
  EXPECT_EQ(text[attribute.equals], '=');
  EXPECT_EQ(at(attribute.value->span), "[1]");
  EXPECT_EQ(std::get<ast::Block>(file->body.statements[1].node).id(), "n");
}

TEST(ParseFile, AcceptsWhatOnlyLooksOdd) {
  for (const char* text : {"", "\n\n", "// c",
                           "\xEF\xBB\xBF"
                           "a = 1",
                           "a = 1", "a { b = 1 }", "a \"\" { }", "a =\n1", "a {\n\n}", "a = f(\n)",
                           "a = {\n}", "a = 1e400", "a = 010"}) {
    EXPECT_EQ(errors(text), "") << text;
  }
}

TEST(ParseFile, Errors) {
  const std::pair<const char*, const char*> rows[] = {
      {"1 = 2", "1:1: expected identifier, got NUMBER\n"},
      {"true = 2", "1:1: expected identifier, got BOOL\n"},
      {"a = 1, b = 2", "1:6: expected TERMINATOR, got ,\n"},
      {"lone\n", "1:5: expected block label, got TERMINATOR\n"},
      {"a.b\n", "1:4: expected block label, got TERMINATOR\n"},
      {"a \"l\"\n", "1:6: expected block body, got TERMINATOR\n"},
      {"a\n{ }", "1:2: expected block label, got TERMINATOR\n"},
      {"a `l` { }", "1:3: expected block label to be a double quoted string, but got \"`l`\"\n"},
      {"a \"b c\" { }", "1:3: expected block label to be a valid identifier, but got \"b c\"\n"},
      {"a.b = 1", "1:1: attribute names may only consist of a single identifier with no \".\"\n"},
      {"a \"l\" = 1", "1:3: attribute names may not have labels\n"},
      {"a =\n", "2:1: expected expression, got EOF\n"},
      {"a = b \"l\" { }", "1:5: cannot use a block as an expression\n"},
      {"a = 1 { }", "1:5: cannot use a block as an expression\n"},
      {"a = b { }.c[0](1)", "1:5: cannot use a block as an expression\n"},
      {"a = b { } \"l\" { } 2",
       "1:5: cannot use a block as an expression\n1:5: cannot use a block as an expression\n"
       "1:19: expected TERMINATOR, got NUMBER\n"},
      {"a = [\"a\" \"b\"]", "1:13: expected {, got ]\n"},
      {"a {\nb = 1\n", "3:1: expected }, got EOF\n"},
      {"a = [1,", "1:8: expected ], got EOF\n"},
      {"a = ~", "1:5: illegal character U+007E '~'\n"},
      {"a \"l\" {\n  b: 1\n}\n", "2:4: illegal character U+003A ':': an attribute is written NAME = VALUE\n"},
      {"a \"l\" {\n  b = 1,\n}\n", "2:8: expected TERMINATOR, got ,\n"},
  };
  for (const auto& [text, expected] : rows) EXPECT_EQ(errors(text), expected) << text;
}

TEST(ParseFile, CommentsOfOtherLanguagesAreOneMistake) {
  EXPECT_EQ(errors("# one\na = 1 # two {\n  # three\nb \"l\" {\n  # four\n}\n"),
            "1:1: illegal character U+0023 '#': comments begin with //\n");
}

TEST(ParseFile, WhatIsNoConfigurationAtAllIsToldInOneSentence) {
  const std::string yaml = "1:15: this is YAML; Invar reads the Alloy configuration language (*.alloy)\n";
  EXPECT_EQ(errors("scrape_configs:\n  - job_name: foo\n    static_configs:\n      - targets: [\"a:1\"]\n"),
            yaml);
  EXPECT_EQ(errors("# values\napiVersion: v1\nkind: ConfigMap\n"),
            "1:1: this is YAML; Invar reads the Alloy configuration language (*.alloy)\n");
  EXPECT_THAT(errors("---\na: 1\n"), HasSubstr("this is YAML"));
  EXPECT_EQ(errors("  {\"a\": 1}"),
            "1:3: this is JSON; Invar reads the Alloy configuration language (*.alloy)\n");
  const std::string rendered = "render it first, with `helm template` for a Helm chart\n";
  EXPECT_THAT(errors("a \"b\" {\n  url = {{ .Values.url | quote }}\n}\n"), EndsWith(rendered));
  EXPECT_THAT(errors("{{- if .Values.on }}\na = 1\n{{- end }}\n"), EndsWith(rendered));
  EXPECT_EQ(errors("a = \"{{ .x }}\"\nb = }\n"), "2:5: expected expression, got }\n")
      << "no mistake of a template";
  EXPECT_EQ(errors("a:1\nb = 1"),
            "1:2: illegal character U+003A ':': an attribute is written NAME = VALUE\n");
}

TEST(ParseFile, ReportsOneParserErrorPerLineAndGoesOn) {
  EXPECT_EQ(
      errors("a = ] ] ]\nb = )\nc = 1\nd = }\n"),
      "1:5: expected expression, got ]\n2:5: expected expression, got )\n4:5: expected expression, got }\n");
  // The two errors about attribute names neither obey the rule nor count for it.
  EXPECT_EQ(errors("a.b = ]"),
            "1:1: attribute names may only consist of a single identifier with no \".\"\n"
            "1:7: expected expression, got ]\n");
}

TEST(ParseFile, RecoveryLosesTheStatementItLandsOn) {
  EXPECT_EQ(errors("}\nb = 2\nc = 3\nd = ]"),
            "1:1: expected identifier, got }\n2:1: expected TERMINATOR, got IDENT\n4:5: expected expression, "
            "got ]\n");
}

TEST(ParseFile, SkippingAStatementCountsTheBracketItStartsAt) {
  EXPECT_EQ(errors("x {\n/h\n} {\nx\n}\n"),
            "2:1: expected identifier, got /\n3:3: expected TERMINATOR, got {\n");
  EXPECT_EQ(errors("x { }\n} \n a (\nx = ]\n)\nb = ]\n"),
            "2:1: expected identifier, got }\n3:2: expected TERMINATOR, got IDENT\n6:5: expected expression, "
            "got ]\n");
}

TEST(ParseFile, PrintedErrorsMatchTheFixtures) {
  const std::filesystem::path dir = INVAR_SOURCE_DIR "/testdata/syntax/errors";
  int checked = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    if (entry.path().extension() != ".alloy") continue;
    Diagnostics diagnostics;
    EXPECT_EQ(parse_file(make_source("f", read(entry.path())), diagnostics), nullptr);
    std::filesystem::path expected = entry.path();
    EXPECT_EQ(diagnostics.render(false), read(expected.replace_extension(".txt"))) << entry.path();
    ++checked;
  }
  EXPECT_GT(checked, 3);
}

std::string repeat(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

TEST(Limits, NestingIsRefusedWithAPlace) {
  const struct {
    std::string open, middle, close;
  } rows[] = {
      {"a = " + repeat("(", 600), "1", repeat(")", 600)},
      {"a = " + repeat("[", 600), "", repeat("]", 600)},
      {"a = " + repeat("{x = ", 600), "1", repeat("}", 600)},
      {"a = " + repeat("-", 600), "1", ""},
      {"a = " + repeat("!", 600), "b", ""},
      {"a = " + repeat("f(", 600), "", repeat(")", 600)},
      {"a = " + repeat("x[", 600), "1", repeat("]", 600)},
      {"a = " + repeat("2 ^ ", 600), "2", ""},
      {repeat("b {\n", 600), "", repeat("}\n", 600)},
      {"a = " + repeat("x {\ny = ", 600), "", ""},
  };
  for (const auto& row : rows) {
    const std::string got = errors(row.open + row.middle + row.close);
    EXPECT_THAT(got, HasSubstr("nesting is deeper than 500 levels\n")) << row.open.substr(0, 20);
  }
  EXPECT_EQ(errors("a = " + repeat("(", 499) + "1" + repeat(")", 499)), "");
  EXPECT_EQ(errors(repeat("b {\n", 499) + repeat("}\n", 499)), "");
}

TEST(Limits, LongChainsHaveABoundThatProtectsRecursiveWalks) {
  for (const char* link : {" + 1", ".b", "[0]", "()", " && c"}) {
    EXPECT_EQ(errors("a = x" + repeat(link, 1500)), "") << link;
    EXPECT_THAT(errors("a = x" + repeat(link, 30'000)), HasSubstr("expression has more than 2000 levels\n"))
        << link;
  }
}

TEST(Limits, WideInputsAreFine) {
  EXPECT_EQ(errors("a = [" + repeat("1, ", 50'000) + "]"), "");
  EXPECT_EQ(errors("a = {" + repeat("k = 1, ", 50'000) + "}"), "");
  EXPECT_EQ(errors("a = \"" + repeat("x", 1 << 20) + "\""), "");
  EXPECT_EQ(errors("a = " + repeat("9", 1 << 20)), "");
}

TEST(Limits, ErrorsStopAfterAThousand) {
  Diagnostics diagnostics;
  parse_file(make_source("", repeat("€", 1 << 20)), diagnostics);
  ASSERT_EQ(diagnostics.size(), kMaxParseErrors);
  std::string last;
  for (const Diagnostic& d : diagnostics) last = d.to_string();
  EXPECT_THAT(last, HasSubstr("too many errors"));
}

TEST(Limits, SourcesOver64MiBAreRefusedAtTheirStart) {
  EXPECT_EQ(errors(std::string(kMaxSourceBytes + 1, '\n')), "1:1: source is larger than 64 MiB\n");
}

TEST(Limits, GarbageOfEveryKindTakesBoundedTime) {
  constexpr int kSize = 1 << 17;
  for (const char* unit :
       {"\xFF",     "]",    "}\n",          "a ",   "\"",   "`", "'",  "/*",      "{",
        "(",        "[",    "a\n",          "=",    ".",    "|", "\\", "a = [\n", "a = {\n",
        "x \"y\" ", "f(\n", "\xEF\xBB\xBF", "/**/", "a.b.", "\n"}) {
    const std::string text = repeat(unit, kSize / static_cast<int>(std::string_view(unit).size()));
    Diagnostics diagnostics;
    parse_file(make_source("f", text), diagnostics);
    EXPECT_LE(diagnostics.size(), kMaxParseErrors) << unit;
    EXPECT_LT(diagnostics.render(false).size(), std::size_t{16} << 20) << unit;
  }
}

}  // namespace
}  // namespace invar::syntax
