#include "syntax/format_number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace invar::syntax {
namespace {

std::string to_chars_text(double value, std::chars_format format, int precision) {
  std::string buffer(static_cast<std::size_t>(std::max(precision, 0)) + 512, '\0');
  char* const end = buffer.data() + buffer.size();
  const auto done = precision < 0 ? std::to_chars(buffer.data(), end, value, format)
                                  : std::to_chars(buffer.data(), end, value, format, precision);
  buffer.resize(static_cast<std::size_t>(done.ptr - buffer.data()));
  return buffer;
}

// Shortest digits; in exponent form below 1e-4 and from 1e6 on, however many digits there are.
std::string shortest_general(double value) {
  std::string scientific = to_chars_text(value, std::chars_format::scientific, -1);
  const int exponent = std::atoi(scientific.c_str() + scientific.find('e') + 1);
  if (exponent < -4 || exponent >= 6) return scientific;
  return to_chars_text(value, std::chars_format::fixed, -1);
}

std::string hexadecimal(double value, int precision) {
  std::string text = to_chars_text(value, std::chars_format::hex, precision);
  const std::size_t digits = text.starts_with('-') ? 1 : 0;
  if (text[digits] == '2') {
    // Rounded up to the next power of two: the digit before the point stays 1.
    text[digits] = '1';
    const std::size_t mark = text.find('p') + 1;
    const int raised = std::atoi(text.c_str() + mark) + 1;
    text.resize(mark);
    text += (raised < 0 ? "-" : "+") + std::to_string(std::abs(raised));
  }
  text.insert(digits, "0x");
  const std::size_t exponent = text.find('p') + 2;
  if (text.size() - exponent < 2) text.insert(exponent, "0");
  return text;
}

// mantissa p exponent, both decimal
std::string binary_exponent(double value) {
  if (value == 0) return std::signbit(value) ? "-0p-1074" : "0p-1074";
  int exponent = 0;
  const double fraction = std::frexp(std::fabs(value), &exponent);
  auto mantissa = static_cast<std::uint64_t>(std::ldexp(fraction, 53));
  exponent -= 53;
  for (; exponent < -1074; ++exponent) mantissa >>= 1;
  return (value < 0 ? "-" : "") + std::to_string(mantissa) + "p" + (exponent >= 0 ? "+" : "") +
         std::to_string(exponent);
}

}  // namespace

std::string format_float(double value, char verb, int precision) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::string text;
  switch (verb) {
    case 'b':
      return binary_exponent(value);
    case 'e':
    case 'E':
      text = to_chars_text(value, std::chars_format::scientific, precision);
      break;
    case 'f':
    case 'F':
      return to_chars_text(value, std::chars_format::fixed, precision);
    case 'x':
    case 'X':
      text = hexadecimal(value, precision);
      break;
    default:
      text = precision < 0 ? shortest_general(value)
                           : to_chars_text(value, std::chars_format::general, precision);
  }
  if (verb == 'E' || verb == 'G' || verb == 'X')
    for (char& c : text)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

std::string format_digits(std::uint64_t magnitude, int base, bool upper) {
  char buffer[64];
  const auto done = std::to_chars(buffer, buffer + sizeof buffer, magnitude, base);
  std::string text(buffer, done.ptr);
  if (upper)
    for (char& c : text)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

std::string with_point_and_zeros(std::string number, char verb, int precision) {
  const bool hex = verb == 'x' || verb == 'X';
  const bool padded = verb == 'x' || verb == 'g' || verb == 'G';  // %X gets no zeros
  const std::size_t exponent = std::min(number.find_first_of(hex ? "pP" : "eE"), number.size());
  const std::string tail = number.substr(exponent);
  number.resize(exponent);
  int missing = 0;
  if (padded) {
    missing = precision < 0 ? 6 : precision;
    // Digits count from the first that is not zero; of a hexadecimal number the x counts too.
    const std::size_t first = number.find_first_not_of("-0.");
    if (first != std::string::npos)
      missing -= static_cast<int>(std::count_if(number.begin() + static_cast<std::ptrdiff_t>(first),
                                                number.end(), [](char c) { return c != '.'; }));
    else if (number.find('.') == std::string::npos)
      --missing;
  }
  if (number.find('.') == std::string::npos) number += '.';
  if (missing > 0) number.append(static_cast<std::size_t>(missing), '0');
  return number + tail;
}

}  // namespace invar::syntax
