// Packets and streams: what lies around messages. Label, checksum, compression, several messages in one packet.
// Errors:  a packet with another label, a wrong checksum, a broken length; compression inside of compression; several in several.
// Bounds:  kMaxPacket after decompression; a message above 65,535 bytes and more than 255 messages are never put together.
// Spec:    clustering.md 5, 6, 8.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cluster/messages.h"

namespace invar::cluster {

inline constexpr std::size_t kMaxPacket = std::size_t{10} << 20;
inline constexpr std::size_t kMaxExchange = std::size_t{64} << 20;
inline constexpr std::size_t kMaxTogether = 255;  // messages in one packet

// One packet for at most kMaxTogether encoded messages, each at most 65,535 bytes; or for one of any size.
std::string pack(std::string_view label, const std::vector<std::string>& messages);
// The encoded messages of a packet, in order.
Result<std::vector<std::string>> unpack(std::string_view label, std::string_view packet);

std::string label_header(std::string_view label);  // "" for none

// The bytes of a stream so far, without frames: nothing while they are cut off, else the exchange. The peer that answers sends no
// label.
Result<std::optional<Exchange>> read_exchange(std::string_view label, std::string_view stream);

}  // namespace invar::cluster
