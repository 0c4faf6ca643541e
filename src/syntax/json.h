// JSON and values of the language: the web API's shapes of values and bodies (cli-http-ui.md 6.2), and one RFC 8259 text as a
// Value. Errors and limits are those of json::Reader; of what may be large, pull the parts that are needed from that instead.
// Threads: any; pure.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "syntax/schema.h"
#include "syntax/value.h"

namespace invar::syntax {

struct JsonOptions {
  // Integers that fit 64 bits stay integers; otherwise every number is a float.
  bool integers = false;
  // Objects keep every field as written, repeated keys included (ObjectData::ordered; find() answers with the
  // last). Otherwise they are sorted, and of repeated keys the last wins.
  bool keep_fields = false;
  std::size_t max_depth = 1000;
};
// `error_offset`, when given, receives the place of an error.
Result<Value> parse_json(std::string_view text, const JsonOptions& options = {},
                         std::size_t* error_offset = nullptr);

// [{"name":"scrape_interval","type":"attr","value":…}, {"name":"tls_config","type":"block","body":[]}]
std::string body_to_json(const BodyValue& body);

}  // namespace invar::syntax
