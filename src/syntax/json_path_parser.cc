#include <re2/re2.h>

#include "base/strings.h"
#include "syntax/json_path.h"

namespace invar::syntax::json_path {
namespace {

constexpr int kMaxNesting = 50;
constexpr std::size_t kMaxPathBytes = std::size_t{64} * 1024;

using ExpressionPtr = std::shared_ptr<const Expression>;

ExpressionPtr make(decltype(Expression::node) node) {
  return std::make_shared<const Expression>(Expression{std::move(node)});
}

struct OperatorName {
  std::string_view text;
  Operator op;
  int binding;
};
// Longer texts first where one begins another.
constexpr OperatorName kOperators[] = {
    {"||", Operator::kOr, 1},      {"&&", Operator::kAnd, 2},        {"==", Operator::kEq, 3},
    {"!=", Operator::kNeq, 3},     {"<=", Operator::kLte, 3},        {">=", Operator::kGte, 3},
    {"=~", Operator::kMatch, 3},   {"~=", Operator::kMatch, 3},      {"<", Operator::kLt, 3},
    {">", Operator::kGt, 3},       {"in", Operator::kIn, 3},         {"empty", Operator::kEmpty, 3},
    {"has", Operator::kExists, 3}, {"exists", Operator::kExists, 3}, {"+", Operator::kAdd, 4},
    {"-", Operator::kSub, 4},      {"*", Operator::kMul, 5},         {"/", Operator::kDiv, 5},
};

class PathParser {
 public:
  explicit PathParser(std::string_view text) : text_(text) {}

  Result<Path> parse() {
    Path path;
    if (text_.size() > kMaxPathBytes) fail("path is too long");
    if (!failed_ && (peek() == '$' || peek() == '@'))
      ++at_;
    else if (!failed_ && peek() != '.' && peek() != '[' && peek() != '*')
      read_name(path);
    read_fragments(path);
    if (!failed_ && at_ < text_.size()) fail("parse error");
    if (failed_) return std::unexpected(std::move(error_));
    return path;
  }

 private:
  bool fail(const std::string& what) {
    if (!failed_)
      error_ = {ErrorCode::kInvalidArgument,
                what + " at " + std::to_string(at_ + 1) + " in " + std::string(text_)};
    failed_ = true;
    at_ = text_.size();
    return false;
  }

  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_blanks() {
    while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_;
  }
  bool take(char c) {
    if (peek() != c || at_ >= text_.size()) return false;
    ++at_;
    return true;
  }

  static bool is_name_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '#' || static_cast<unsigned char>(c) >= 0x80;
  }

  void read_name(Path& path) {
    const std::size_t start = at_;
    while (at_ < text_.size() && is_name_byte(text_[at_])) ++at_;
    if (at_ == start) {
      fail(at_ < text_.size() ? "parse error" : "not terminated");
      return;
    }
    path.fragments.emplace_back(Child{std::string(text_.substr(start, at_ - start))});
  }

  void read_fragments(Path& path) {
    while (!failed_ && at_ < text_.size()) {
      if (take('*')) {
        path.fragments.emplace_back(Wildcard{});
      } else if (take('[')) {
        read_bracket(path);
      } else if (take('.')) {
        if (take('.')) {
          path.fragments.emplace_back(Descent{});
          if (at_ >= text_.size() || peek() == '[' || peek() == '.') continue;
          if (!is_name_byte(peek()) && peek() != '*') return;
        }
        if (peek() == '[') {
          fail("an expression fragment can not start with a '['");
        } else if (!take('*')) {
          read_name(path);
        } else {
          path.fragments.emplace_back(Wildcard{});
        }
      } else {
        return;
      }
    }
  }

