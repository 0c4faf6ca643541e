#include "runtime/foreach_arguments.h"

#include <fmt/core.h>

#include <memory>

#include "base/strings.h"
#include "runtime/sources.h"
#include "syntax/identifier_chars.h"
#include "syntax/parser.h"

namespace invar::runtime {
namespace {

// The object that an item is, or null: `storage` holds it when it has to be made.
const syntax::ObjectData* object_of(const syntax::Value& item, syntax::Value& storage) {
  if (item.type() == syntax::Type::kCapsule) {
    auto object = item.as_capsule()->to_object();
    if (!object) return nullptr;
    storage = std::move(*object);
    return &storage.as_object();
  }
  return item.type() == syntax::Type::kObject ? &item.as_object() : nullptr;
}

std::string only_letters_and_digits(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Rune rune = decode_rune(text);
    const bool keep = rune.value != U'_' && rune.value != U'\uFFFD' &&
                      (syntax::is_letter(rune.value) || syntax::is_decimal_digit(rune.value));
    if (keep)
      out.append(text.substr(0, static_cast<std::size_t>(rune.length)));
    else
      out.push_back('_');
    text.remove_prefix(static_cast<std::size_t>(rune.length));
  }
  return out;
}

std::string fingerprint(const syntax::Value& identity, bool hash_strings) {
  switch (identity.type()) {
    case syntax::Type::kString:
      return hash_strings ? sha256_hex(identity.as_string()) : only_letters_and_digits(identity.as_string());
    case syntax::Type::kBool:
      return identity.as_bool() ? "true" : "false";
    case syntax::Type::kNumber:
      if (identity.number_kind() == syntax::Value::NumberKind::kFloat)
        return only_letters_and_digits(fmt::format("{:.6f}", identity.as_double()));
      return only_letters_and_digits(identity.number_text());
    default:
      return sha256_hex(identity.to_text());
  }
}

Result<> check(const ForeachArguments& arguments) {
  if (!syntax::is_valid_identifier(arguments.var))
    return fail(ErrorCode::kInvalidArgument, "var must be a name: letters, digits and underscores");
  return {};
}

}  // namespace

const syntax::Schema& foreach_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<ForeachArguments>()
          .attribute("collection", &ForeachArguments::collection, "The template is made once for each item.")
          .required()
          .attribute("var", &ForeachArguments::var, "Name by which the template sees its item.")
          .required()
          .attribute("id", &ForeachArguments::id, "Field of an item that tells it from the others.")
          .attribute("hash_string_id", &ForeachArguments::hash_string_id,
                     "Whether texts that identify items are hashed.")
          .attribute("enable_metrics", &ForeachArguments::enable_metrics,
                     "Whether the metrics of what the template makes are shown.")
          .block("template", &ForeachArguments::children, syntax::free_form_schema(),
                 "What is made for each item.")
          .required()
          .check(&check)
          .build();
  return schema;
}

std::string child_prefix(const syntax::Value& item, const ForeachArguments& arguments) {
  syntax::Value storage;
  const syntax::Value* identity = &item;
  if (!arguments.id.empty())
    if (const auto* object = object_of(item, storage))
      if (const auto* field = object->find(arguments.id)) identity = field;
  return "foreach_" + fingerprint(*identity, arguments.hash_string_id);
}

bool lacks_id(const syntax::Value& item, const ForeachArguments& arguments) {
  if (arguments.id.empty()) return false;
  syntax::Value storage;
  const auto* object = object_of(item, storage);
  return object == nullptr || object->find(arguments.id) == nullptr;
}

}  // namespace invar::runtime
