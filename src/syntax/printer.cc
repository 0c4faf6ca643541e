#include "syntax/printer.h"

#include <algorithm>
#include <utility>

#include "syntax/printer_layout.h"
#include "syntax/scanner.h"

namespace invar::syntax {
namespace {

using ast::Span;
using LineEnd = Layout::LineEnd;

// Walks the tree and says for every token what stands between it and the one before: nothing, a space, a mark or a line
// end. Comments are put between tokens where the source has them; tokens without a position of their own (`=`, `,`, `.`
// and most parentheses) let comments pass to the next token that has one.
class Printer {
 public:
  Printer(const Source& source, const std::vector<ast::Comment>& comments)
      : source_(source), comments_(comments) {}

  std::string print(const ast::File& file) {
    print_statements(file.body, 0);
    print_comments(static_cast<std::uint32_t>(source_.text.size()), 0, 0);
    layout_.end_line(LineEnd::kFlush);
    return layout_.take();
  }

  std::string print(const ast::Expr& expr) {
    last_line_ = line_of(expr.span.begin);
    started_ = true;
    print_expr(expr, 0);
    return layout_.take();
  }

 private:
  struct Gap {
    enum Kind { kNothing, kSpace, kLine } kind = kNothing;
    LineEnd end = LineEnd::kFlush;
    bool blank = false;  // one empty line
    int level = 0;       // indentation of the next line
    bool firm = false;   // a comment behind the last token does not take its place
  };

  static Gap space() { return {Gap::kSpace}; }
  static Gap new_line(int level, LineEnd end = LineEnd::kFlush, bool blank = false) {
    return {Gap::kLine, end, blank, level};
  }

  // --- source lines

  [[nodiscard]] std::uint32_t line_of(std::uint32_t offset) {
    const std::vector<std::uint32_t>& starts = source_.line_starts;
    // Tokens come in order: nearly always the line is the one found last, or the next.
    for (std::size_t i = line_hint_; i < line_hint_ + 2; ++i) {
      if (i < starts.size() && starts[i] <= offset && (i + 1 == starts.size() || offset < starts[i + 1])) {
        line_hint_ = i;
        return static_cast<std::uint32_t>(i + 1);
      }
    }
    const auto next = std::upper_bound(starts.begin(), starts.end(), offset);
    line_hint_ = static_cast<std::size_t>(next - starts.begin()) - 1;
    return static_cast<std::uint32_t>(line_hint_ + 1);
  }

  [[nodiscard]] bool comment_before(std::uint32_t offset) const {
    return next_comment_ < comments_.size() && comments_[next_comment_].span.begin < offset;
  }

  // Whether the next comment stands behind `offset` on its line.
  [[nodiscard]] bool comment_on_line(std::uint32_t offset) {
    return next_comment_ < comments_.size() &&
           line_of(comments_[next_comment_].span.begin) == line_of(offset);
  }

  // --- writing

  void write_gap() {
    const Gap gap = std::exchange(gap_, {});
    if (!started_) {
      started_ = true;
    } else if (gap.kind == Gap::kSpace) {
      layout_.text(" ");
    } else if (gap.kind == Gap::kLine) {
      layout_.end_line(gap.blank ? LineEnd::kFlush : gap.end);
      if (gap.blank) layout_.end_line(LineEnd::kFlush);
      layout_.indent(gap.level);
    }
  }

  // A token that comments in front of it stay in front of. `inner` is the indentation of comments on lines of their own,
  // `own` that of the token if a comment moves it to a new line.
  void token(std::string_view text, Span span, int inner, int own) {
    print_comments(span.begin, inner, own);
    write_gap();
    layout_.text(text);
    last_line_ = line_of(span.end);
  }

  void token(std::string_view text, Span span, int level) { token(text, span, level, level); }
  void token(std::string_view text, std::uint32_t offset, int inner, int own) {
    token(text, Span{offset, offset + static_cast<std::uint32_t>(text.size()) - 1}, inner, own);
  }
  void token(std::string_view text, std::uint32_t offset, int level) { token(text, offset, level, level); }

  void loose(std::string_view text) {
    write_gap();
    layout_.text(text);
  }

  [[nodiscard]] std::string_view source_text(Span span) const {
    return std::string_view(source_.text).substr(span.begin, span.end - span.begin + 1);
  }

