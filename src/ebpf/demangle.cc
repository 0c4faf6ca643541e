#include "ebpf/demangle.h"

#include <cctype>
#include <cstdlib>
#define HAVE_DECL_BASENAME 1  // the one of the C library
#include <libiberty/demangle.h>
#include <memory>

#include "symbols/symbol_name.h"

namespace invar::ebpf {
namespace {

using Text = std::unique_ptr<char, void (*)(void*)>;

// "_ZN3foo3bar17h0123456789abcdefE": seventeen characters of hash are Rust's old way.
bool legacy_rust(std::string_view symbol) {
  if (!symbol.starts_with("_ZN")) return false;
  const std::size_t at = symbol.rfind("17h");
  if (at == std::string_view::npos || symbol.size() < at + 20 || symbol[at + 19] != 'E') return false;
  for (const char c : symbol.substr(at + 3, 16))
    if (std::isxdigit(static_cast<unsigned char>(c)) == 0) return false;
  return true;
}

}  // namespace

std::string demangled(std::string_view symbol, Demangling how) {
  if (how == Demangling::kNone || symbol.size() > kMaxMangled) return std::string(symbol.substr(0, kMaxName));
  const bool rust = symbol.starts_with("_R") || legacy_rust(symbol);
  if (!rust && !symbol.starts_with("_Z")) return std::string(symbol);
  // ".cold", ".isra.0": of mangled names only.
  const std::string mangled(
      symbol.substr(0, symbol.find('.', symbol.starts_with("_Z") && rust ? symbol.rfind('E') : 0)));
  const int options =
      rust ? DMGL_RUST | DMGL_PARAMS : DMGL_ANSI | DMGL_GNU_V3 | (how == Demangling::kFull ? DMGL_PARAMS : 0);
  const Text text(
      rust ? rust_demangle(mangled.c_str(), options) : cplus_demangle_v3(mangled.c_str(), options),
      std::free);
  if (!text) return std::string(symbol);
  std::string name = text.get();
  if (!rust && how == Demangling::kSimplified) name = symbols::short_name(name);
  if (name.size() > kMaxName) name.resize(kMaxName);
  return name;
}

}  // namespace invar::ebpf
