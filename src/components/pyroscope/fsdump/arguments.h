// Arguments of pyroscope.fsdump. Source: pyroscope-fsdump.md 2.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "archive/directory.h"
#include "component/receiver.h"
#include "labels/relabel.h"
#include "syntax/schema.h"

namespace invar::components::pyroscope_fsdump {

struct Arguments {
  std::string target_directory;
  std::int64_t max_size_bytes = std::int64_t{1} << 30;
  std::map<std::string, std::string> external_labels;
  Duration max_age{0};
  bool sync = false;
  std::string file_mode = "0640";
  std::vector<relabel::RuleConfig> rules;
  bool operator==(const Arguments&) const = default;
};

const syntax::Schema& arguments_schema();

// "0640" -> 0640. Errors: what `file_mode` must look like.
Result<unsigned> parse_file_mode(std::string_view text);
archive::Limits limits_of(const Arguments& arguments);  // of checked arguments

}  // namespace invar::components::pyroscope_fsdump
