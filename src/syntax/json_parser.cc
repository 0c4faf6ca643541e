// The strict JSON parser behind parse_json. Every error text has been compared with what Go's encoding/json
// says.
#include <cmath>
#include <cstdlib>

#include "base/strings.h"
#include "syntax/json.h"

namespace invar::syntax {
namespace {

class JsonParser {
 public:
  JsonParser(std::string_view text, const JsonOptions& options) : text_(text), options_(options) {}

  Result<Value> parse() {
    Value value;
    skip_space();
    if (!parse_value(value, 0)) return std::unexpected(std::move(error_));
    skip_space();
    if (at_ < text_.size()) {
      invalid("after top-level value");
      return std::unexpected(std::move(error_));
    }
    return value;
  }

  [[nodiscard]] std::size_t offset() const { return at_; }

 private:
  bool fail_with(std::string message) {
    error_ = {ErrorCode::kInvalidArgument, std::move(message)};
    return false;
  }

  // The same inside a word, a number or an escape, where the end of the text counts as a blank.
  bool invalid_inside(std::string_view where) {
    if (at_ < text_.size()) return invalid(where);
    return fail_with("invalid character ' ' " + std::string(where));
  }

  // The character at the cursor does not belong there; at the end of the text that is the plain error of a
  // cut text.
  bool invalid(std::string_view where) {
    if (at_ >= text_.size()) return fail_with("unexpected end of JSON input");
    return fail_with("invalid character " + quoted_character() + " " + std::string(where));
  }

  [[nodiscard]] std::string quoted_character() const {
    const char c = text_[at_];
    if (c == '\'') return R"('\'')";
    if (c == '"') return R"('"')";
    // Single bytes are shown as code points, so that of a malformed text no bytes get out.
    std::string rune;
    append_rune(rune, static_cast<unsigned char>(c));
    const std::string quoted = quote(rune);
    return "'" + quoted.substr(1, quoted.size() - 2) + "'";
  }

  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }

  bool parse_value(Value& out, int depth) {
    if (depth > options_.max_depth) return fail_with("exceeded max depth");
    if (at_ >= text_.size()) return invalid("");
    switch (text_[at_]) {
      case '{':
        return parse_object(out, depth);
      case '[':
        return parse_array(out, depth);
      case '"': {
        std::string text;
        if (!parse_string(text)) return false;
        out = Value(std::move(text));
        return true;
      }
      case 't':
        return parse_word("true", Value(true), out);
      case 'f':
        return parse_word("false", Value(false), out);
      case 'n':
        return parse_word("null", Value(), out);
      default:
        break;
    }
    if (text_[at_] == '-' || is_digit()) return parse_number(out);
    return invalid("looking for beginning of value");
  }

  bool parse_word(std::string_view word, Value value, Value& out) {
    for (std::size_t i = 0; i < word.size(); ++i, ++at_) {
      if (at_ >= text_.size() || text_[at_] != word[i])
        return invalid_inside("in literal " + std::string(word) + " (expecting '" + word[i] + "')");
    }
    out = std::move(value);
    return true;
  }

  [[nodiscard]] bool is_digit() const { return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; }
  void skip_digits() {
    while (is_digit()) ++at_;
  }

  bool parse_number(Value& out) {
    const std::size_t start = at_;
    bool whole = true;
    if (text_[at_] == '-') {
      ++at_;
      if (!is_digit()) return invalid_inside("in numeric literal");
    }
    if (text_[at_] == '0')
      ++at_;
    else
      skip_digits();
    if (at_ < text_.size() && text_[at_] == '.') {
      whole = false;
      ++at_;
      if (!is_digit()) return invalid_inside("after decimal point in numeric literal");
      skip_digits();
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      whole = false;
      ++at_;
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      if (!is_digit()) return invalid_inside("in exponent of numeric literal");
      skip_digits();
    }
    const std::string_view digits = text_.substr(start, at_ - start);
    if (whole && options_.integers) {
      if (const auto v = parse_int(digits)) {
        out = Value(*v);
        return true;
      }
      if (const auto v = parse_uint(digits)) {
        out = Value(*v);
        return true;
      }
    }
    const double v = std::strtod(std::string(digits).c_str(), nullptr);  // the grammar has been checked above
    if (std::isinf(v))
      return fail_with("json: cannot unmarshal number " + std::string(digits) +
                       " into Go value of type float64");
    out = Value(v);
    return true;
  }

