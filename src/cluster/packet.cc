#include "cluster/packet.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/strings.h"
#include "cluster/big_endian.h"
#include "cluster/fields.h"
#include "cluster/lzw.h"
#include "codec/hash.h"

namespace invar::cluster {
namespace {

constexpr char kLabel = '\xf4', kCompressed = 9, kCompound = 7, kChecksum = 12, kExchange = 6, kError = 13;
constexpr std::size_t kMaxNodes = 100'000;

std::unexpected<Error> broken_packet(std::string_view why) {
  return fail(ErrorCode::kDataLoss, std::string(why));
}

// What is behind the label; nothing while that is cut off.
Result<std::optional<std::string_view>> without_label(std::string_view label, std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  const bool has_one = bytes.starts_with(kLabel);
  std::string_view theirs;
  if (has_one) {
    if (bytes.size() < 2 || bytes.size() < 2 + big_endian(bytes.substr(1, 1))) return std::nullopt;
    theirs = bytes.substr(2, big_endian(bytes.substr(1, 1)));
  }
  if (theirs == label) return bytes.substr(has_one ? 2 + theirs.size() : 0);
  return fail(ErrorCode::kPermissionDenied, theirs.empty()
                                                ? "peer of a cluster without a name"
                                                : fmt::format("peer of another cluster ({})", quote(theirs)));
}

// The body of a compressed message; nothing while it is cut off.
Result<std::optional<std::string>> decompress(std::string_view bytes, std::size_t max_bytes) {
  MsgpackReader reader(bytes);
  std::uint64_t algorithm = 0;
  std::string_view buffer;
  for (std::size_t fields = reader.map(); fields > 0 && reader.good(); --fields) {
    const std::string_view key = reader.raw();
    if (key == "Algo") {
      algorithm = reader.number();
    } else if (key == "Buf") {
      buffer = reader.raw();
    } else {
      reader.skip();
    }
  }
  if (reader.state() == MsgpackReader::State::kCutOff) return std::nullopt;
  if (!reader.good()) return broken_packet("damaged compressed message");
  if (algorithm != 0) return fail(ErrorCode::kUnsupported, "unknown compression");
  INVAR_ASSIGN_OR_RETURN(std::string out, lzw_decompress(buffer, max_bytes));
  return out;
}

Result<> split_compound(std::string_view bytes, std::vector<std::string>& out) {
  if (bytes.empty()) return broken_packet("compound message without a count");
  const std::size_t count = big_endian(bytes.substr(0, 1));
  if (bytes.size() < 1 + 2 * count) return broken_packet("compound message without its lengths");
  std::string_view parts = bytes.substr(1 + 2 * count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t length = big_endian(bytes.substr(1 + 2 * i, 2));
    if (parts.size() < length) return broken_packet("compound message with a part that is cut off");
    if (parts.starts_with(kCompound)) return broken_packet("compound message in a compound message");
    out.emplace_back(parts.substr(0, length));
    parts.remove_prefix(length);
  }
  return {};
}

}  // namespace

std::string label_header(std::string_view label) {
  if (label.empty()) return {};
  return fmt::format("{}{}{}", kLabel, static_cast<char>(label.size()), label);
}

std::string pack(std::string_view label, const std::vector<std::string>& messages) {
  std::string out = label_header(label);
  if (messages.size() == 1) return out + messages.front();
  INVAR_CHECK(messages.size() <= kMaxTogether, "too many messages for one packet");
  out += kCompound;
  out += static_cast<char>(messages.size());
  for (const auto& message : messages) {
    INVAR_CHECK(message.size() <= 0xffff, "a large message among others");
    append_big_endian(out, message.size(), 2);
  }
  for (const auto& message : messages) out += message;
  return out;
}

Result<std::vector<std::string>> unpack(std::string_view label, std::string_view packet) {
  INVAR_ASSIGN_OR_RETURN(const auto body, without_label(label, packet));
  if (!body) return broken_packet("label that is cut off");
  std::string_view bytes = *body;
  if (bytes.starts_with(kChecksum)) {
    if (bytes.size() < 5 || codec::crc32(bytes.substr(5)) != big_endian(bytes.substr(1, 4)))
      return broken_packet("wrong checksum");
    bytes.remove_prefix(5);
  }
  std::string inflated;
  if (bytes.starts_with(kCompressed)) {
    INVAR_ASSIGN_OR_RETURN(auto inner, decompress(bytes.substr(1), kMaxPacket));
    if (!inner) return broken_packet("compressed message that is cut off");
    inflated = *std::move(inner);
    bytes = inflated;
  }
  std::vector<std::string> messages;
  if (bytes.starts_with(kCompound)) {
    INVAR_TRY(split_compound(bytes.substr(1), messages));
  } else {
    messages.emplace_back(bytes);
  }
  return messages;
}

Result<std::optional<Exchange>> read_exchange(std::string_view label, std::string_view stream) {
  INVAR_ASSIGN_OR_RETURN(const auto body, without_label(label, stream));
  if (!body || body->empty()) return std::nullopt;
  std::string_view bytes = *body;
  std::string inflated;
  if (bytes.starts_with(kCompressed)) {
    INVAR_ASSIGN_OR_RETURN(auto inner, decompress(bytes.substr(1), kMaxExchange));
    if (!inner) return std::nullopt;
    inflated = *std::move(inner);
    bytes = inflated;
    if (bytes.empty()) return broken_packet("empty stream");
  }
  const char kind = bytes.front();
  MsgpackReader reader(bytes.substr(1));
  if (kind == kError) {
    std::string_view why;
    if (reader.map() == 1 && reader.raw() == "Error") why = reader.raw();
    return fail(ErrorCode::kUnavailable, fmt::format("the peer refused: {}", why));
  }
  if (kind != kExchange)
    return broken_packet(fmt::format("stream of unknown kind {}", static_cast<int>(kind)));
  Exchange exchange;
  std::uint64_t nodes = 0, state_bytes = 0;
  for (std::size_t fields = reader.map(); fields > 0 && reader.good(); --fields) {
    const std::string_view key = reader.raw();
    if (key == "Nodes") {
      nodes = reader.number();
    } else if (key == "UserStateLen") {
      state_bytes = reader.number();
    } else if (key == "Join") {
      exchange.join = reader.boolean();
    } else {
      reader.skip();
    }
  }
  if (nodes > kMaxNodes || state_bytes > kMaxExchange)
    return broken_packet("stream with a length out of bounds");
  for (; nodes > 0 && reader.good(); --nodes) exchange.nodes.push_back(read_fields<NodeRecord>(reader));
  exchange.user_state = reader.take(state_bytes);
  if (reader.good()) return exchange;
  // What was compressed is whole.
  if (reader.state() == MsgpackReader::State::kCutOff && inflated.empty()) return std::nullopt;
  return broken_packet("damaged exchange");
}

}  // namespace invar::cluster
