#include "jfr/names.h"

#include <algorithm>
#include <string_view>

namespace invar::jfr {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f');
}
bool all(std::string_view text, bool (*is)(char)) {
  return !text.empty() && std::ranges::all_of(text, is);
}
void drop_digits(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of("0123456789"), text.size()));
}
bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

constexpr std::string_view kAccessor = "jdk/internal/reflect/GeneratedMethodAccessor";
constexpr std::string_view kLambda = "$$Lambda";

// What stands behind "$$Lambda": "$669.0x0000000800fd7318", "$14/0x0800", ".0x00007ffa600c4da0", "/0x7ffa", "$7/1234", "12".
bool is_number_of_lambda(std::string_view rest) {
  if (all(rest, is_digit)) return true;
  take(rest, "$");
  drop_digits(rest);
  if (!take(rest, ".") && !take(rest, "/")) return false;
  take(rest, "0x");
  return all(rest, is_hex);
}

// "libzstd-jni-1.5.1-16931311898282279136.so"
bool is_zstd(std::string_view name) {
  if (!take(name, "libzstd-jni-")) return false;
  for (const std::string_view separator : {".", ".", "-"}) {
    const std::size_t before = name.size();
    drop_digits(name);
    if (name.size() == before || !take(name, separator)) return false;
  }
  return name.ends_with(".so") && all(name.substr(0, name.size() - 3), is_digit);
}

// "libamazonCorrettoCryptoProvider109b39cf33c563eb.so",
// "amazonCorrettoCryptoProviderNativeLibraries.7382c2f79097f415/libcrypto.so"
bool is_corretto(std::string_view name) {
  take(name, "lib");
  if (!take(name, "amazonCorrettoCryptoProvider")) return false;
  take(name, "NativeLibraries.");
  if (!all(name.substr(0, 16), is_hex) || name.size() < 16) return false;
  name.remove_prefix(16);
  return name == ".so" || name == "/libcrypto.so" || name == "/libamazonCorrettoCryptoProvider.so";
}

}  // namespace

std::string without_generated_parts(std::string name) {
  std::string_view rest = name;
  if (take(rest, kAccessor) && all(rest, is_digit)) return std::string(kAccessor) + "_";
  if (const std::size_t at = name.rfind(kLambda); at != std::string::npos && at > 0) {
    if (is_number_of_lambda(std::string_view(name).substr(at + kLambda.size()))) {
      return name.substr(0, at + kLambda.size()) + "_";
    }
  }
  std::string_view library = name;
  if (!take(library, "./tmp/")) take(library, "/tmp/");
  constexpr std::string_view kDeleted = " (deleted)";
  if (library.ends_with(kDeleted)) library.remove_suffix(kDeleted.size());
  if (is_zstd(library)) return "libzstd-jni-_.so";
  if (is_corretto(library)) return "libamazonCorrettoCryptoProvider_.so";
  return name;
}

}  // namespace invar::jfr