  static int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  }

  bool parse_hex4(char32_t& out) {
    out = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const int digit = at_ < text_.size() ? hex_value(text_[at_]) : -1;
      if (digit < 0) return invalid_inside("in \\u hexadecimal character escape");
      out = out * 16 + static_cast<char32_t>(digit);
    }
    return true;
  }

  bool parse_unicode_escape(std::string& out) {
    char32_t rune = 0;
    if (!parse_hex4(rune)) return false;
    if (rune >= 0xD800 && rune < 0xDC00 && text_.substr(at_).starts_with("\\u")) {
      const std::size_t second = at_;
      at_ += 2;
      char32_t low = 0;
      if (!parse_hex4(low)) return false;
      if (low >= 0xDC00 && low < 0xE000) {
        rune = 0x10000 + ((rune - 0xD800) << 10) + (low - 0xDC00);
      } else {
        at_ = second;
        rune = 0xFFFD;
      }
    }
    if (rune >= 0xD800 && rune < 0xE000) rune = 0xFFFD;
    append_rune(out, rune);
    return true;
  }

  bool parse_string(std::string& out) {
    ++at_;
    for (;;) {
      if (at_ >= text_.size()) return invalid("");
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') {
        ++at_;
        return true;
      }
      if (c < 0x20) return invalid("in string literal");
      if (c >= 0x80) {
        const Rune rune = decode_rune(text_.substr(at_));
        append_rune(out, rune.value);
        at_ += static_cast<std::size_t>(rune.length);
        continue;
      }
      if (c != '\\') {
        out += static_cast<char>(c);
        ++at_;
        continue;
      }
      ++at_;
      if (at_ >= text_.size()) return invalid_inside("in string escape code");
      static constexpr std::string_view kEscapes = "\"\\/bfnrt";
      static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
      if (const auto known = kEscapes.find(text_[at_]); known != std::string_view::npos) {
        out += kMeanings[known];
        ++at_;
      } else if (text_[at_] == 'u') {
        ++at_;
        if (!parse_unicode_escape(out)) return false;
      } else {
        return invalid("in string escape code");
      }
    }
  }

  bool parse_array(Value& out, int depth) {
    ++at_;
    ArrayData elements;
    skip_space();
    if (at_ < text_.size() && text_[at_] == ']') {
      ++at_;
      out = Value(std::move(elements));
      return true;
    }
    for (;;) {
      skip_space();
      if (!parse_value(elements.emplace_back(), depth + 1)) return false;
      skip_space();
      if (at_ < text_.size() && text_[at_] == ',') {
        ++at_;
        continue;
      }
      if (at_ >= text_.size() || text_[at_] != ']') return invalid("after array element");
      ++at_;
      out = Value(std::move(elements));
      return true;
    }
  }

  bool parse_object(Value& out, int depth) {
    ++at_;
    std::vector<std::pair<std::string, Value>> fields;
    skip_space();
    bool done = at_ < text_.size() && text_[at_] == '}';
    while (!done) {
      skip_space();
      if (at_ >= text_.size() || text_[at_] != '"')
        return invalid("looking for beginning of object key string");
      auto& [key, value] = fields.emplace_back();
      if (!parse_string(key)) return false;
      skip_space();
      if (at_ >= text_.size() || text_[at_] != ':') return invalid("after object key");
      ++at_;
      skip_space();
      if (!parse_value(value, depth + 1)) return false;
      skip_space();
      if (at_ < text_.size() && text_[at_] == ',') {
        ++at_;
        continue;
      }
      if (at_ >= text_.size() || text_[at_] != '}') return invalid("after object key:value pair");
      done = true;
    }
    ++at_;
    out = options_.keep_fields ? Value::as_written(std::move(fields)) : Value::object(std::move(fields));
    return true;
  }

  std::string_view text_;
  const JsonOptions& options_;
  std::size_t at_ = 0;
  Error error_;
};

}  // namespace

Result<Value> parse_json(std::string_view text, const JsonOptions& options, std::size_t* error_offset) {
  JsonParser parser(text, options);
  auto value = parser.parse();
  if (!value && error_offset != nullptr) *error_offset = parser.offset();
  return value;
}

}  // namespace invar::syntax
