// encoding.from_yaml on yaml-cpp's event parser. Scalars are resolved here, as yaml.v3 does: YAML 1.2 words,
// integers of four bases, floats, time stamps; merge keys; repeated keys are an error; only the first
// document counts. Bounds: aliases share their value, and the size that they would have written out is
// limited; yaml-cpp bounds the nesting.
#include <re2/re2.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <cctype>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <sstream>

#include "base/strings.h"
#include "codec/base64.h"
#include "syntax/stdlib_internal.h"

namespace invar::syntax {
namespace {

constexpr std::size_t kMaxAliasedNodes = 1'000'000;
constexpr std::size_t kMaxDepth = 400;

// A mapping that has a key which is no string: nothing can be done with it, and it is no error by itself.
class OddMapping : public Capsule {
 public:
  [[nodiscard]] std::string_view type_name() const override { return "map[interface {}]interface {}"; }
};

struct Problem {
  std::string message;
};

// ---- scalars

std::optional<Value> resolve_integer(std::string text) {
  std::erase(text, '_');
  bool negative = false;
  std::string_view digits = text;
  if (!digits.empty() && (digits[0] == '-' || digits[0] == '+')) {
    negative = digits[0] == '-';
    digits.remove_prefix(1);
  }
  int base = 10;
  if (digits.size() > 1 && digits[0] == '0') {
    const char mark = digits[1];
    if (mark == 'x' || mark == 'X')
      base = 16;
    else if (mark == 'o' || mark == 'O')
      base = 8;
    else if (mark == 'b' || mark == 'B')
      base = 2;
    digits.remove_prefix(base == 10 ? 1 : 2);
    if (base == 10) base = 8;  // a leading zero alone means octal
  }
  const auto magnitude = parse_uint(digits, base);
  if (!magnitude) return std::nullopt;
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (negative) {
    if (*magnitude > kMax + 1) return std::nullopt;
    return Value(static_cast<std::int64_t>(0 - *magnitude));
  }
  if (*magnitude <= kMax) return Value(static_cast<std::int64_t>(*magnitude));
  return Value(*magnitude);
}

std::optional<Value> resolve_float(const std::string& text) {
  static const re2::RE2 pattern(R"([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)");
  if (text == ".inf" || text == ".Inf" || text == ".INF" || text == "+.inf" || text == "+.Inf" ||
      text == "+.INF")
    return Value(std::numeric_limits<double>::infinity());
  if (text == "-.inf" || text == "-.Inf" || text == "-.INF")
    return Value(-std::numeric_limits<double>::infinity());
  if (text == ".nan" || text == ".NaN" || text == ".NAN")
    return Value(std::numeric_limits<double>::quiet_NaN());
  std::string plain = text;
  std::erase(plain, '_');
  if (!re2::RE2::FullMatch(plain, pattern)) return std::nullopt;
  const double v = std::strtod(plain.c_str(), nullptr);
  if (std::isinf(v)) return std::nullopt;
  return Value(v);
}

// Dates and times become their RFC 3339 text in the zone in which they are written. A zone needs the T, a blank forbids it.
std::optional<Value> resolve_time(const std::string& text) {
  static const re2::RE2 pattern(
      R"((\d{4})-(\d{1,2})-(\d{1,2})(?:([Tt]| )(\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d+)?(Z|[-+]\d{2}:\d{2})?)?)");
  int year = 0, month = 0, day = 0;
  std::string separator, hour, minute, second, fraction, zone;
  if (!re2::RE2::FullMatch(text, pattern, &year, &month, &day, &separator, &hour, &minute, &second, &fraction,
                           &zone))
    return std::nullopt;
  if (!separator.empty() && (separator == " ") != zone.empty()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  const auto below = [](const std::string& digits, std::uint64_t limit) {
    return digits.empty() || parse_uint(digits).value_or(limit) < limit;
  };
  if (!date.ok() || !below(hour, 24) || !below(minute, 60) || !below(second, 60)) return std::nullopt;
  const auto two = [](const std::string& digits) {
    return std::string(digits.size() < 2 ? 2 - digits.size() : 0, '0') + digits;
  };
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  if (fraction == ".") fraction.clear();
  if (zone.empty() || zone.substr(1) == "00:00") zone = "Z";
  return Value(text.substr(0, 4) + "-" + two(std::to_string(month)) + "-" + two(std::to_string(day)) + "T" +
               two(hour) + ":" + two(minute) + ":" + two(second) + fraction + zone);
}

bool is_null_word(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

std::optional<Value> resolve_bool(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return Value(true);
  if (text == "false" || text == "False" || text == "FALSE") return Value(false);
  return std::nullopt;
}

Value resolve_plain(const std::string& text) {
  if (is_null_word(text)) return {};
  if (auto v = resolve_bool(text)) return std::move(*v);
  const char first = text[0];
  if (std::isdigit(static_cast<unsigned char>(first)) || first == '.' || first == '-' || first == '+') {
    if (auto v = resolve_time(text)) return std::move(*v);
    if (auto v = resolve_integer(text)) return std::move(*v);
    if (auto v = resolve_float(text)) return std::move(*v);
  }
  return Value(text);
}

std::string_view short_tag(std::string_view tag) {
  constexpr std::string_view kCore = "tag:yaml.org,2002:";
  return tag.starts_with(kCore) ? tag.substr(kCore.size()) : std::string_view();
}

// ---- events to values

class ValueBuilder : public YAML::EventHandler {
 public:
  Value result;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(mark, anchor, Value(), 1); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) throw Problem{"yaml: anchor value contains itself"};
    aliased_ += known->second.size;
    if (aliased_ > kMaxAliasedNodes) throw Problem{"yaml: document contains excessive aliasing"};
    add(mark, 0, known->second.value, known->second.size);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    // A "?" marks a plain scalar, "!" a quoted one; else the tag is the writer's.
    if (tag == "?" || tag.empty()) {
      const bool merge = text == "<<" && !open_.empty() && open_.back().mapping && !open_.back().has_key;
      if (merge)
        open_.back().merging = open_.back().has_key = true;
      else
        add(mark, anchor, resolve_plain(text), 1);
      return;
    }
    add(mark, anchor, tagged(short_tag(tag), text), 1);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, anchor, false);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, anchor, true);
  }

