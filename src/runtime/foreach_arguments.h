// The arguments of a foreach block, and the identities of its children.
// Threads: any; pure. Spec: modules.md 4.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "syntax/free_form.h"
#include "syntax/schema.h"

namespace invar::runtime {

struct ForeachArguments {
  std::vector<syntax::Value> collection;
  std::string var;
  std::string id;
  bool hash_string_id = false;
  bool enable_metrics = false;
  syntax::FreeForm children;
  bool operator==(const ForeachArguments&) const = default;
};
const syntax::Schema& foreach_schema();

// `foreach_<identity>`: of the item, or of its field `id` when there is one. Equal for equal identities in every run.
std::string child_prefix(const syntax::Value& item, const ForeachArguments& arguments);
// The item lacks the field that identifies it.
bool lacks_id(const syntax::Value& item, const ForeachArguments& arguments);

}  // namespace invar::runtime
