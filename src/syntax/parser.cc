#include "syntax/parser.h"

#include <utility>

#include "base/strings.h"
#include "syntax/foreign_input.h"
#include "syntax/limits.h"
#include "syntax/scanner.h"

namespace invar::syntax {
namespace {

using ast::Expr;
using ast::ExprPtr;
using ast::Span;

int precedence(Token token) {
  switch (token) {
    case Token::kOr:
      return 1;
    case Token::kAnd:
      return 2;
    case Token::kEq:
    case Token::kNeq:
    case Token::kLt:
    case Token::kLte:
    case Token::kGt:
    case Token::kGte:
      return 3;
    case Token::kAdd:
    case Token::kSub:
      return 4;
    case Token::kMul:
    case Token::kDiv:
    case Token::kMod:
      return 5;
    case Token::kPow:
      return 6;
    default:
      return 0;
  }
}

// An expression with the height of its tree, which bounds every recursive walk over it.
struct Tree {
  ExprPtr expr;
  int height = 0;
  explicit operator bool() const { return expr != nullptr; }
};

class Parser {
 public:
  Parser(const SourcePtr& source, Diagnostics& diagnostics)
      : source_(source),
        diagnostics_(diagnostics),
        scanner_(source->text, [this](std::uint32_t offset, std::string message) {
          report(Range{position_at(source_, offset), {}}, std::move(message));
        }) {
    advance();
  }

  void parse_file(ast::File& file) {
    parse_body(file.body, Token::kEof);
    file.comments = std::move(comments_);
  }

  ExprPtr parse_single_expression() {
    ExprPtr expr = parse_expression().expr;
    if (cur_.token == Token::kTerminator) advance();
    if (cur_.token != Token::kEof) expected(token_name(Token::kEof));
    return expr;
  }

 private:
  // --- tokens and errors

  void advance() {
    previous_end_ = cur_.end;
    while (true) {
      if (stopped_) {
        const auto end = static_cast<std::uint32_t>(source_->text.size());
        cur_ = {Token::kEof, end, end};
        return;
      }
      cur_ = scanner_.next();
      if (cur_.token != Token::kComment) return;
      add_comment();
    }
  }

  void count_node() {
    if (++nodes_ > kMaxNodes)
      stop(cur_.begin, "source has more than " + std::to_string(kMaxNodes) + " parts");
  }

  void add_comment() {
    count_node();
    std::string text(source_->text, cur_.begin, cur_.end - cur_.begin);
    std::erase(text, '\r');
    comments_.push_back({Span{cur_.begin, cur_.end - 1}, std::move(text)});
  }

  [[nodiscard]] std::string_view text() const {
    return std::string_view(source_->text).substr(cur_.begin, cur_.end - cur_.begin);
  }

  void report(Range range, std::string message) {
    if (stopped_) return;
    diagnostics_.error(std::move(range), std::move(message));
    if (++reported_ == kMaxParseErrors - 1) stop(cur_.begin, "too many errors");
  }

  // Reports a last error and lets the parser see nothing but the end of the file from here on.
  void stop(std::uint32_t offset, std::string message) {
    if (stopped_) return;
    diagnostics_.error(Range{position_at(source_, offset), {}}, std::move(message));
    stopped_ = true;
    cur_.token = Token::kEof;
  }

  // At most one of these per line, the line of the last one being compared.
  void error_at(std::uint32_t offset, std::string message) {
    Position position = position_at(source_, offset);
    if (position.line == last_error_line_) return;
    last_error_line_ = position.line;
    report(Range{std::move(position), {}}, std::move(message));
  }

  // What follows from an earlier mistake is not told: at and behind a character that the scanner refused (the next statement is lost,
  // too), and at the end of the file that the way out of a broken statement led to.
  void expected(std::string_view what, std::string_view advice = {}) {
    const bool illegal = cur_.token == Token::kIllegal;
    const bool lost = behind_illegal_ && what == token_name(Token::kTerminator);
    behind_illegal_ = (behind_illegal_ && !lost) || (illegal && what != "expression");
    if (illegal || lost || (cur_.token == Token::kEof && reported_ > 0)) {
      last_error_line_ = position_at(source_, cur_.begin).line;
      return;
    }
    error_at(cur_.begin, "expected " + std::string(what) + ", got " + std::string(token_name(cur_.token)) +
                             std::string(advice));
  }

  // Consumes the current token in any case.
  bool expect(Token token) {
    const bool found = cur_.token == token;
    if (!found) expected(token_name(token));
    advance();
    return found;
  }

  template <class Predicate>
  void skip_until(Predicate predicate) {
    while (cur_.token != Token::kEof && !predicate(cur_.token)) advance();
  }

