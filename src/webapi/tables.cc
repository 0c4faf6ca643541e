#include "webapi/tables.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>

#include "base/strings.h"
#include "json/writer.h"

namespace invar::webapi {
namespace {

using syntax::BodyValue;
using syntax::Type;
using syntax::Value;

constexpr std::size_t kLookedAt = 200;  // rows that tell the columns
constexpr std::size_t kMostColumns = 60;

std::optional<Value> object_of(const Value& value) {
  if (value.type() == Type::kObject) return value;
  return value.type() == Type::kCapsule ? value.as_capsule()->to_object() : std::nullopt;
}

Value object_of(const BodyValue& body) {
  std::vector<std::pair<std::string, Value>> fields;
  for (const auto& statement : body.statements)
    if (statement.value) fields.emplace_back(statement.name, *statement.value);
  return Value::object(std::move(fields), true);
}

bool is_table(const Value& value) {
  return value.type() == Type::kArray && value.as_byte_string() == nullptr &&
         value.as_array().size() > kShort && object_of(value.as_array().front()).has_value();
}

std::string cell(const Value* value) {
  if (value == nullptr || value->is_null()) return {};
  return value->type() == Type::kString ? value->as_string() : value->to_text();
}

std::vector<std::string> columns_of(const Table& table) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < std::min(table.rows.size(), kLookedAt); ++i) {
    const auto object = object_of(table.rows[i]);
    if (!object) continue;
    for (const auto& [name, value] : object->as_object().fields)
      if (out.size() < kMostColumns && std::ranges::find(out, name) == out.end()) out.push_back(name);
  }
  return out;
}

}  // namespace

std::vector<Table> take_tables(std::string_view of, BodyValue& body) {
  std::vector<Table> out;
  std::map<std::string, std::size_t> times;
  for (const auto& statement : body.statements)
    if (statement.body) ++times[statement.name];
  std::map<std::string, std::size_t> places;
  const auto table_named = [&](const std::string& name) -> Table& {
    const auto [place, added] = places.try_emplace(name, out.size());
    if (added) out.push_back({std::string(of) + "." + name, {}});
    return out[place->second];
  };
  std::vector<BodyValue::Statement> left;
  for (auto& statement : body.statements) {
    if (statement.value && is_table(*statement.value)) {
      table_named(statement.name).rows = statement.value->as_array();
    } else if (statement.body && times[statement.name] > kShort) {
      table_named(statement.name).rows.push_back(object_of(*statement.body));
    } else {
      left.push_back(std::move(statement));
    }
  }
  body.statements = std::move(left);
  return out;
}

std::string table_json(const Table& table, const RowsQuery& query) {
  const std::vector<std::string> columns = columns_of(table);
  const auto sort_by = std::ranges::find(columns, query.sort) - columns.begin();
  const bool sorts = static_cast<std::size_t>(sort_by) < columns.size();
  const std::string wanted = to_lower_ascii(query.find);
  const auto cells = [&](std::size_t row) {
    std::vector<std::string> out;
    const auto object = object_of(table.rows[row]);
    for (const std::string& column : columns)
      out.push_back(cell(object ? object->as_object().find(column) : nullptr));
    return out;
  };
  std::vector<std::size_t> order;
  std::vector<std::string> keys(sorts ? table.rows.size() : 0);
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    if (wanted.empty() && !sorts) {
      order.push_back(row);
      continue;
    }
    std::vector<std::string> texts = cells(row);
    const bool found = wanted.empty() || std::ranges::any_of(texts, [&](const std::string& text) {
                         return to_lower_ascii(text).find(wanted) != std::string::npos;
                       });
    if (!found) continue;
    order.push_back(row);
    if (sorts) keys[row] = std::move(texts[static_cast<std::size_t>(sort_by)]);
  }
  if (sorts)
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
      return query.descending ? keys[b] < keys[a] : keys[a] < keys[b];
    });
  std::string text;
  json::Writer out(text);
  out.begin_object()
      .field("total", table.rows.size())
      .field("matched", order.size())
      .key("columns")
      .list(columns);
  out.key("rows").begin_array();
  for (std::size_t i = query.offset; i < order.size() && i - query.offset < query.limit; ++i)
    out.list(cells(order[i]));
  out.end_array().end_object();
  return text;
}

}  // namespace invar::webapi
