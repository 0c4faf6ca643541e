// Metadata: what the types of a chunk are made of. Ids differ between writers, so everything is found by name.
// Errors:  kDataLoss for a damaged description, kResourceExhausted beyond limits.h.
// Threads: const use from any.   Source: pyroscope-java.md 7.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "jfr/cursor.h"

namespace invar::jfr {

struct Field {
  std::string name;
  std::uint64_t class_id = 0;
  bool pooled = false;  // a key of the class's constant pool stands in its place
  bool array = false;
};

struct Class {
  std::uint64_t id = 0;
  std::string name;
  std::vector<Field> fields;
};

class Metadata {
 public:
  // `event`: behind size and type of a metadata event.
  static Result<Metadata> parse(Cursor event);

  [[nodiscard]] const Class* find(std::uint64_t id) const;
  [[nodiscard]] const Class* find(std::string_view name) const;

 private:
  std::vector<Class> classes_;  // by id
};

}  // namespace invar::jfr
