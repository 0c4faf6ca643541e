// string.format: the verbs, flags and embedded complaints of Go's fmt, on the values of the language
// (language.md 9.4).
#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "base/unicode.h"
#include "syntax/evaluator.h"
#include "syntax/format_number.h"
#include "syntax/stdlib_internal.h"

namespace invar::syntax {
namespace {

constexpr int kLargestNumber = 1'000'000;  // of a width or precision, before its last digit

std::string quote_ascii(std::string_view text) {
  std::string out;
  const std::string quoted = quote(text);
  for (std::string_view rest = quoted; !rest.empty();) {
    const Rune rune = decode_rune(rest);
    rest.remove_prefix(static_cast<std::size_t>(rune.length));
    if (rune.value < 0x80) {
      out += static_cast<char>(rune.value);
      continue;
    }
    const bool small = rune.value < 0x10000;
    std::string digits = format_digits(rune.value, 16, false);
    digits.insert(0, (small ? 4 : 8) - digits.size(), '0');
    out.append(small ? "\\u" : "\\U").append(digits);
  }
  return out;
}

std::string quote_rune(char32_t rune, bool ascii) {
  if (rune == '\'') return R"('\'')";
  if (rune == '"') return R"('"')";
  std::string text;
  append_rune(text, rune);
  const std::string quoted = ascii ? quote_ascii(text) : quote(text);
  return "'" + quoted.substr(1, quoted.size() - 2) + "'";
}

bool fits_backquotes(std::string_view text) {
  if (!valid_utf8(text)) return false;
  for (std::string_view rest = text; !rest.empty();) {
    const Rune rune = decode_rune(rest);
    rest.remove_prefix(static_cast<std::size_t>(rune.length));
    if (rune.value == '`' || rune.value == 0xFEFF || rune.value == 0x7F ||
        (rune.value < ' ' && rune.value != '\t'))
      return false;
  }
  return true;
}

std::size_t count_runes(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(static_cast<std::size_t>(decode_rune(text).length));
  return count;
}

std::string_view first_runes(std::string_view text, std::size_t count) {
  std::size_t end = 0;
  for (; count > 0 && end < text.size(); --count)
    end += static_cast<std::size_t>(decode_rune(text.substr(end)).length);
  return text.substr(0, end);
}

struct Flags {
  bool minus = false, plus = false, sharp = false, space = false, zero = false;
  bool go_syntax = false;    // %#v
  bool field_names = false;  // %+v
  bool has_width = false, has_precision = false;
  int width = 0, precision = 0;
};

class Formatter {
 public:
  Formatter(std::string_view format, FunctionData::Arguments arguments)
      : format_(format), arguments_(arguments) {}

  Outcome run() {
    while (at_ < format_.size()) {
      const auto percent = std::min(format_.find('%', at_), format_.size());
      out_.append(format_, at_, percent - at_);
      at_ = percent;
      if (at_ < format_.size()) directive();
      if (out_.size() > kMaxTextBytes) return std::unexpected("the result is too long");
    }
    if (!reordered_ && next_ < arguments_.size()) extra_arguments();
    return text_outcome(std::move(out_));
  }

 private:
  // ---- the directive

  void directive() {
    flags_ = {};
    good_index_ = true;
    after_index_ = false;
    ++at_;
    read_flags();
    read_index();
    read_width();
    read_precision();
    if (!after_index_) read_index();
    if (at_ >= format_.size()) {
      out_ += "%!(NOVERB)";
      return;
    }
    const Rune rune = decode_rune(format_.substr(at_));
    at_ += static_cast<std::size_t>(rune.length);
    const char32_t verb = rune.value;
    if (verb == '%') {
      out_ += '%';
    } else if (!good_index_) {
      complain(verb, "BADINDEX");
    } else if (next_ >= arguments_.size()) {
      complain(verb, "MISSING");
    } else {
      if (verb == 'v' || verb == 'w') {
        flags_.go_syntax = std::exchange(flags_.sharp, false);
        flags_.field_names = std::exchange(flags_.plus, false);
      }
      print(arguments_[next_++], verb);
    }
  }

  void read_flags() {
    for (; at_ < format_.size(); ++at_) {
      switch (format_[at_]) {
        case '#':
          flags_.sharp = true;
          break;
        case '0':
          flags_.zero = true;
          break;
        case '+':
          flags_.plus = true;
          break;
        case '-':
          flags_.minus = true;
          break;
        case ' ':
          flags_.space = true;
          break;
        default:
          return;
      }
    }
  }

  // Digits; false when there are none or too many. Too large a number swallows the rest of the text.
  bool read_number(int& out) {
    out = 0;
    bool any = false;
    for (; at_ < format_.size() && format_[at_] >= '0' && format_[at_] <= '9'; ++at_) {
      if (out > kLargestNumber) {
        at_ = format_.size();
        out = 0;
        return false;
      }
      out = out * 10 + (format_[at_] - '0');
      any = true;
    }
    return any;
  }

