// Text helpers that the standard library lacks. All are pure; views point into their argument.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace invar {

std::vector<std::string_view> split(std::string_view text,
                                    char separator);  // "a,,b" -> {"a","","b"}; "" -> {""}
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view trim_space(std::string_view text);  // ASCII white space at both ends
std::string to_lower_ascii(std::string_view text);
bool equals_ignore_case(std::string_view a, std::string_view b);  // ASCII

// UTF-8. decode_rune returns the first code point and its length in bytes; {0xFFFD, 1} for a malformed byte.
struct Rune {
  char32_t value;
  int length;
};
Rune decode_rune(std::string_view text);
void append_rune(std::string& out, char32_t rune);
bool valid_utf8(std::string_view text);

// Go's strconv.Quote: double quotes, C-like escapes, printable Unicode kept.
std::string quote(std::string_view text);

// Whole-string conversions: no spaces, no sign unless stated, overflow is an error.
std::optional<std::uint64_t> parse_uint(std::string_view text, int base = 10);
std::optional<std::int64_t> parse_int(std::string_view text);  // optional leading '-'
std::optional<double> parse_double(std::string_view text);     // decimal, exponent; no hex, inf or nan
std::string format_double(double value);                       // shortest that round-trips, never an exponent

std::string to_base64(std::string_view bytes);  // standard alphabet, padded
std::string hex(std::string_view bytes);

// "1.5 MiB", "320 B": binary units, for people only.
std::string human_bytes(std::uint64_t bytes);

// The names of `candidates` closest to `name` (edit distance), best first; empty when nothing is close: "did you mean".
std::vector<std::string> similar_names(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace invar
