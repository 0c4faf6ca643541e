// Fields of YAML values, and as statements of a block that a schema describes.
// Threads: any; pure.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "convert/text_writer.h"
#include "syntax/schema.h"

namespace invar::convert {

const syntax::Value* find(const syntax::Value& object, std::string_view key);  // null: none
std::vector<syntax::Value> list_of(const syntax::Value& value);          // one that is no list: of itself
std::string printed(const syntax::Value& value);                         // as text: `1`, `true`, `a`
std::string duration_expression(const std::string& text);                // `1d` as "24h", quoted
std::string text_at(const syntax::Value& object, std::string_view key);  // "" when there is none

// Everything but `done`; what the schema does not know becomes a comment.
void write_fields(const syntax::Value& object, const syntax::Schema& schema,
                  const std::set<std::string, std::less<>>& done, TextWriter& out);

}  // namespace invar::convert