  // "[3]": chooses the next argument, counted from one.
  void read_index() {
    after_index_ = false;
    if (at_ >= format_.size() || format_[at_] != '[') return;
    reordered_ = true;
    const auto close = format_.find(']', at_);
    if (close == std::string_view::npos) {
      good_index_ = false;
      ++at_;
      return;
    }
    const std::string_view digits = format_.substr(at_ + 1, close - at_ - 1);
    at_ = close + 1;
    const bool decimal =
        !digits.empty() && digits.size() <= 7 &&
        std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
    const auto index = decimal ? parse_uint(digits) : std::nullopt;
    after_index_ = index.has_value();
    if (index && *index >= 1 && *index <= arguments_.size())
      next_ = static_cast<std::size_t>(*index) - 1;
    else
      good_index_ = false;
  }

  // The value of a `*`; false when it is no integer in range.
  bool read_star(int& out) {
    ++at_;
    after_index_ = false;
    out = 0;
    if (next_ >= arguments_.size()) return false;
    const Value& value = arguments_[next_++];
    if (value.type() != Type::kNumber || value.number_kind() == Value::NumberKind::kFloat) return false;
    const std::int64_t wide = value.as_int();
    const bool beyond = value.number_kind() == Value::NumberKind::kUint && wide < 0;
    if (beyond || wide > kLargestNumber || wide < -kLargestNumber) return false;
    out = static_cast<int>(wide);
    return true;
  }

  void read_width() {
    if (at_ < format_.size() && format_[at_] == '*') {
      flags_.has_width = read_star(flags_.width);
      if (!flags_.has_width) out_ += "%!(BADWIDTH)";
      if (flags_.width < 0) {
        flags_.width = -flags_.width;
        flags_.minus = true;
        flags_.zero = false;
      }
      return;
    }
    flags_.has_width = read_number(flags_.width);
    if (after_index_ && flags_.has_width) good_index_ = false;  // "%[3]2d"
  }

  void read_precision() {
    if (at_ + 1 >= format_.size() || format_[at_] != '.') return;  // at the very end it is the verb
    ++at_;
    if (after_index_) good_index_ = false;  // "%[3].2d"
    read_index();
    if (at_ < format_.size() && format_[at_] == '*') {
      flags_.has_precision = read_star(flags_.precision);
      if (flags_.precision < 0) {
        flags_.precision = 0;
        flags_.has_precision = false;
      }
      if (!flags_.has_precision) out_ += "%!(BADPREC)";
      return;
    }
    flags_.has_precision = read_number(flags_.precision);
    if (!flags_.has_precision) {
      flags_.precision = 0;
      flags_.has_precision = true;
    }
  }

  void complain(char32_t verb, std::string_view what) {
    out_ += "%!";
    append_rune(out_, verb);
    out_.append("(").append(what).append(")");
  }

  void extra_arguments() {
    flags_ = {};
    out_ += "%!(EXTRA ";
    for (std::size_t i = next_; i < arguments_.size(); ++i) {
      if (i > next_) out_ += ", ";
      if (arguments_[i].is_null()) {
        out_ += "<nil>";
        continue;
      }
      out_ += type_text(arguments_[i]);
      out_ += '=';
      print(arguments_[i], 'v');
      if (out_.size() > kMaxTextBytes) return;
    }
    out_ += ')';
  }

  // ---- values

  // A capsule that may be shown as the text that it holds.
  static const std::string* plain_text(const Value& value) {
    if (value.type() == Type::kString) return &value.as_string();
    if (const auto* bytes = value.as_byte_string()) return &bytes->bytes;
    if (value.type() != Type::kCapsule) return nullptr;
    const auto* optional = dynamic_cast<const OptionalSecret*>(value.as_capsule().get());
    return optional != nullptr && !optional->is_secret() ? &optional->text() : nullptr;
  }

  static std::string type_text(const Value& value) {
    if (plain_text(value) != nullptr) return "string";
    switch (value.type()) {
      case Type::kNull:
        return "<nil>";
      case Type::kNumber:
        if (value.number_kind() == Value::NumberKind::kFloat) return "float64";
        return value.number_kind() == Value::NumberKind::kUint && value.as_int() < 0 ? "uint64" : "int";
      case Type::kBool:
        return "bool";
      case Type::kArray:
        return "[]interface {}";
      case Type::kObject:
        return "map[string]interface {}";
      case Type::kFunction:
        return "func";
      default:
        return std::string(value.as_capsule()->type_name());
    }
  }