  void OnSequenceEnd() override {
    Frame frame = close();
    add(frame.mark, frame.anchor, Value(std::move(frame.elements)), frame.size);
  }

  void OnMapEnd() override {
    Frame frame = close();
    // Merged fields stand first, so that written ones win.
    frame.merged.insert(frame.merged.end(), std::make_move_iterator(frame.fields.begin()),
                        std::make_move_iterator(frame.fields.end()));
    Value value = frame.odd ? Value(CapsulePtr(std::make_shared<const OddMapping>()))
                            : Value::object(std::move(frame.merged));
    add(frame.mark, frame.anchor, std::move(value), frame.size);
  }

 private:
  struct Frame {
    YAML::Mark mark;
    YAML::anchor_t anchor = 0;
    bool mapping = false;
    bool has_key = false, merging = false, odd = false;
    std::string key;
    ArrayData elements;
    NamedValues fields, merged;
    std::map<std::string, int, std::less<>> lines;  // of the keys seen
    std::size_t size = 1;
  };
  struct Anchored {
    Value value;
    std::size_t size;
  };

  static std::string at(const YAML::Mark& mark) {
    return "yaml: line " + std::to_string(mark.line + 1) + ": ";
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, bool mapping) {
    if (open_.size() >= kMaxDepth) throw Problem{at(mark) + "exceeded max depth"};
    Frame& frame = open_.emplace_back();
    frame.mark = mark;
    frame.anchor = anchor;
    frame.mapping = mapping;
  }

  Frame close() {
    Frame frame = std::move(open_.back());
    open_.pop_back();
    return frame;
  }