  void read_bracket(Path& path) {
    skip_blanks();
    if (take('*')) {
      path.fragments.emplace_back(Wildcard{});
    } else if (take('?')) {
      read_filter(path);
    } else if (peek() == '\'' || peek() == '"' || peek() == '-' || peek() == ':' || is_digit(peek())) {
      read_choices(path);
    } else {
      fail(at_ < text_.size() ? "parse error" : "not terminated");
    }
    skip_blanks();
    if (!failed_ && !take(']')) fail(at_ < text_.size() ? "invalid bracket fragment" : "not terminated");
  }

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  std::optional<std::int64_t> read_integer() {
    const std::size_t start = at_;
    if (peek() == '-') ++at_;
    while (is_digit(peek())) ++at_;
    if (at_ == start) return std::nullopt;
    const auto value = parse_int(text_.substr(start, at_ - start));
    if (!value) fail("expected a number");
    return value;
  }

  // A key, an index, a slice, or a union of keys and indexes.
  void read_choices(Path& path) {
    Union all;
    do {
      skip_blanks();
      if (peek() == '\'' || peek() == '"') {
        std::string name;
        if (!read_string(name)) return;
        all.choices.emplace_back(Child{std::move(name)});
      } else {
        const auto index = read_integer();
        if (failed_) return;
        skip_blanks();
        if (all.choices.empty() && peek() == ':') return read_slice(path, index);
        if (!index) {
          fail("invalid union syntax");
          return;
        }
        all.choices.emplace_back(Element{*index});
      }
      skip_blanks();
    } while (take(','));
    if (all.choices.size() > 1) {
      path.fragments.emplace_back(std::move(all));
    } else if (const auto* child = std::get_if<Child>(&all.choices[0])) {
      path.fragments.emplace_back(*child);
    } else {
      path.fragments.emplace_back(std::get<Element>(all.choices[0]));
    }
  }

  void read_slice(Path& path, std::optional<std::int64_t> from) {
    Slice slice;
    slice.from = from;
    take(':');
    skip_blanks();
    slice.to = read_integer();
    skip_blanks();
    if (take(':')) {
      skip_blanks();
      slice.step = read_integer().value_or(1);
    }
    path.fragments.emplace_back(slice);
  }

  bool read_string(std::string& out) {
    const char quote_mark = text_[at_++];
    while (at_ < text_.size() && text_[at_] != quote_mark) {
      if (text_[at_] != '\\') {
        out += text_[at_++];
        continue;
      }
      if (++at_ >= text_.size()) break;
      const char c = text_[at_++];
      switch (c) {
        case 'b':
          out += '\b';
          break;
        case 'f':
          out += '\f';
          break;
        case 'n':
          out += '\n';
          break;
        case 'r':
          out += '\r';
          break;
        case 't':
          out += '\t';
          break;
        case 'u': {
          const auto rune = at_ + 4 <= text_.size() ? parse_uint(text_.substr(at_, 4), 16) : std::nullopt;
          if (!rune) return fail("invalid unicode escape");
          append_rune(out, static_cast<char32_t>(*rune));
          at_ += 4;
          break;
        }
        default:
          out += c;
      }
    }
    return take(quote_mark) || fail("string not terminated");
  }

  // ---- filters

  void read_filter(Path& path) {
    Filter filter{read_expression(0)};
    if (!failed_) path.fragments.emplace_back(std::move(filter));
  }

  const OperatorName* peek_operator() {
    for (const auto& candidate : kOperators) {
      if (!text_.substr(at_).starts_with(candidate.text)) continue;
      const char last = candidate.text.back();
      const std::size_t next = at_ + candidate.text.size();
      if (last >= 'a' && last <= 'z' && next < text_.size() && is_name_byte(text_[next])) continue;
      return &candidate;
    }
    return nullptr;
  }

  ExpressionPtr read_expression(int binding) {
    if (++nesting_ > kMaxNesting) {
      fail("filter is nested too deeply");
      return nullptr;
    }
    ExpressionPtr left = read_operand();
    while (!failed_) {
      skip_blanks();
      if (at_ >= text_.size() || peek() == ')' || peek() == ']' || peek() == ',') break;
      const OperatorName* next = peek_operator();
      if (next == nullptr) {
        fail("'" + std::string(text_.substr(at_, 1)) + "' is not a valid operation");
        break;
      }
      if (next->binding <= binding) break;
      at_ += next->text.size();
      ExpressionPtr right = next->op == Operator::kMatch ? read_pattern() : read_expression(next->binding);
      left = make(Expression::Operation{next->op, std::move(left), std::move(right)});
    }
    --nesting_;
    return left;
  }

