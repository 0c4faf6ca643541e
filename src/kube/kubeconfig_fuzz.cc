// Whatever stands in a kubeconfig, or an exec plugin prints: no crash, and what is taken can be asked for.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "kube/server_config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto config = invar::kube::parse_kubeconfig(text, "/etc")) {
    INVAR_CHECK(!config->url.empty(), "a server without a URL");
    INVAR_CHECK(!config->exec || !config->exec->arguments.empty(), "a plugin without a program");
  }
  (void)invar::kube::parse_exec_credential(text);
  return 0;
}
