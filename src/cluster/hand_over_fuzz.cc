// Requests and answers of the hand-over: refused, or the same again after another turn.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cluster/hand_over_messages.h"
#include "codec/gzip.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace invar::cluster;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto request = decode_take_request(bytes);
      request && *decode_take_request(encode(*request)) != *request)
    std::abort();
  std::string packed;
  invar::codec::Deflater().gzip(bytes, packed);
  constexpr std::size_t kKeys = 3;
  for (const std::string_view answer_bytes : {bytes, std::string_view(packed)}) {
    const auto answer = decode_take_answer(answer_bytes, kKeys);
    if (answer && *decode_take_answer(encode_packed(*answer), kKeys) != *answer) std::abort();
  }
  return 0;
}
