// ExportTypes: what a node exports, as far as it is known before anything runs; and which of it fits where a value is wanted.
//
// Types go by the texts of the schemas: "list(ProfilesReceiver)", "map(string)", "int". "any" fits everywhere, and so does
// whatever may fit: only what cannot work is a mismatch.
// Threads: any; pure. Spec: language.md 10.6.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/inventory.h"

namespace invar::runtime {

struct ExportTypes {
  bool known = false;
  std::vector<std::pair<std::string, std::string>> fields;  // name and type

  [[nodiscard]] const std::string* find(std::string_view name) const;
};

// Of the node that the entry becomes. `definitions`: of the body in which it stands.
ExportTypes export_types_of(const Entry& entry, const Definitions& definitions,
                            const component::Registry& components);

// Whether a value of the one type may be given where the other is wanted.
bool may_be(std::string_view type, std::string_view wanted);

// "a receiver", "targets", "a list of receivers": what a user calls a value of the type.
std::string type_in_words(std::string_view type);

// "X" of "list(X)"; empty when it is no list.
std::string_view element_type(std::string_view type);
// "X" of "map(X)"; empty when it is no map.
std::string_view field_type(std::string_view type);

}  // namespace invar::runtime
