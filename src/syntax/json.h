// JSON: the web API's shapes of values and bodies (cli-http-ui.md 6.2), a strict parser, and string escaping.
//
// The parser takes one RFC 8259 text into a Value. Errors are the phrases users of Go's encoding/json know
// (`unexpected end of JSON input`, `invalid character '1' after top-level value`). Invalid UTF-8 and lone
// surrogate escapes become U+FFFD. Time is linear in the input; nesting is bounded. Threads: any; pure.
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
  int max_depth = 1000;
};
// `error_offset`, when given, receives the place of an error.
Result<Value> parse_json(std::string_view text, const JsonOptions& options = {},
                         std::size_t* error_offset = nullptr);

// {"type":"string","value":"15s"}
std::string value_to_json(const Value& value);
// [{"name":"scrape_interval","type":"attr","value":…}, {"name":"tls_config","type":"block","body":[]}]
std::string body_to_json(const BodyValue& body);

// `text` with quotes and escapes. Invalid UTF-8 becomes \ufffd. `html_safe` also escapes < > & and U+2028/9.
void append_json_string(std::string& out, std::string_view text, bool html_safe = false);
std::string json_string(std::string_view text);
// Shortest digits; an exponent below 1e-6 and from 1e21 on. What JSON cannot hold is null.
std::string json_number(double value);

}  // namespace invar::syntax
