// Bytes of a pod list and of a watch, in pieces whose sizes the input chooses: no crash, and the same result as in one piece.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "kube/stream_readers.h"

namespace {

using namespace invar;
using namespace invar::kube;

std::string read(std::string_view bytes, std::size_t step) {
  std::string seen;
  ListReader reader([&](std::string_view message) -> Result<> {
    INVAR_ASSIGN_OR_RETURN(const auto object, decode_object(Resource::kPods, message));
    seen += key_of(meta_of(object)) + ";";
    return {};
  });
  for (std::size_t i = 0; i < bytes.size(); i += step) {
    if (!reader.feed(bytes.substr(i, step))) return "refused";
  }
  const auto meta = reader.finish();
  return meta ? seen + meta->version : "refused";
}

void watch(std::string_view bytes, std::size_t step) {
  FrameReader reader([](std::string_view message) -> Result<> {
    INVAR_ASSIGN_OR_RETURN(const auto event, decode_event(message));
    INVAR_ASSIGN_OR_RETURN(const auto envelope, open_envelope(event.object));
    (void)decode_object(Resource::kEndpointSlices, envelope.raw);
    (void)decode_status(envelope.raw);
    return {};
  });
  for (std::size_t i = 0; i < bytes.size(); i += step) {
    if (!reader.feed(bytes.substr(i, step))) return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = 1 + data[0] % 64;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (read(bytes, step) != read(bytes, bytes.size() + 1)) std::abort();
  watch(bytes, step);
  return 0;
}
