#include "ebpf/demangle.h"

#include <algorithm>
#include <cctype>
#include <csetjmp>
#define HAVE_DECL_BASENAME 1  // the one of the C library
#include <libiberty/demangle.h>

#include "symbols/symbol_name.h"

namespace invar::ebpf {
namespace {

// "_ZN3foo3bar17h0123456789abcdefE": seventeen characters of hash are Rust's old way.
bool legacy_rust(std::string_view symbol) {
  if (!symbol.starts_with("_ZN")) return false;
  const std::size_t at = symbol.rfind("17h");
  if (at == std::string_view::npos || symbol.size() < at + 20 || symbol[at + 19] != 'E') return false;
  for (const char c : symbol.substr(at + 3, 16))
    if (std::isxdigit(static_cast<unsigned char>(c)) == 0) return false;
  return true;
}

// What the library gives, piece by piece. A name may refer to its own parts: 150 bytes of it can mean gigabytes, so that the library is left
// in the middle of its work when there is enough. It holds no memory then, but for Rust's names in other alphabets.
struct Output {
  std::string text;
  bool may_leave = true;
  std::jmp_buf enough;
};

void take(const char* piece, std::size_t size, void* to) {
  auto& out = *static_cast<Output*>(to);
  out.text.append(piece, std::min(size, kMaxName + 1 - out.text.size()));
  if (out.text.size() > kMaxName && out.may_leave) std::longjmp(out.enough, 1);  // NOLINT(cert-err52-cpp)
}

bool demangle(const char* mangled, bool rust, int options, Output& out) {
  if (setjmp(out.enough) != 0) return true;  // NOLINT(cert-err52-cpp)
  return (rust ? rust_demangle_callback(mangled, options, take, &out)
               : cplus_demangle_v3_callback(mangled, options, take, &out)) != 0;
}

// "u" and a number: an identifier in another alphabet.
bool has_punycode(std::string_view symbol) {
  for (std::size_t at = symbol.find('u'); at != std::string_view::npos; at = symbol.find('u', at + 1))
    if (at + 1 < symbol.size() && std::isdigit(static_cast<unsigned char>(symbol[at + 1])) != 0) return true;
  return false;
}

}  // namespace

std::string demangled(std::string_view symbol, Demangling how) {
  if (how == Demangling::kNone || symbol.size() > kMaxMangled) return std::string(symbol.substr(0, kMaxName));
  const bool rust = symbol.starts_with("_R") || legacy_rust(symbol);
  if (!rust && !symbol.starts_with("_Z")) return std::string(symbol.substr(0, kMaxName));
  // ".cold", ".isra.0": of mangled names only.
  const std::string mangled(
      symbol.substr(0, symbol.find('.', symbol.starts_with("_Z") && rust ? symbol.rfind('E') : 0)));
  const int options =
      rust ? DMGL_RUST | DMGL_PARAMS : DMGL_ANSI | DMGL_GNU_V3 | (how == Demangling::kFull ? DMGL_PARAMS : 0);
  Output out;
  if (rust && has_punycode(mangled)) {
    constexpr std::ptrdiff_t kFewReferences = 8;  // they cannot make it large
    if (std::ranges::count(mangled, 'B') > kFewReferences) return std::string(symbol.substr(0, kMaxName));
    out.may_leave = false;
  }
  if (!demangle(mangled.c_str(), rust, options, out)) return std::string(symbol.substr(0, kMaxName));
  std::string name = std::move(out.text);
  if (!rust && how == Demangling::kSimplified) name = symbols::short_name(name);
  if (name.size() > kMaxName) name.resize(kMaxName);
  return name;
}

}  // namespace invar::ebpf