  // Writes the comments that stand before `offset`, where the next token is. The gap that was pending is what remains of it
  // afterwards.
  void print_comments(std::uint32_t offset, int level, int own) {
    const int after = gap_.kind == Gap::kLine ? gap_.level : own;
    bool firm = gap_.firm;
    // The line end behind a comment is of the kind that stood here before; where none did, columns go on.
    const LineEnd replaced = firm || gap_.blank        ? LineEnd::kFlush
                             : gap_.kind != Gap::kLine ? LineEnd::kContinue
                                                       : gap_.end;
    while (comment_before(offset)) {
      const std::size_t last = end_of_row(offset);
      const bool more = last + 1 < comments_.size() && comments_[last + 1].span.begin < offset;
      const bool at_end = !more && offset == source_.text.size();
      const std::uint32_t first_line = line_of(comments_[next_comment_].span.begin);
      const std::uint32_t last_line = line_of(comments_[last].span.end);
      const std::uint32_t next_line = line_of(more ? comments_[last + 1].span.begin : offset);
      const bool behind_code = started_ && first_line == last_line_;
      firm = firm && behind_code;
      const bool ends_line =
          at_end || (firm && !more) || next_line > last_line || comments_[last].text.starts_with("//");

      if (!behind_code) {
        gap_ = new_line(level, LineEnd::kFlush, first_line > last_line_ + 1);
        write_gap();
        layout_.text(comments_[next_comment_++].text);
      }
      for (; next_comment_ <= last; ++next_comment_) {
        if (ends_line && behind_code) {
          layout_.hard_mark();
        } else {
          layout_.text(" ");
        }
        layout_.text(comments_[next_comment_].text);
      }
      last_line_ = last_line;
      if (at_end) {
        gap_ = {};
      } else if (ends_line) {
        gap_ = new_line(more ? level : after, replaced, next_line > last_line + 1);
      } else {
        gap_ = space();
      }
    }
  }

  // Index of the last comment in front of `offset` with nothing but comments, and no line end, before it.
  [[nodiscard]] std::size_t end_of_row(std::uint32_t offset) {
    std::size_t last = next_comment_;
    while (last + 1 < comments_.size() && comments_[last + 1].span.begin < offset &&
           line_of(comments_[last + 1].span.begin) == line_of(comments_[last].span.end)) {
      ++last;
    }
    return last;
  }

  // --- statements

  void print_statements(const ast::Body& body, int level) {
    bool first = true;
    LineEnd end = LineEnd::kFlush;
    std::uint32_t previous_line = 0;  // where the statement before ends
    for (const ast::Statement& statement : body.statements) {
      const auto* block = std::get_if<ast::Block>(&statement.node);
      if (!first) {
        const bool apart = line_of(statement.span.begin) > std::max(last_line_, previous_line) + 1;
        gap_ = new_line(level, end, apart || block != nullptr);
      }
      first = false;
      previous_line = line_of(statement.span.end);
      if (block != nullptr) {
        end = print_block(*block, level);
      } else {
        const auto& attribute = std::get<ast::Attribute>(statement.node);
        token(attribute.name, attribute.name_span, level);
        const std::uint32_t begun = layout_.line();
        print_assignment(*attribute.value, level);
        end = layout_.line() == begun ? LineEnd::kContinue : LineEnd::kFlush;
      }
    }
  }

  void print_assignment(const ast::Expr& value, int level) {
    layout_.soft_mark();
    layout_.text("=");
    gap_ = space();
    print_expr(value, level);
  }

  LineEnd print_block(const ast::Block& block, int level) {
    print_block_name(block, level);
    const std::uint32_t begun = layout_.line();
    gap_ = space();
    if (!block.label.empty()) {
      token(source_text(block.label_span), block.label_span, level);
      gap_ = space();
    }
    token("{", block.open, level);
    if (block.body.statements.empty()) {
      gap_ = space();
    } else {
      gap_ = new_line(level + 1);
      gap_.firm = true;
      print_statements(block.body, level + 1);
      gap_ = new_line(level);
    }
    token("}", block.close, level + 1, level);
    return layout_.line() == begun ? LineEnd::kContinue : LineEnd::kFlush;
  }

  void print_block_name(const ast::Block& block, int level) {
    // Comments inside a dotted name move behind it, except over a line end: behind its name a block's header cannot break.
    if (line_of(block.name_span.begin) == line_of(block.name_span.end)) {
      return token(block.full_name(), block.name_span, level);
    }
    Scanner scanner(source_text(block.name_span), [](std::uint32_t, const std::string&) {});
    for (Scanner::Lexeme part = scanner.next(); part.token != Token::kEof; part = scanner.next()) {
      const Span span{block.name_span.begin + part.begin, block.name_span.begin + part.end - 1};
      if (part.token == Token::kIdent) token(source_text(span), span, level);
      if (part.token == Token::kDot) loose(".");
    }
  }

  // --- expressions

  void print_expr(const ast::Expr& expr, int level) {
    std::visit([&](const auto& node) { print_node(node, expr, level); }, expr.node);
  }

  void print_node(const ast::Identifier& node, const ast::Expr& expr, int level) {
    token(node.name, expr.span, level);
  }
  void print_node(const ast::Literal& node, const ast::Expr& expr, int level) {
    token(node.text, expr.span, level);
  }

