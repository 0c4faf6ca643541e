// Fuzz target of the archive file reader: any bytes give a result or an error, in bounded time and memory,
// and what the reader accepts can be written again with the same meaning.
#include <cstdint>
#include <cstdlib>

#include "archive/archive_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace invar::archive;  // NOLINT(google-build-using-namespace)
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  const auto need = meta_size(file);
  const auto meta = decode_meta(file);
  const auto body = original_body(file, 1 << 20);
  if (meta && (!need || *need > size)) std::abort();
  if (meta && body) {
    const auto again = encode(*meta, *body);
    if (!again) std::abort();
    const std::string rewritten = again->head + std::string(again->body_tail);
    const auto meta_again = decode_meta(rewritten);
    if (!meta_again || meta_again->labels != meta->labels || original_body(rewritten) != body) std::abort();
  }
  if (size < 64) (void)parse_name(file);
  return 0;
}
