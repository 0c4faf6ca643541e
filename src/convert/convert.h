// Configurations of other collectors as ones of Invar: the profiling jobs in them. What could not be carried over stands as a comment
// at its place, and a line of a report. The text is formatted and valid.
// Threads: any; pure. Spec: convert.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "component/component.h"

namespace invar::convert {

enum class Format { kPrometheus, kFlow, kParca };
std::optional<Format> parse_format(std::string_view name);  // "prometheus", "flow", "parca"

struct Converted {
  std::string text;
  std::string report;  // what became of it: lines "(Info) …", "(Warning) …"
};

// Errors: the text is not of the format. `name`: of the file, for them.
Result<Converted> convert(Format format, const std::string& name, const std::string& text,
                          const component::Registry& components);

}  // namespace invar::convert