  // To a terminator at which no bracket opened on the way is still open; each kind of bracket counts by itself.
  void skip_statement() {
    int curly = 0, brack = 0, paren = 0;
    while (cur_.token != Token::kEof) {
      const auto opened = [this](Token open, Token close) {
        return static_cast<int>(cur_.token == open) - static_cast<int>(cur_.token == close);
      };
      curly += opened(Token::kLCurly, Token::kRCurly);
      brack += opened(Token::kLBrack, Token::kRBrack);
      paren += opened(Token::kLParen, Token::kRParen);
      if (cur_.token == Token::kTerminator && curly <= 0 && brack <= 0 && paren <= 0) return;
      advance();
    }
  }

  // Counts one level of nesting for as long as it lives.
  class Level {
   public:
    explicit Level(Parser& parser) : parser_(parser) {
      if (++parser_.depth_ > kMaxDepth) {
        parser_.stop(parser_.cur_.begin, "nesting is deeper than " + std::to_string(kMaxDepth) + " levels");
      }
    }
    ~Level() { --parser_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Parser& parser_;
  };

  // --- statements

  void parse_body(ast::Body& body, Token closer) {
    while (cur_.token != closer && cur_.token != Token::kEof) {
      ast::Statement statement;
      if (parse_statement(statement)) body.statements.push_back(std::move(statement));
      if (cur_.token == closer) break;
      if (cur_.token != Token::kTerminator) {
        expected(token_name(Token::kTerminator));
        skip_statement();
      }
      advance();
    }
  }

  void skip_to_identifier() {
    skip_until([](Token token) { return token == Token::kIdent; });
  }

  struct BlockName {
    std::vector<std::string> fragments;
    Span span;
    std::string label;
    Span label_span;
    bool labelled = false;
  };

  bool parse_statement(ast::Statement& out) {
    if (cur_.token != Token::kIdent) {
      expected("identifier");
      skip_to_identifier();
      return false;
    }
    count_node();
    const std::uint32_t begin = cur_.begin;
    BlockName name = parse_name();
    switch (cur_.token) {
      case Token::kAssign:
        out.node = parse_attribute(std::move(name));
        break;
      case Token::kLCurly:
        out.node = parse_block(std::move(name));
        break;
      default:
        if (name.label.empty() && name.fragments.size() == 1) {
          expected("attribute assignment or block body");
        } else {
          expected("block body");
        }
        skip_to_identifier();
        return false;
    }
    out.span = {begin, previous_end_ - 1};
    return true;
  }

  BlockName parse_name() {
    BlockName name;
    name.span = {cur_.begin, cur_.end - 1};
    name.fragments.emplace_back(text());
    advance();
    while (cur_.token == Token::kDot) {
      advance();
      name.span.end = previous_end_ - 1;
      name.fragments.emplace_back(text());
      if (cur_.token == Token::kIdent) {
        name.span.end = cur_.end - 1;
      } else {
        expected("identifier");
      }
      advance();
    }
    if (cur_.token == Token::kAssign || cur_.token == Token::kLCurly) return name;

    if (cur_.token == Token::kString) {
      parse_label(name);
    } else {
      expected("block label", cur_.token == Token::kIdent ? " (a label stands in double quotes)" : "");
    }
    advance();
    return name;
  }

  void parse_label(BlockName& name) {
    const std::string_view token = text();
    name.labelled = true;
    name.label_span = {cur_.begin, cur_.end - 1};
    // Of an unterminated string nothing may be left.
    if (token.size() >= 2) name.label = token.substr(1, token.size() - 2);
    if (token.front() == '`') {
      error_at(cur_.begin, "expected block label to be a double quoted string, but got " + quote(token));
      return;
    }
    if (!name.label.empty() && !is_valid_identifier(name.label)) {
      error_at(cur_.begin, "expected block label to be a valid identifier, but got " + quote(name.label));
    }
  }

  ast::Attribute parse_attribute(BlockName name) {
    const std::uint32_t equals = cur_.begin;
    advance();
    if (name.fragments.size() > 1) {
      report(ast::range_of(source_, name.span),
             "attribute names may only consist of a single identifier with no \".\"");
    } else if (name.labelled) {
      report(ast::range_of(source_, name.label_span), "attribute names may not have labels");
    }
    ast::Attribute attribute;
    attribute.name = std::move(name.fragments.front());
    attribute.name_span = name.span;
    attribute.equals = equals;
    attribute.value = parse_expression().expr;
    return attribute;
  }

  ast::Block parse_block(BlockName name) {
    ast::Block block;
    block.name = std::move(name.fragments);
    block.name_span = name.span;
    block.label = std::move(name.label);
    block.label_span = name.label_span;
    block.open = cur_.begin;
    const Level level(*this);
    expect(Token::kLCurly);
    parse_body(block.body, Token::kRCurly);
    block.close = cur_.begin;
    expect(Token::kRCurly);
    return block;
  }