  void bad_verb(const Value& value, char32_t verb) {
    out_ += "%!";
    append_rune(out_, verb);
    out_ += '(';
    if (value.is_null()) {
      out_ += "<nil>";
    } else {
      out_ += type_text(value);
      out_ += '=';
      print(value, 'v');
    }
    out_ += ')';
  }

  void print(const Value& value, char32_t verb) {
    if (value.is_null()) {
      if (verb == 'T' || verb == 'v')
        pad("<nil>");
      else
        bad_verb(value, verb);
      return;
    }
    if (verb == 'T') return print_string(type_text(value), 's');
    if (verb == 'p' || verb == 'w') return bad_verb(value, verb);
    print_value(value, verb);
  }

  void print_value(const Value& value, char32_t verb) {
    if (out_.size() > kMaxTextBytes) return;
    if (const auto* text = plain_text(value)) {
      if (verb == 'v' || verb == 's' || verb == 'q' || verb == 'x' || verb == 'X')
        return print_string(*text, static_cast<char>(verb));
      return bad_verb(value, verb);
    }
    switch (value.type()) {
      case Type::kBool:
        if (verb != 't' && verb != 'v') return bad_verb(value, verb);
        return pad(value.as_bool() ? "true" : "false");
      case Type::kNumber:
        if (value.number_kind() == Value::NumberKind::kFloat) return print_float(value, verb);
        return print_integer(value, verb);
      case Type::kArray:
        return print_array(value.as_array(), verb);
      case Type::kObject:
        return print_object(value.as_object(), verb);
      case Type::kFunction:
        if (verb != 'v') return bad_verb(value, verb);
        return pad("function");
      default:
        break;
    }
    if (verb != 'v' && verb != 's') return bad_verb(value, verb);
    pad(value.to_text());
  }

  void print_element(const Value& value, char32_t verb) {
    if (value.is_null())
      out_ += flags_.go_syntax ? "interface {}(nil)" : "<nil>";
    else
      print_value(value, verb);
  }

  void print_array(const ArrayData& elements, char32_t verb) {
    out_ += flags_.go_syntax ? "[]interface {}{" : "[";
    for (std::size_t i = 0; i < elements.size(); ++i) {
      if (i > 0) out_ += flags_.go_syntax ? ", " : " ";
      print_element(elements[i], verb);
    }
    out_ += flags_.go_syntax ? '}' : ']';
  }

  void print_object(const ObjectData& object, char32_t verb) {
    const auto fields = object.by_name();
    out_ += flags_.go_syntax ? "map[string]interface {}{" : "map[";
    bool first = true;
    for (const auto* field : fields) {
      if (!std::exchange(first, false)) out_ += flags_.go_syntax ? ", " : " ";
      print_value(Value(field->first), verb);
      out_ += ':';
      print_element(field->second, verb);
    }
    out_ += flags_.go_syntax ? '}' : ']';
  }

  void print_string(std::string_view text, char verb) {
    if (flags_.has_precision && verb != 'x' && verb != 'X')
      text = first_runes(text, static_cast<std::size_t>(flags_.precision));
    if (verb == 'x' || verb == 'X') return print_hex_bytes(text, verb == 'X');
    if (verb != 'q' && !(verb == 'v' && flags_.go_syntax)) return pad(text);
    if (flags_.sharp && fits_backquotes(text)) return pad("`" + std::string(text) + "`");
    pad(flags_.plus ? quote_ascii(text) : quote(text));
  }

  void print_hex_bytes(std::string_view text, bool upper) {
    if (flags_.has_precision) text = text.substr(0, static_cast<std::size_t>(flags_.precision));
    std::string hex_text;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (flags_.space && i > 0) hex_text += ' ';
      if (flags_.sharp && (flags_.space || i == 0)) hex_text += upper ? "0X" : "0x";
      const std::string digits = format_digits(static_cast<unsigned char>(text[i]), 16, upper);
      hex_text.append(2 - digits.size(), '0').append(digits);
    }
    pad(hex_text);
  }

  void print_integer(const Value& value, char32_t verb) {
    const bool negative = value.number_kind() == Value::NumberKind::kInt && value.as_int() < 0;
    const std::uint64_t magnitude = negative ? 0 - value.as_uint() : value.as_uint();
    const auto character = [&]() -> char32_t {
      return negative || magnitude > 0x10FFFF || (magnitude >= 0xD800 && magnitude < 0xE000)
                 ? 0xFFFD
                 : static_cast<char32_t>(magnitude);
    };
    switch (verb) {
      case 'v':
      case 'd':
        return pad_integer(negative, format_digits(magnitude, 10, false), "");
      case 'b':
        return pad_integer(negative, format_digits(magnitude, 2, false), flags_.sharp ? "0b" : "");
      case 'o':
        return pad_integer(negative, format_digits(magnitude, 8, false), flags_.sharp ? "0" : "");
      case 'O':
        return pad_integer(negative, format_digits(magnitude, 8, false), flags_.sharp ? "0o0" : "0o");
      case 'x':
        return pad_integer(negative, format_digits(magnitude, 16, false), flags_.sharp ? "0x" : "");
      case 'X':
        return pad_integer(negative, format_digits(magnitude, 16, true), flags_.sharp ? "0X" : "");
      case 'c': {
        std::string text;
        append_rune(text, character());
        return pad(text);
      }
      case 'q':
        return pad(quote_rune(character(), flags_.plus));
      case 'U':
        return print_code_point(value.as_uint());
      default:
        return bad_verb(value, verb);
    }
  }

