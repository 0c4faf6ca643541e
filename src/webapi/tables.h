// Tables: what a component shows that is too long for one answer (lists of targets, repeated blocks), taken out of its bodies and given
// page by page. Threads: pure, any; the values are immutable. Source: web-api.md 3.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "syntax/schema.h"

namespace invar::webapi {

struct Table {
  std::string name;                 // "debug_info.endpoint", "exports.targets"
  std::vector<syntax::Value> rows;  // objects, or what has one
};

// Takes out of `body` lists of more than kShort objects, and blocks of a name that comes more often.
inline constexpr std::size_t kShort = 20;
std::vector<Table> take_tables(std::string_view of, syntax::BodyValue& body);

struct RowsQuery {
  std::string find;  // in any cell, without case; "": all
  std::string sort;  // a column; "": as they come
  bool descending = false;
  std::size_t offset = 0, limit = 100;
};
// The answer of GET components/{id}/rows without the time.
std::string table_json(const Table& table, const RowsQuery& query);

}  // namespace invar::webapi
