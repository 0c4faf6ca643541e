// Configuration text that may be shown to others: formatted, with the secrets taken out.
//
// Replaced by "(secret)": every literal below an argument that holds secrets, at any depth of blocks and
// whatever the expression; every literal of what no schema describes (a misspelt argument may be a password);
// values in an object whose key is a header that carries credentials; whatever stands in quotes in a comment.
// Passwords inside URLs become xxxxx everywhere. Text that does not parse is left out whole.
// Threads: any; pure. Spec: language.md 7.2.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "syntax/schema.h"

namespace invar::services {

// The arguments of a component or configuration block by its full name; null when there is no such thing.
using SchemaOf = std::function<const syntax::Schema*(std::string_view name)>;

// The text as it was written but for its secrets, so that its lines keep their numbers (but where a secret took several).
std::string hidden_secrets(const std::string& path, const std::string& text, const SchemaOf& schema_of);
// The same, formatted.
std::string redacted_source(const std::string& path, const std::string& text, const SchemaOf& schema_of);

// Every `//user:password@` in the text without its password. Also right for text that holds no URL.
std::string without_url_passwords(std::string_view text);

}  // namespace invar::services
