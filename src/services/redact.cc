#include "services/redact.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "syntax/ast.h"
#include "syntax/parser.h"
#include "syntax/printer.h"

namespace invar::services {
namespace {

using syntax::Field;
using syntax::Schema;
namespace ast = syntax::ast;

constexpr std::string_view kHidden = "\"(secret)\"";
constexpr std::string_view kLeftOut =
    "// This file does not parse. Its text is left out, because secrets in it cannot be told from the "
    "rest.\n";

bool carries_credentials(std::string_view header) {
  static constexpr std::array<std::string_view, 5> kNames = {"authorization", "proxy-authorization", "cookie",
                                                             "x-api-key", "x-auth-token"};
  return std::ranges::find(kNames, to_lower_ascii(header)) != kNames.end();
}

bool holds_secrets(const Field& field) {
  return field.secret || field.type_text.find("secret") != std::string::npos;
}

// Quoted text of a comment: an argument that was commented out. An open quote reaches to the end.
std::string without_quoted(std::string_view comment) {
  std::string out;
  while (!comment.empty()) {
    const auto open = comment.find_first_of("\"`");
    out += comment.substr(0, open);
    if (open == std::string_view::npos) break;
    out += kHidden;
    const char quote = comment[open];
    auto close = open + 1;
    while (close < comment.size() && comment[close] != quote)
      close += quote == '"' && comment[close] == '\\' ? 2 : 1;
    if (close >= comment.size()) break;
    comment.remove_prefix(close + 1);
  }
  return out;
}

class Redactor {
 public:
  explicit Redactor(const ast::File& file) : text_(file.source->text) {}

  // The top level: blocks are found by name.
  void top(const ast::Body& body, const SchemaOf& schema_of) {
    for (const auto& statement : body.statements) {
      if (const auto* block = std::get_if<ast::Block>(&statement.node)) {
        this->body(block->body, schema_of(block->full_name()));
      } else {
        expression(*std::get<ast::Attribute>(statement.node).value, true);
      }
    }
  }

  void comments(const std::vector<ast::Comment>& comments) {
    for (const auto& comment : comments) {
      const auto written = source(comment.span);
      const std::string_view marker = written.substr(0, 2);
      std::string shown(marker);
      shown += without_url_passwords(without_quoted(written.substr(2)));
      if (marker == "/*" && !shown.ends_with("*/")) shown += "*/";
      replace(comment.span, std::move(shown));
    }
  }

  // The source with the replacements made.
  std::string take() {
    std::ranges::sort(edits_, {}, [](const Edit& edit) { return edit.span.begin; });
    std::string out;
    std::size_t at = 0;
    for (const Edit& edit : edits_) {
      out.append(text_, at, edit.span.begin - at);
      out += edit.text;
      at = edit.span.end + 1;
    }
    return out.append(text_, at);
  }

 private:
  struct Edit {
    ast::Span span;
    std::string text;
  };

  // No schema: nothing is known, so everything is hidden.
  void body(const ast::Body& body, const Schema* schema) {
    for (const auto& statement : body.statements) {
      if (const auto* block = std::get_if<ast::Block>(&statement.node)) {
        const Field* field = schema == nullptr ? nullptr : schema->find(block->full_name());
        this->body(block->body,
                   field != nullptr && field->kind == Field::Kind::kBlock ? field->block : nullptr);
        continue;
      }
      const auto& attribute = std::get<ast::Attribute>(statement.node);
      const Field* field = schema == nullptr ? nullptr : schema->find(attribute.name);
      expression(*attribute.value,
                 field == nullptr || field->kind != Field::Kind::kAttribute || holds_secrets(*field));
    }
  }

