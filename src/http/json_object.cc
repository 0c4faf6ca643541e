#include "http/json_object.h"

#include <fmt/format.h>

#include "base/strings.h"

namespace invar::http {
namespace {

constexpr int kMaxDepth = 64;

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<std::map<std::string, JsonScalar>> object_document() {
    std::map<std::string, JsonScalar> members;
    skip_space();
    if (!members_of(&members, 0)) return error();
    skip_space();
    if (at_ != text_.size()) {
      complain("text after the object");
      return error();
    }
    return members;
  }

 private:
  std::unexpected<Error> error() const {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} at offset {}", complaint_, complaint_at_));
  }
  bool complain(std::string_view what) {
    if (complaint_.empty()) {
      complaint_ = what;
      complaint_at_ = at_;
    }
    return false;
  }
  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos)
      ++at_;
  }
  bool take(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool members_of(std::map<std::string, JsonScalar>* members, int depth) {
    if (depth > kMaxDepth) return complain("nesting too deep");
    if (!take('{')) return complain("expected an object");
    if (take('}')) return true;
    do {
      std::string key;
      skip_space();
      if (!string(key)) return false;
      if (!take(':')) return complain("expected ':'");
      JsonScalar scalar;
      if (!value(scalar, depth + 1)) return false;
      if (members) members->insert_or_assign(std::move(key), std::move(scalar));
    } while (take(','));
    return take('}') || complain("expected ',' or '}'");
  }

  bool elements(int depth) {
    if (depth > kMaxDepth) return complain("nesting too deep");
    if (!take('[')) return complain("expected an array");
    if (take(']')) return true;
    do {
      JsonScalar ignored;
      if (!value(ignored, depth + 1)) return false;
    } while (take(','));
    return take(']') || complain("expected ',' or ']'");
  }

  bool value(JsonScalar& out, int depth) {
    skip_space();
    if (at_ >= text_.size()) return complain("unexpected end");
    switch (text_[at_]) {
      case '"':
        out.kind = JsonScalar::Kind::kString;
        return string(out.text);
      case '{':
        out.kind = JsonScalar::Kind::kCompound;
        return members_of(nullptr, depth);
      case '[':
        out.kind = JsonScalar::Kind::kCompound;
        return elements(depth);
      default:
        return literal(out);
    }
  }

  bool literal(JsonScalar& out) {
    const std::size_t start = at_;
    while (at_ < text_.size() && std::string_view(" \t\r\n,]}").find(text_[at_]) == std::string_view::npos)
      ++at_;
    out.text = text_.substr(start, at_ - start);
    if (out.text == "null") {
      out.kind = JsonScalar::Kind::kNull;
    } else if (out.text == "true" || out.text == "false") {
      out.kind = JsonScalar::Kind::kBool;
    } else if (parse_double(out.text)) {
      out.kind = JsonScalar::Kind::kNumber;
    } else {
      at_ = start;
      return complain("invalid value");
    }
    return true;
  }

  bool hex4(unsigned& out) {
    if (at_ + 4 > text_.size()) return complain("short \\u escape");
    const auto number = parse_uint(text_.substr(at_, 4), 16);
    if (!number) return complain("invalid \\u escape");
    out = static_cast<unsigned>(*number);
    at_ += 4;
    return true;
  }

  bool escape(std::string& out) {
    if (at_ >= text_.size()) return complain("unexpected end");
    const char c = text_[at_++];
    switch (c) {
      case '"':
      case '\\':
      case '/':
        out.push_back(c);
        return true;
      case 'b':
        out.push_back('\b');
        return true;
      case 'f':
        out.push_back('\f');
        return true;
      case 'n':
        out.push_back('\n');
        return true;
      case 'r':
        out.push_back('\r');
        return true;
      case 't':
        out.push_back('\t');
        return true;
      case 'u': {
        unsigned unit = 0;
        if (!hex4(unit)) return false;
        char32_t rune = unit;
        if (unit >= 0xD800 && unit < 0xDC00 && text_.substr(at_).starts_with("\\u")) {
          at_ += 2;
          unsigned low = 0;
          if (!hex4(low)) return false;
          rune = low >= 0xDC00 && low < 0xE000 ? 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00) : 0xFFFD;
        } else if (unit >= 0xD800 && unit < 0xE000) {
          rune = 0xFFFD;
        }
        append_rune(out, rune);
        return true;
      }
      default:
        return complain("invalid escape");
    }
  }

  bool string(std::string& out) {
    if (at_ >= text_.size() || text_[at_] != '"') return complain("expected a string");
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return complain("control character in a string");
      if (c != '\\') {
        out.push_back(c);
      } else if (!escape(out)) {
        return false;
      }
    }
    return complain("unexpected end of a string");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string complaint_;
  std::size_t complaint_at_ = 0;
};

}  // namespace

Result<std::map<std::string, JsonScalar>> parse_json_object(std::string_view text) {
  return Reader(text).object_document();
}

}  // namespace invar::http
