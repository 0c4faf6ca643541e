#include <algorithm>
#include <initializer_list>

#include "base/strings.h"
#include "components/pyroscope/receive_http/push_decode.h"
#include "http/base64.h"
#include "syntax/json.h"

namespace invar::components::pyroscope_receive_http {
namespace {

using syntax::Value;

std::unexpected<Error> invalid(const std::string& why) {
  return fail(ErrorCode::kInvalidArgument,
              "unmarshal message: unmarshal into *pushv1.PushRequest: proto: " + why);
}

const char* kind_of(const Value& value) {
  switch (value.type()) {
    case syntax::Type::kNumber:
      return "a number";
    case syntax::Type::kBool:
      return "a boolean";
    case syntax::Type::kObject:
      return "an object";
    case syntax::Type::kArray:
      return "an array";
    case syntax::Type::kNull:
      return "null";
    default:
      return "a string";
  }
}

// The fields of a message. A field has one or two names; null counts as absent; other fields are ignored.
class Message {
 public:
  static Result<Message> of(const Value& value) {
    if (value.type() != syntax::Type::kObject)
      return invalid(std::string("unexpected token: ") + kind_of(value) + " in place of an object");
    return Message(value.as_object());
  }

  // Null when absent.
  Result<const Value*> field(std::initializer_list<std::string_view> names) const {
    const Value* found = nullptr;
    for (const auto& [name, value] : object_->fields) {
      if (std::ranges::find(names, name) == names.end()) continue;
      if (found) return invalid("duplicate field " + quote(name));
      found = &value;
    }
    return found && found->is_null() ? nullptr : found;
  }

  Result<std::string> text(std::string_view name) const {
    INVAR_ASSIGN_OR_RETURN(const Value* value, field({name}));
    if (!value) return std::string();
    if (value->type() != syntax::Type::kString)
      return invalid("invalid value for string type: " + std::string(kind_of(*value)));
    return value->as_string();
  }

  Result<std::string> bytes(std::initializer_list<std::string_view> names) const {
    INVAR_ASSIGN_OR_RETURN(const Value* value, field(names));
    if (!value) return std::string();
    if (value->type() == syntax::Type::kString)
      if (auto decoded = from_any_base64(value->as_string())) return *std::move(decoded);
    return invalid("invalid value for bytes type: not base64");
  }

  // Calls `element(Message)` for each message of a repeated field.
  template <class Element>
  Result<> each(std::string_view name, Element element) const {
    INVAR_ASSIGN_OR_RETURN(const Value* value, field({name}));
    if (!value) return {};
    if (value->type() != syntax::Type::kArray)
      return invalid(std::string("unexpected token: ") + kind_of(*value) + " in place of an array");
    for (const Value& item : value->as_array()) {
      INVAR_ASSIGN_OR_RETURN(const Message message, of(item));
      INVAR_TRY(element(message));
    }
    return {};
  }

 private:
  explicit Message(const syntax::ObjectData& object) : object_(&object) {}

  // Both alphabets, with or without padding.
  static std::optional<std::string> from_any_base64(std::string text) {
    while (text.ends_with('=')) text.pop_back();
    std::ranges::replace(text, '-', '+');
    std::ranges::replace(text, '_', '/');
    text.append((4 - text.size() % 4) % 4, '=');
    return http::from_base64(text);
  }

  const syntax::ObjectData* object_;
};

}  // namespace

Result<std::vector<PushedSeries>> decode_push_json(std::string_view message) {
  if (message.empty())
    return fail(ErrorCode::kInvalidArgument,
                "unmarshal message: zero-length payload is not a valid JSON object");
  const auto parsed = syntax::parse_json(message, {.keep_fields = true});
  if (!parsed) return invalid("syntax error: " + parsed.error().message);
  INVAR_ASSIGN_OR_RETURN(const Message request, Message::of(*parsed));
  std::vector<PushedSeries> all;
  INVAR_TRY(request.each("series", [&](const Message& in) -> Result<> {
    PushedSeries& series = all.emplace_back();
    INVAR_TRY(in.each("labels", [&](const Message& pair) -> Result<> {
      Label label;
      INVAR_ASSIGN_OR_RETURN(label.name, pair.text("name"));
      INVAR_ASSIGN_OR_RETURN(label.value, pair.text("value"));
      series.labels.push_back(std::move(label));
      return {};
    }));
    return in.each("samples", [&](const Message& in_sample) -> Result<> {
      PushedSample sample;
      INVAR_ASSIGN_OR_RETURN(sample.id, in_sample.text("ID"));
      INVAR_ASSIGN_OR_RETURN(std::string body, in_sample.bytes({"rawProfile", "raw_profile"}));
      sample.body = share(std::move(body));
      series.samples.push_back(std::move(sample));
      return {};
    });
  }));
  return all;
}

}  // namespace invar::components::pyroscope_receive_http