  void expression(const ast::Expr& expr, bool hide) {
    if (const auto* literal = std::get_if<ast::Literal>(&expr.node)) {
      this->literal(*literal, expr.span, hide);
    } else if (const auto* array = std::get_if<ast::Array>(&expr.node)) {
      for (const auto& element : array->elements) expression(*element, hide);
    } else if (const auto* object = std::get_if<ast::Object>(&expr.node)) {
      for (const auto& field : object->fields)
        expression(*field.value, hide || carries_credentials(field.key));
    } else if (const auto* access = std::get_if<ast::Access>(&expr.node)) {
      expression(*access->object, hide);
    } else if (const auto* index = std::get_if<ast::Index>(&expr.node)) {
      expression(*index->object, hide);
      expression(*index->index, hide);
    } else if (const auto* call = std::get_if<ast::Call>(&expr.node)) {
      expression(*call->callee, hide);
      for (const auto& argument : call->arguments) expression(*argument, hide);
    } else if (const auto* unary = std::get_if<ast::Unary>(&expr.node)) {
      expression(*unary->operand, hide);
    } else if (const auto* binary = std::get_if<ast::Binary>(&expr.node)) {
      expression(*binary->left, hide);
      expression(*binary->right, hide);
    } else if (const auto* paren = std::get_if<ast::Paren>(&expr.node)) {
      expression(*paren->inner, hide);
    }
  }

  void literal(const ast::Literal& literal, ast::Span span, bool hide) {
    if (hide) {
      replace(span, std::string(kHidden));
    } else if (literal.kind == syntax::Token::kString) {
      const std::string value = syntax::unquote(literal.text);
      if (std::string shown = without_url_passwords(value); shown != value) replace(span, quote(shown));
    }
  }

  [[nodiscard]] std::string_view source(ast::Span span) const {
    return std::string_view(text_).substr(span.begin, span.end - span.begin + 1);
  }

  void replace(ast::Span span, std::string text) {
    if (source(span) != text) edits_.push_back({span, std::move(text)});
  }

  const std::string& text_;
  std::vector<Edit> edits_;
};

ast::FilePtr parsed(const std::string& path, std::string text) {
  syntax::Diagnostics ignored;
  return syntax::parse_file(syntax::make_source(path, std::move(text)), ignored);
}

}  // namespace

std::string hidden_secrets(const std::string& path, const std::string& text, const SchemaOf& schema_of) {
  const auto file = parsed(path, text);
  if (!file) return std::string(kLeftOut);
  Redactor redactor(*file);
  redactor.top(file->body, schema_of);
  redactor.comments(file->comments);
  return redactor.take();
}

std::string redacted_source(const std::string& path, const std::string& text, const SchemaOf& schema_of) {
  const auto redacted = parsed(path, hidden_secrets(path, text, schema_of));
  return redacted ? syntax::print_file(*redacted) : std::string(kLeftOut);
}

std::string without_url_passwords(std::string_view text) {
  constexpr std::string_view kEnd = " \t\r\n\"'`<>";
  constexpr std::size_t kLongestWord = 4096;  // keeps the time linear
  std::string out;
  for (;;) {
    const auto slashes = text.find("//");
    if (slashes == std::string_view::npos) return out.append(text);
    out += text.substr(0, slashes + 2);
    text.remove_prefix(slashes + 2);
    std::string_view word = text.substr(0, kLongestWord);
    word = word.substr(0, word.find_first_of(kEnd));
    const std::string_view authority = word.substr(0, word.find_first_of("/?#"));
    const auto colon = authority.find(':');
    if (colon == std::string_view::npos) continue;
    auto at = authority.rfind('@');
    // A password with an unescaped slash makes no usable URL, and is a password all the same. A port is none.
    if (at == std::string_view::npos &&
        authority.substr(colon + 1).find_first_not_of("0123456789") != std::string_view::npos)
      at = word.rfind('@');
    if (at == std::string_view::npos || at < colon) continue;
    out += text.substr(0, colon + 1);
    out += "xxxxx";
    text.remove_prefix(at);
  }
}

}  // namespace invar::services
