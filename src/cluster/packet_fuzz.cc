// Everything that a stranger can send: packets, streams, frames, states. What decodes must survive being encoded again.
#include <cstdint>
#include <cstdlib>

#include "cluster/balancer.h"
#include "cluster/frame.h"
#include "cluster/lzw.h"
#include "cluster/packet.h"
#include "cluster/plan.h"

using namespace invar::cluster;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const char* label : {"", "prod"}) {
    if (const auto messages = unpack(label, bytes)) {
      for (const auto& message : *messages) {
        if (const auto decoded = decode(message); decoded && *decode(encode(*decoded)) != *decoded)
          std::abort();
      }
    }
    if (const auto exchange = read_exchange(label, bytes); exchange && *exchange) {
      const auto again = read_exchange("", encode(**exchange));
      if (!again || !*again || **again != **exchange) std::abort();
    }
  }
  if (const auto state = decode_state(bytes); state && *decode_state(encode(*state)) != *state) std::abort();
  if (const auto states = decode_states(bytes); states && *decode_states(encode(*states)) != *states)
    std::abort();
  if (const auto plan = decode_plan(bytes)) {
    std::vector<std::string> owners;
    for (const std::uint16_t owner : (*plan)->owners) owners.push_back((*plan)->nodes[owner]);
    if (owners.size() != kSlots || !decode_plan(make_plan((*plan)->epoch, owners)->bytes)) std::abort();
  }
  if (const auto report = decode_cost_report(bytes);
      report && *decode_cost_report(encode(*report)) != *report)
    std::abort();
  (void)lzw_decompress(bytes, 1 << 20);
  FrameReader frames(1 << 16);
  std::string data_of_frame;
  for (const char c : bytes) {
    frames.feed({&c, 1});
    if (frames.next(data_of_frame) == FrameReader::Next::kBad) break;
  }
  return 0;
}