  void print_node(const ast::Access& node, const ast::Expr&, int level) {
    print_expr(*node.object, level);
    loose(".");
    token(node.name, node.name_span, level);
  }

  void print_node(const ast::Index& node, const ast::Expr& expr, int level) {
    print_expr(*node.object, level);
    token("[", expr.open, level);
    print_expr(*node.index, level);
    token("]", expr.span.end, level);
  }

  void print_node(const ast::Unary& node, const ast::Expr& expr, int level) {
    token(token_name(node.op), expr.span.begin, level);
    print_expr(*node.operand, level);
  }

  void print_node(const ast::Binary& node, const ast::Expr&, int level) {
    print_expr(*node.left, level);
    gap_ = space();
    token(token_name(node.op), node.op_offset, level);
    gap_ = space();
    print_expr(*node.right, level);
  }

  void print_node(const ast::Paren& node, const ast::Expr& expr, int level) {
    if (gap_.kind == Gap::kLine) {
      token("(", expr.open, level);
    } else {
      loose("(");
    }
    print_expr(*node.inner, level);
    loose(")");
    last_line_ = line_of(expr.span.end);
  }

  void print_node(const ast::Array& node, const ast::Expr& expr, int level) {
    token("[", expr.open, level);
    print_elements(node.elements, expr.open, expr.span.end, level);
    token("]", expr.span.end, node.elements.empty() ? level : level + 1, level);
  }

  void print_node(const ast::Call& node, const ast::Expr& expr, int level) {
    print_expr(*node.callee, level);
    loose("(");
    print_elements(node.arguments, expr.open, expr.span.end, level);
    const std::uint32_t closer = expr.span.end;
    const bool in_place = gap_.kind == Gap::kLine || node.arguments.empty();
    const bool commented = comment_before(closer);
    const std::uint32_t last_argument_line = last_line_;
    if (in_place) {
      token(")", closer, level + 1, level);
    } else {
      loose(")");
    }
    if (comment_before(closer)) return;
    // A closer on its own line is not counted, as in the reference: a comment line below it is set apart by a blank line.
    const bool uncounted = in_place && !commented && !node.arguments.empty() && !comment_on_line(closer);
    last_line_ = uncounted ? last_argument_line : line_of(closer);
  }

  // Elements and what follows the last one; the closer is left to the caller.
  void print_elements(const std::vector<ast::ExprPtr>& elements, std::uint32_t open, std::uint32_t close,
                      int level) {
    std::uint32_t previous = open;
    bool first = true;
    for (const ast::ExprPtr& element : elements) {
      if (!first) loose(",");
      const bool breaks = line_of(element->span.begin) != line_of(previous);
      if (breaks) {
        gap_ = new_line(level + 1);
      } else if (!first) {
        gap_ = space();
      }
      first = false;
      print_expr(*element, breaks ? level + 1 : level);
      previous = element->span.end;
    }
    if (!elements.empty() && line_of(close) != line_of(previous)) {
      loose(",");
      gap_ = new_line(level);
    }
  }

  void print_node(const ast::Object& node, const ast::Expr& expr, int level) {
    token("{", expr.open, level);
    std::uint32_t previous = expr.open;
    bool first = true;
    LineEnd end = LineEnd::kFlush;
    for (const ast::ObjectField& field : node.fields) {
      if (!first) loose(",");
      if (line_of(field.key_span.begin) != line_of(previous)) {
        gap_ = new_line(level + 1, end);
      } else if (!first) {
        gap_ = space();
      }
      first = false;
      token(field.key_text, field.key_span, level + 1);
      const std::uint32_t started_at = layout_.line();
      print_assignment(*field.value, level + 1);
      end = layout_.line() == started_at ? LineEnd::kContinue : LineEnd::kFlush;
      previous = field.key_span.begin;
    }
    // What counts is the line of the last key; but a comment behind its value may keep the closer there after all.
    const bool one_line = end == LineEnd::kContinue;
    if (!node.fields.empty() && one_line && comment_before(expr.span.end))
      previous = node.fields.back().value->span.end;
    if (!node.fields.empty() && line_of(expr.span.end) != line_of(previous)) {
      loose(",");
      gap_ = new_line(level);
    }
    token("}", expr.span.end, node.fields.empty() ? level : level + 1, level);
  }

  const Source& source_;
  const std::vector<ast::Comment>& comments_;
  Layout layout_;
  std::size_t next_comment_ = 0;
  std::size_t line_hint_ = 0;
  std::uint32_t last_line_ = 0;  // source line where the last thing written ends
  Gap gap_;                      // between the last thing written and the next
  bool started_ = false;
};

}  // namespace

std::string print_file(const ast::File& file) {
  return Printer(*file.source, file.comments).print(file);
}

std::string print_expression(const ast::Expr& expr, const SourcePtr& source) {
  const std::vector<ast::Comment> none;
  return Printer(*source, none).print(expr);
}

}  // namespace invar::syntax