  // --- expressions

  template <class Node>
  Tree make(Span span, std::uint32_t open, Node node, int height) {
    count_node();
    auto expr = std::make_unique<Expr>();
    expr->span = span;
    expr->open = open;
    expr->node = std::move(node);
    if (height > kMaxExprHeight) {
      stop(span.end, "expression has more than " + std::to_string(kMaxExprHeight) + " levels");
    }
    return {std::move(expr), height};
  }

  Tree parse_expression() { return parse_binary(1); }

  Tree parse_binary(int minimum) {
    Tree left = parse_unary();
    while (precedence(cur_.token) >= minimum) {
      const Token op = cur_.token;
      const std::uint32_t op_offset = cur_.begin;
      const int own = precedence(op);
      const Level level(*this);
      advance();
      Tree right = parse_binary(op == Token::kPow ? own : own + 1);
      if (!left || !right) {
        left = {};
        continue;
      }
      const Span span{left.expr->span.begin, right.expr->span.end};
      const int height = 1 + std::max(left.height, right.height);
      left = make(span, 0, ast::Binary{op, op_offset, std::move(left.expr), std::move(right.expr)}, height);
    }
    return left;
  }

  Tree parse_unary() {
    if (cur_.token != Token::kNot && cur_.token != Token::kSub) return parse_postfix();
    const Level level(*this);
    const Token op = cur_.token;
    const std::uint32_t begin = cur_.begin;
    advance();
    Tree operand = parse_unary();
    if (!operand) return {};
    const Span span{begin, operand.expr->span.end};
    return make(span, 0, ast::Unary{op, std::move(operand.expr)}, operand.height + 1);
  }

  Tree parse_postfix() {
    const std::uint32_t begin = cur_.begin;
    Tree tree = parse_primary();
    while (true) {
      switch (cur_.token) {
        case Token::kDot: {
          advance();
          const Span name_span{cur_.begin, cur_.end - 1};
          std::string name(text());
          if (!expect(Token::kIdent)) tree = {};
          if (tree) {
            tree = make({begin, name_span.end}, 0,
                        ast::Access{std::move(tree.expr), std::move(name), name_span}, tree.height + 1);
          }
          break;
        }
        case Token::kLBrack: {
          const Level level(*this);
          const std::uint32_t open = cur_.begin;
          advance();
          Tree index = parse_expression();
          expect(Token::kRBrack);
          const int height = 1 + std::max(tree.height, index.height);
          if (!index) tree = {};
          if (tree) {
            tree = make({begin, previous_end_ - 1}, open,
                        ast::Index{std::move(tree.expr), std::move(index.expr)}, height);
          }
          break;
        }
        case Token::kLParen: {
          const Level level(*this);
          const std::uint32_t open = cur_.begin;
          advance();
          int height = tree.height;
          std::vector<ExprPtr> arguments = parse_elements(Token::kRParen, height);
          expect(Token::kRParen);
          if (tree) {
            tree = make({begin, previous_end_ - 1}, open,
                        ast::Call{std::move(tree.expr), std::move(arguments)}, height + 1);
          }
          break;
        }
        case Token::kString:
        case Token::kLCurly:
          tree = {};
          if (!read_pseudo_block(begin)) return {};
          break;
        default:
          return tree;
      }
    }
  }

  // An operand followed by a label or a brace was meant as a block: it is read as one, and refused as a
  // whole. False when it was none either; the statement is then skipped.
  bool read_pseudo_block(std::uint32_t begin) {
    const Level level(*this);
    if (cur_.token == Token::kString) advance();
    ast::Body body;
    bool complete = expect(Token::kLCurly);
    if (complete) {
      parse_body(body, Token::kRCurly);
      complete = expect(Token::kRCurly);
    }
    if (!complete) {
      skip_statement();
      return false;
    }
    report(ast::range_of(source_, {begin, previous_end_ - 1}), "cannot use a block as an expression");
    return true;
  }

  // Elements up to the closer, which is not consumed. `height` is raised to the highest element's.
  std::vector<ExprPtr> parse_elements(Token closer, int& height) {
    std::vector<ExprPtr> elements;
    while (cur_.token != closer && cur_.token != Token::kEof) {
      Tree element = parse_expression();
      height = std::max(height, element.height);
      if (element) elements.push_back(std::move(element.expr));
      if (cur_.token == closer) break;
      if (cur_.token != Token::kComma) error_at(cur_.begin, "missing ',' in expression list");
      advance();
    }
    return elements;
  }

