// Whatever a daemon answers: no crash, and every target has an address.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "components/discovery/docker/containers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t middle = text.find('\0');
  const auto groups = invar::components::discovery_docker::read_containers(
      text.substr(0, middle), middle == std::string_view::npos ? "[]" : text.substr(middle + 1), {});
  if (!groups) return 0;
  for (const auto& [source, targets] : *groups)
    for (const auto& target : targets) INVAR_CHECK(!target.get("__address__").empty(), source);
  return 0;
}
