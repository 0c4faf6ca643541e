#include "components/pyroscope/receive_http/json_reader.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/strings.h"

namespace invar::components::pyroscope_receive_http {
namespace {

constexpr std::size_t kShownToken = 40;

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message));
}

bool delimits(char c) {
  return c == ',' || c == ':' || c == '{' || c == '}' || c == '[' || c == ']' || c == '"' || c == ' ' ||
         c == '\t' || c == '\r' || c == '\n';
}

// RFC 8259 6.
bool is_number(std::string_view word) {
  const auto digits = [&] {
    const std::size_t n = std::min(word.find_first_not_of("0123456789"), word.size());
    word.remove_prefix(n);
    return n > 0;
  };
  if (word.starts_with('-')) word.remove_prefix(1);
  if (word.starts_with('0')) {
    word.remove_prefix(1);
  } else if (!digits()) {
    return false;
  }
  if (word.starts_with('.')) {
    word.remove_prefix(1);
    if (!digits()) return false;
  }
  if (word.starts_with('e') || word.starts_with('E')) {
    word.remove_prefix(1);
    if (word.starts_with('+') || word.starts_with('-')) word.remove_prefix(1);
    if (!digits()) return false;
  }
  return word.empty();
}

}  // namespace

std::string JsonReader::place(std::size_t at) const {
  const std::string_view before = text_.substr(0, at);
  const auto lines = std::ranges::count(before, '\n');
  const std::size_t line_start = before.rfind('\n');
  std::string_view rest = line_start == std::string_view::npos ? before : before.substr(line_start + 1);
  std::size_t column = 1;
  for (; !rest.empty(); ++column) rest.remove_prefix(static_cast<std::size_t>(decode_rune(rest).length));
  return "(line " + std::to_string(lines + 1) + ":" + std::to_string(column) + "): ";
}

std::unexpected<Error> JsonReader::error(std::size_t at, const std::string& why) const {
  return invalid(place(at) + why);
}
std::unexpected<Error> JsonReader::syntax_error(std::size_t at, const std::string& why) const {
  return invalid("syntax error " + place(at) + why);
}

// What stands here, as it is written, for messages.
std::string_view JsonReader::token() const {
  const std::string_view rest = text_.substr(at_);
  std::size_t size = 1;
  if (rest.starts_with('"')) {
    while (size < rest.size() && size < kShownToken && rest[size] != '"') size += rest[size] == '\\' ? 2 : 1;
    ++size;
  } else if (!delimits(rest[0])) {
    while (size < rest.size() && size < kShownToken && !delimits(rest[size])) ++size;
  }
  return rest.substr(0, size);
}

std::unexpected<Error> JsonReader::unexpected() const {
  if (at_ >= text_.size()) return syntax_error(text_.size(), "unexpected end of the text");
  return syntax_error(at_, "unexpected token " + std::string(token()));
}

void JsonReader::skip_space() {
  at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
}

std::size_t JsonReader::position() {
  skip_space();
  return at_;
}

bool JsonReader::take(char c) {
  skip_space();
  if (at_ >= text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

Result<> JsonReader::object(const OnField& read) {
  if (!take('{')) return unexpected();
  if (++depth_ > kMaxDepth) return error(at_ - 1, "too many values inside one another");
  if (!take('}')) {
    do {
      const std::size_t at = position();
      if (at >= text_.size() || text_[at] != '"') return unexpected();
      INVAR_ASSIGN_OR_RETURN(const std::string name, text());
      if (!take(':')) return unexpected();
      INVAR_TRY(read(name, at));
    } while (take(','));
    if (!take('}')) return unexpected();
  }
  --depth_;
  return {};
}

Result<> JsonReader::array(const std::function<Result<>()>& read) {
  if (!take('[')) return unexpected();
  if (++depth_ > kMaxDepth) return error(at_ - 1, "too many values inside one another");
  if (!take(']')) {
    do {
      INVAR_TRY(read());
    } while (take(','));
    if (!take(']')) return unexpected();
  }
  --depth_;
  return {};
}

Result<std::string> JsonReader::string(std::string_view type, std::string_view field) {
  skip_space();
  if (at_ >= text_.size()) return unexpected();
  if (text_[at_] == '"') return text();
  const std::size_t at = at_;
  const std::string written(token());
  INVAR_TRY(skip());  // what is no JSON at all is told first
  return error(at,
               "invalid value for " + std::string(type) + " field " + std::string(field) + ": " + written);
}

bool JsonReader::take_null() {
  skip_space();
  if (at_ >= text_.size() || token() != "null") return false;
  at_ += 4;
  return true;
}

Result<> JsonReader::skip() {
  skip_space();
  if (at_ >= text_.size()) return unexpected();
  if (text_[at_] == '"') {
    INVAR_TRY(text());
    return {};
  }
  if (text_[at_] == '{') return object([this](std::string_view, std::size_t) { return skip(); });
  if (text_[at_] == '[') return array([this] { return skip(); });
  return number_or_word();
}

Result<> JsonReader::number_or_word() {
  std::size_t end = at_;
  while (end < text_.size() && !delimits(text_[end])) ++end;
  const std::string_view word = text_.substr(at_, end - at_);
  if (word != "true" && word != "false" && word != "null" && !is_number(word)) return unexpected();
  at_ = end;
  return {};
}

Result<> JsonReader::end() {
  skip_space();
  if (at_ < text_.size()) return unexpected();
  return {};
}

// The string that begins here.
Result<std::string> JsonReader::text() {
  const std::size_t began = at_++;
  std::string out;
  for (;;) {
    const std::size_t plain = std::min(text_.find_first_of("\"\\", at_), text_.size());
    const std::string_view run = text_.substr(at_, plain - at_);
    if (const auto control =
            std::ranges::find_if(run, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
        control != run.end())
      return syntax_error(at_ + static_cast<std::size_t>(control - run.begin()),
                          "a control character in a string");
    out += run;
    at_ = plain;
    if (at_ >= text_.size()) return syntax_error(text_.size(), "unexpected end of the text");
    if (text_[at_++] == '"') break;
    INVAR_ASSIGN_OR_RETURN(const char32_t rune, escaped(at_ - 1));
    append_rune(out, rune);
  }
  if (!valid_utf8(out)) return syntax_error(began, "invalid UTF-8 in string");
  return out;
}

// What follows the backslash at `escape_at`.
Result<char32_t> JsonReader::escaped(std::size_t escape_at) {
  const auto wrong = [&] {
    return syntax_error(escape_at, "invalid escape code " + quote(text_.substr(escape_at, 6)) + " in string");
  };
  if (at_ >= text_.size()) return wrong();
  static constexpr std::string_view kWritten = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
  const char c = text_[at_++];
  if (const std::size_t i = kWritten.find(c); i != std::string_view::npos) return char32_t(kMeant[i]);
  const auto four = [&]() -> std::uint32_t {
    std::uint32_t value = 0;
    const std::string_view hex = text_.substr(std::min(at_, text_.size()), 4);
    const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), value, 16);
    at_ += hex.size();
    return error == std::errc() && end == hex.data() + 4 ? value : UINT32_MAX;
  };
  if (c != 'u') return wrong();
  const std::uint32_t high = four();
  if (high == UINT32_MAX) return wrong();
  if (high < 0xd800 || high > 0xdfff) return high;
  if (high > 0xdbff || text_.substr(at_, 2) != "\\u") return wrong();
  at_ += 2;
  const std::uint32_t low = four();
  if (low < 0xdc00 || low > 0xdfff) return wrong();
  return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

}  // namespace invar::components::pyroscope_receive_http