  Tree parse_primary() {
    const Span span{cur_.begin, cur_.end - 1};
    switch (cur_.token) {
      case Token::kIdent: {
        ast::Identifier identifier{std::string(text())};
        advance();
        return make(span, 0, std::move(identifier), 1);
      }
      case Token::kNull:
      case Token::kBool:
      case Token::kNumber:
      case Token::kFloat:
      case Token::kString: {
        ast::Literal literal{cur_.token, std::string(text())};
        advance();
        return make(span, 0, std::move(literal), 1);
      }
      case Token::kLParen: {
        const Level level(*this);
        advance();
        Tree inner = parse_expression();
        expect(Token::kRParen);
        if (!inner) return {};
        return make({span.begin, previous_end_ - 1}, span.begin, ast::Paren{std::move(inner.expr)},
                    inner.height + 1);
      }
      case Token::kLBrack: {
        const Level level(*this);
        advance();
        int height = 0;
        ast::Array array{parse_elements(Token::kRBrack, height)};
        expect(Token::kRBrack);
        return make({span.begin, previous_end_ - 1}, span.begin, std::move(array), height + 1);
      }
      case Token::kLCurly:
        return parse_object();
      default:
        expected("expression");
        skip_until([](Token token) {
          return token == Token::kTerminator || token == Token::kRParen || token == Token::kRCurly ||
                 token == Token::kRBrack || token == Token::kComma;
        });
        return {};
    }
  }

  Tree parse_object() {
    const Level level(*this);
    const std::uint32_t open = cur_.begin;
    advance();
    ast::Object object;
    int height = 0;
    // `{]` is taken for an empty object with the wrong closer, not for a bad key.
    const bool wrong_closer = cur_.token == Token::kRBrack;
    while (!wrong_closer && cur_.token != Token::kRCurly && cur_.token != Token::kEof) {
      ast::ObjectField field;
      parse_field(field, height);
      if (field.value) object.fields.push_back(std::move(field));
      if (cur_.token == Token::kRCurly) break;
      if (cur_.token != Token::kComma) error_at(cur_.begin, "missing ',' in field list");
      advance();
    }
    expect(Token::kRCurly);
    return make({open, previous_end_ - 1}, open, std::move(object), height + 1);
  }

  void parse_field(ast::ObjectField& field, int& height) {
    count_node();
    field.key_span = {cur_.begin, cur_.end - 1};
    field.key_text = text();
    if (cur_.token == Token::kString || cur_.token == Token::kIdent) {
      field.quoted = cur_.token == Token::kString;
      field.key = field.key_text;
      if (field.quoted && field.key.size() >= 2) field.key = field.key.substr(1, field.key.size() - 2);
      advance();
    } else {
      expected("field name (string or identifier)");
      skip_until([](Token token) { return token == Token::kAssign; });
    }
    field.equals = cur_.begin;
    expect(Token::kAssign);
    Tree value = parse_expression();
    height = std::max(height, value.height);
    field.value = std::move(value.expr);
  }

  const SourcePtr& source_;
  Diagnostics& diagnostics_;
  std::vector<ast::Comment> comments_;
  Scanner::Lexeme cur_;
  std::uint32_t previous_end_ = 0;  // end of the last consumed token
  std::uint32_t last_error_line_ = 0;
  bool behind_illegal_ = false;  // a statement began badly, with a character that the scanner refused
  std::size_t reported_ = 0;
  std::size_t nodes_ = 0;
  bool stopped_ = false;
  int depth_ = 0;
  Scanner scanner_;  // last: reports into the members above
};

bool refuse_oversized(const SourcePtr& source, Diagnostics& diagnostics) {
  if (source->text.size() <= kMaxSourceBytes) return false;
  diagnostics.error(Range{position_at(source, 0), {}},
                    "source is larger than " + human_bytes(kMaxSourceBytes));
  return true;
}

}  // namespace

ast::FilePtr parse_file(const SourcePtr& source, Diagnostics& diagnostics) {
  if (refuse_oversized(source, diagnostics)) return nullptr;
  Diagnostics own;
  auto file = std::make_shared<ast::File>();
  file->source = source;
  Parser(source, own).parse_file(*file);
  if (own.empty()) return file;
  const Range first = own.begin()->range;
  if (std::string foreign = foreign_input(source->text, first.start.offset); !foreign.empty()) {
    diagnostics.error(first, std::move(foreign));
  } else {
    diagnostics.append(std::move(own));
  }
  return nullptr;
}

ast::ExprPtr parse_expression(const SourcePtr& source, Diagnostics& diagnostics) {
  if (refuse_oversized(source, diagnostics)) return nullptr;
  Diagnostics own;
  ast::ExprPtr expr = Parser(source, own).parse_single_expression();
  const bool failed = !own.empty();
  diagnostics.append(std::move(own));
  if (failed) return nullptr;
  return expr;
}

}  // namespace invar::syntax