  // The right side of =~: /pattern/, or anything else that gives a string.
  ExpressionPtr read_pattern() {
    skip_blanks();
    if (!take('/')) return read_expression(3);
    std::string pattern;
    while (at_ < text_.size() && text_[at_] != '/') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] == '/') ++at_;
      pattern += text_[at_++];
    }
    if (!take('/')) {
      fail("regex not terminated");
      return nullptr;
    }
    auto regex = std::make_shared<const re2::RE2>(pattern, re2::RE2::Quiet);
    if (!regex->ok()) {
      fail("error parsing regexp: " + regex->error());
      return nullptr;
    }
    return make(std::move(regex));
  }

  ExpressionPtr read_operand() {
    skip_blanks();
    if (take('(')) {
      ExpressionPtr inner = read_expression(0);
      skip_blanks();
      if (!failed_ && !take(')')) fail("not terminated");
      return inner;
    }
    if (take('!')) {
      if (++nesting_ > kMaxNesting) fail("filter is nested too deeply");
      if (failed_) return nullptr;
      ExpressionPtr inner = read_expression(2);
      --nesting_;
      return make(Expression::Operation{Operator::kNot, nullptr, std::move(inner)});
    }
    if (peek() == '@' || peek() == '$') {
      Path path;
      path.from_root = text_[at_++] == '$';
      // A bracket inside a path may hold a filter again.
      if (++nesting_ > kMaxNesting) fail("filter is nested too deeply");
      if (!failed_) read_fragments(path);
      --nesting_;
      return make(std::move(path));
    }
    Value literal;
    if (!read_literal(literal)) return nullptr;
    return make(std::move(literal));
  }

  bool read_literal(Value& out) {
    if (peek() == '\'' || peek() == '"') {
      std::string text;
      if (!read_string(text)) return false;
      out = Value(std::move(text));
      return true;
    }
    if (peek() == '[') return read_list(out);
    for (const auto& [word, value] :
         {std::pair<std::string_view, Value>{"true", true}, {"false", false}, {"null", Value()}}) {
      if (!text_.substr(at_).starts_with(word)) continue;
      at_ += word.size();
      out = value;
      return true;
    }
    const std::size_t start = at_;
    if (peek() == '-') ++at_;
    while (is_digit(peek()) || peek() == '.' || peek() == 'e' || peek() == 'E' ||
           ((peek() == '-' || peek() == '+') && at_ > start && (text_[at_ - 1] | 0x20) == 'e'))
      ++at_;
    const std::string_view digits = text_.substr(start, at_ - start);
    if (const auto whole = parse_int(digits)) {
      out = Value(*whole);
    } else if (const auto number = parse_double(digits.substr(digits.starts_with('-') ? 1 : 0))) {
      out = Value(digits.starts_with('-') ? -*number : *number);
    } else {
      return fail("'" + std::string(digits) + "' is not a value or function");
    }
    return true;
  }

  bool read_list(Value& out) {
    take('[');
    if (++nesting_ > kMaxNesting) return fail("filter is nested too deeply");
    ArrayData elements;
    skip_blanks();
    while (!failed_ && !take(']')) {
      if (!elements.empty() && !take(',')) return fail("expected a comma");
      skip_blanks();
      if (!read_literal(elements.emplace_back())) return false;
      skip_blanks();
    }
    --nesting_;
    out = Value(std::move(elements));
    return !failed_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int nesting_ = 0;
  bool failed_ = false;
  Error error_;
};

}  // namespace

Result<Path> parse_path(std::string_view text) {
  return PathParser(text).parse();
}

}  // namespace invar::syntax::json_path