  void print_code_point(std::uint64_t value) {
    std::string digits = format_digits(value, 16, true);
    const std::size_t least =
        flags_.has_precision ? std::max<std::size_t>(4, static_cast<std::size_t>(flags_.precision)) : 4;
    if (digits.size() < least) digits.insert(0, least - digits.size(), '0');
    std::string text = "U+" + digits;
    if (flags_.sharp && value <= 0x10FFFF && is_printable(static_cast<char32_t>(value))) {
      text += " '";
      append_rune(text, static_cast<char32_t>(value));
      text += '\'';
    }
    pad_with_blanks(text);
  }

  void pad_integer(bool negative, std::string digits, std::string_view prefix) {
    std::size_t least = 0;
    if (flags_.has_precision) {
      if (flags_.precision == 0 && digits == "0") return pad_with_blanks("");
      least = static_cast<std::size_t>(flags_.precision);
    } else if (flags_.zero && !flags_.minus && flags_.has_width) {
      least = static_cast<std::size_t>(flags_.width);
      if ((negative || flags_.plus || flags_.space) && least > 0) --least;
    }
    if (digits.size() < least) digits.insert(0, least - digits.size(), '0');
    if (flags_.sharp && prefix.ends_with('0') && digits[0] == '0') prefix.remove_suffix(1);
    std::string text;
    if (negative)
      text = "-";
    else if (flags_.plus)
      text = "+";
    else if (flags_.space)
      text = " ";
    pad_with_blanks(text.append(prefix).append(digits));
  }

  void print_float(const Value& value, char32_t verb) {
    char form = static_cast<char>(verb);
    int precision = -1;
    switch (verb) {
      case 'v':
        form = 'g';
        break;
      case 'b':
      case 'g':
      case 'G':
      case 'x':
      case 'X':
        break;
      case 'e':
      case 'E':
      case 'f':
      case 'F':
        precision = 6;
        break;
      default:
        return bad_verb(value, verb);
    }
    if (flags_.has_precision) precision = flags_.precision;
    std::string text = format_float(value.as_double(), form, precision);
    const bool finite = std::isfinite(value.as_double());
    if (flags_.sharp && form != 'b' && finite) text = with_point_and_zeros(std::move(text), form, precision);

    std::string sign;
    if (text[0] == '-' || text[0] == '+') {
      sign = text[0] == '-' || flags_.plus ? text.substr(0, 1) : "";
      text.erase(0, 1);
    } else if (flags_.plus) {
      sign = "+";
    }
    if (sign.empty() && flags_.space) sign = " ";
    if (!finite) return pad_with_blanks(sign + text);
    const auto width = static_cast<std::size_t>(flags_.width);
    if (flags_.zero && !flags_.minus && flags_.has_width && !sign.empty() &&
        width > sign.size() + text.size())
      text.insert(0, width - sign.size() - text.size(), '0');
    pad(sign + text);
  }

  // ---- padding, in characters

  void pad(std::string_view text) { pad(text, flags_.zero && !flags_.minus ? '0' : ' '); }
  void pad_with_blanks(std::string_view text) { pad(text, ' '); }
  void pad(std::string_view text, char fill) {
    const std::size_t length = flags_.has_width ? count_runes(text) : 0;
    const auto width = static_cast<std::size_t>(flags_.width);
    const std::size_t missing = flags_.has_width && width > length ? width - length : 0;
    if (!flags_.minus) out_.append(missing, fill);
    out_ += text;
    if (flags_.minus) out_.append(missing, ' ');
  }

  std::string_view format_;
  FunctionData::Arguments arguments_;
  std::string out_;
  Flags flags_;
  std::size_t at_ = 0;    // in the format
  std::size_t next_ = 0;  // argument
  bool reordered_ = false, good_index_ = true, after_index_ = false;
};

}  // namespace

Outcome format_text(std::string_view format, FunctionData::Arguments arguments) {
  return Formatter(format, arguments).run();
}

std::expected<std::string, DecodeError> stdlib_printed(const Value& value) {
  const auto text = format_text("%v", FunctionData::Arguments(&value, 1));
  if (!text) return std::unexpected(decode_failure(text.error()));
  return text->as_string();
}

}  // namespace invar::syntax
