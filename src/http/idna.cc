#include "http/idna.h"

#include <idn2.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/strings.h"

namespace invar::http {
namespace {

std::string ascii_label(const std::string& label) {
  if (label.empty()) return label;
  char* raw = nullptr;
  const int code = idn2_to_ascii_8z(label.c_str(), &raw, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, void (*)(void*)> ascii(raw, idn2_free);
  return code == IDN2_OK ? std::string(ascii.get()) : label;
}

}  // namespace

std::string to_ascii_host(std::string_view host) {
  const auto plain = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (std::ranges::all_of(host, plain) || host.contains('\0') || !valid_utf8(host)) return std::string(host);
  std::vector<std::string> labels;
  for (const auto label : split(host, '.')) {
    const std::string text(label);
    labels.push_back(std::ranges::all_of(text, plain) ? text : ascii_label(text));
  }
  return join(labels, ".");
}

}  // namespace invar::http
