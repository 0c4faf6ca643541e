#include "aws/xml.h"

#include <algorithm>
#include <pugixml.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"

namespace invar::aws {
namespace {

using syntax::Value;

constexpr int kDeepest = 64;

std::string name_of(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  return std::string(name.substr(name.find(':') == std::string_view::npos ? 0 : name.find(':') + 1));
}

Value value_of(const pugi::xml_node& node, int depth) {
  std::vector<std::pair<std::string, Value>> fields;
  if (depth < kDeepest) {
    for (const auto& child : node.children()) {
      if (child.type() == pugi::node_element) fields.emplace_back(name_of(child), value_of(child, depth + 1));
    }
  }
  if (fields.empty()) return Value(std::string_view(node.child_value()));
  const bool list = std::ranges::all_of(
      fields, [](const auto& field) { return field.first == "item" || field.first == "member"; });
  if (!list) return Value::object(std::move(fields));
  syntax::ArrayData items;
  for (auto& [name, value] : fields) items.push_back(std::move(value));
  return Value(std::move(items));
}

}  // namespace

Result<Value> parse_xml(std::string_view text) {
  pugi::xml_document document;
  const auto parsed = document.load_buffer(text.data(), text.size());
  if (!parsed)
    return fail(ErrorCode::kDataLoss, std::string("the answer is no XML: ") + parsed.description());
  return value_of(document.document_element(), 0);
}

}  // namespace invar::aws
