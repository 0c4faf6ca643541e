// Numbers as the verbs of string.format write them, sign included ("-" or nothing), padding not.
#pragma once

#include <cstdint>
#include <string>

namespace invar::syntax {

// `verb`: one of b e E f F g G x X; precision -1 = as few digits as tell the value. "+Inf", "-Inf", "NaN" for
// the special ones.
std::string format_float(double value, char verb, int precision);

// The digits of the magnitude in base 2, 8, 10 or 16.
std::string format_digits(std::uint64_t magnitude, int base, bool upper);

// The `#` flag: a decimal point always, and with %g the trailing zeros up to `digits` significant ones.
std::string with_point_and_zeros(std::string number, char verb, int precision);

}  // namespace invar::syntax