  static Value tagged(std::string_view tag, const std::string& text) {
    const auto wanted = [&](std::optional<Value> value) {
      if (!value)
        throw Problem{"yaml: cannot decode !!str `" + text.substr(0, 10) + "` as a !!" + std::string(tag)};
      return std::move(*value);
    };
    if (tag == "int") return wanted(resolve_integer(text));
    if (tag == "bool") return wanted(resolve_bool(text));
    if (tag == "null") return {};
    if (tag == "binary") {
      auto bytes = codec::from_base64(text);
      if (!bytes) throw Problem{"yaml: !!binary value contains invalid base64 data"};
      return Value(std::move(*bytes));
    }
    if (tag == "float") {
      auto value = resolve_float(text);
      if (auto whole = value ? std::nullopt : resolve_integer(text)) value = Value(whole->as_double());
      return wanted(std::move(value));
    }
    return Value(text);
  }

  void add(const YAML::Mark& mark, YAML::anchor_t anchor, Value value, std::size_t size) {
    if (anchor != 0) anchors_.insert_or_assign(anchor, Anchored{value, size});
    if (open_.empty()) {
      result = std::move(value);
      return;
    }
    Frame& frame = open_.back();
    frame.size += size;
    if (!frame.mapping)
      frame.elements.push_back(std::move(value));
    else if (!frame.has_key)
      take_key(mark, frame, value);
    else
      take_value(frame, std::move(value));
  }

  static void take_key(const YAML::Mark& mark, Frame& frame, const Value& key) {
    frame.has_key = true;
    if (key.type() != Type::kString) {
      if (key.type() == Type::kArray || key.type() == Type::kObject || key.type() == Type::kCapsule)
        throw Problem{"yaml: invalid map key"};
      frame.odd = true;
    }
    // Two keys are the same when they are written the same, whatever they resolve to.
    frame.key = key.type() == Type::kString ? key.as_string() : key.to_text();
    const auto [known, added] = frame.lines.emplace(frame.key, mark.line + 1);
    if (!added)
      throw Problem{"yaml: unmarshal errors:\n  line " + std::to_string(mark.line + 1) + ": mapping key " +
                    quote(frame.key) + " already defined at line " + std::to_string(known->second)};
  }

  static void take_value(Frame& frame, Value value) {
    frame.has_key = false;
    if (!std::exchange(frame.merging, false)) {
      frame.fields.emplace_back(std::move(frame.key), std::move(value));
      return;
    }
    // The earlier of several merged mappings wins, so the later ones go in first.
    ArrayData sources;
    if (value.type() == Type::kArray && value.as_byte_string() == nullptr)
      sources.assign(value.as_array().rbegin(), value.as_array().rend());
    else
      sources.push_back(std::move(value));
    NamedValues fields;
    for (const Value& source : sources) {
      if (source.type() != Type::kObject)
        throw Problem{"yaml: map merge requires map or sequence of maps as the value"};
      fields.insert(fields.end(), source.as_object().fields.begin(), source.as_object().fields.end());
    }
    frame.merged.insert(frame.merged.begin(), std::make_move_iterator(fields.begin()),
                        std::make_move_iterator(fields.end()));
  }

  std::vector<Frame> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::size_t aliased_ = 0;
};

// Directives in front of the first document, which yaml-cpp does not look at: only %YAML and %TAG exist, and `---` must
// follow them.
void check_directives(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  bool directives = false;
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with('%')) {
      const std::string_view name = line.substr(1, line.find_first_of(" \t\r") - 1);
      if (name != "YAML" && name != "TAG") throw Problem{"yaml: found unknown directive name"};
      directives = true;
    } else if (const auto first = line.find_first_not_of(" \t\r"); first != line.npos && line[first] != '#') {
      if (directives && !line.starts_with("---"))
        throw Problem{"yaml: did not find expected <document start>"};
      return;
    }
  }
  if (directives) throw Problem{"yaml: did not find expected <document start>"};
}

}  // namespace

Outcome parse_yaml(const std::string& text) {
  if (!valid_utf8(text)) return std::unexpected("yaml: invalid UTF-8");
  try {
    check_directives(text);
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    ValueBuilder builder;
    parser.HandleNextDocument(builder);
    return std::move(builder.result);
  } catch (const Problem& problem) {
    return std::unexpected(problem.message);
  } catch (const YAML::Exception& error) {
    return std::unexpected("yaml: line " + std::to_string(error.mark.line + 1) + ": " + error.msg);
  } catch (const std::exception& error) {
    return std::unexpected(std::string("yaml: ") + error.what());
  }
}

}  // namespace invar::syntax
