#include "runtime/export_types.h"

#include <algorithm>
#include <cctype>

#include "base/strings.h"

namespace invar::runtime {
namespace {

using syntax::ast::Block;
using syntax::ast::BlockRef;

constexpr std::string_view kAny = "any";
constexpr std::string_view kReceiver = "ProfilesReceiver";
constexpr std::string_view kRules = "RelabelRules";
constexpr std::string_view kTargets = "list(map(string))";

std::string_view inside(std::string_view type, std::string_view outer) {
  if (!type.starts_with(outer) || !type.ends_with(')')) return {};
  type.remove_prefix(outer.size());
  type.remove_suffix(1);
  return type;
}

bool is_capsule(std::string_view type) {
  return type == kReceiver || type == kRules;
}
bool is_number(std::string_view type) {
  return type == "int" || type == "uint" || type == "float";
}
bool is_text(std::string_view type) {
  return type == "string" || type == "duration" || type == "secret" || type == "optional secret";
}

bool is_known(std::string_view type) {
  return is_capsule(type) || is_number(type) || is_text(type) || type == "bool" ||
         !element_type(type).empty() || !field_type(type).empty();
}

const syntax::ast::Expr* attribute_value(const Block& block, std::string_view name) {
  for (const syntax::ast::Statement& statement : block.body.statements) {
    const auto* attribute = std::get_if<syntax::ast::Attribute>(&statement.node);
    if (attribute != nullptr && attribute->name == name) return attribute->value.get();
  }
  return nullptr;
}

// NAME.LABEL.FIELD and nothing else, of a built-in component in the same body.
std::string type_of_export(const Block& exported, const std::vector<BlockRef>& blocks,
                           const Definitions& definitions, const component::Registry& components) {
  const syntax::ast::Expr* value = attribute_value(exported, "value");
  const auto* access = value == nullptr ? nullptr : std::get_if<syntax::ast::Access>(&value->node);
  if (access == nullptr) return std::string(kAny);
  std::vector<syntax::Traversal> chains;
  syntax::collect_traversals(*value, chains);
  if (chains.size() != 1 || chains.front().names.back() != access->name) return std::string(kAny);
  std::vector<std::string> names = chains.front().names;
  names.pop_back();
  const std::string id = join(names, ".");
  for (const BlockRef& ref : blocks) {
    if (ref.block->id() != id || definitions.has_namespace(ref.block->name.front())) continue;
    const component::Registration* component = components.find(ref.block->full_name());
    const syntax::Field* field = component == nullptr || component->exports == nullptr
                                     ? nullptr
                                     : component->exports->find(access->name);
    if (field != nullptr) return field->type_text;
  }
  return std::string(kAny);
}

ExportTypes types_of_instance(const Block& instance, const Definitions& definitions,
                              const component::Registry& components) {
  const Definition definition = definitions.find(instance.name).definition;
  if (definition.declare.block == nullptr) return {};
  ExportTypes out{.known = true, .fields = {}};
  const std::vector<BlockRef> blocks = blocks_of(definition.declare.block->body, definition.declare.file);
  for (const BlockRef& ref : blocks)
    if (ref.block->full_name() == "export")
      out.fields.emplace_back(ref.block->label,
                              type_of_export(*ref.block, blocks, *definition.scope, components));
  return out;
}

}  // namespace

const std::string* ExportTypes::find(std::string_view name) const {
  for (const auto& [field, type] : fields)
    if (field == name) return &type;
  return nullptr;
}

ExportTypes export_types_of(const Entry& entry, const Definitions& definitions,
                            const component::Registry& components) {
  ExportTypes out{.known = true, .fields = {}};
  switch (entry.kind) {
    case EntryKind::kComponent:
      if (entry.component->exports != nullptr)
        for (const syntax::Field& field : entry.component->exports->fields())
          out.fields.emplace_back(field.name, field.type_text);
      break;
    case EntryKind::kArgument:
      out.fields.emplace_back("value", kAny);
      break;
    case EntryKind::kCustom:
      return types_of_instance(*entry.block.block, definitions, components);
    case EntryKind::kNothing:
      return {};
    case EntryKind::kConfig:
    case EntryKind::kDeclare:
    case EntryKind::kExport:
    case EntryKind::kForeach:
    case EntryKind::kImport:
      break;
  }
  return out;
}

std::string_view element_type(std::string_view type) {
  return inside(type, "list(");
}

std::string_view field_type(std::string_view type) {
  return inside(type, "map(");
}

bool may_be(std::string_view type, std::string_view wanted) {
  if (type == wanted || !is_known(type) || !is_known(wanted)) return true;
  const std::string_view element = element_type(type), wanted_element = element_type(wanted);
  if (!element.empty() && !wanted_element.empty()) return may_be(element, wanted_element);
  const std::string_view field = field_type(type), wanted_field = field_type(wanted);
  if (!field.empty() && !wanted_field.empty()) return may_be(field, wanted_field);
  if (is_number(type)) return is_number(wanted) || wanted == "string";
  return is_text(type) && is_text(wanted);
}

std::string type_in_words(std::string_view type) {
  if (type == kReceiver) return "a receiver";
  if (type == kRules) return "relabeling rules";
  if (type == kTargets) return "targets";
  if (type == "map(string)") return "a target";
  if (element_type(type) == kReceiver) return "a list of receivers";
  if (!element_type(type).empty()) return "a list";
  if (!field_type(type).empty()) return "an object";
  if (is_number(type)) return "a number";
  if (is_text(type)) return type == "duration" ? "a duration" : "a string";
  if (type == "bool") return "true or false";
  return "a value of type " + quote(type);
}

}  // namespace invar::runtime
