#include "kube/stream_readers.h"

#include <algorithm>
#include <optional>

namespace invar::kube {
namespace {

constexpr std::uint64_t kMaxObject = 16u << 20;
constexpr std::size_t kFrameHead = 4;
constexpr std::size_t kMaxVarint = 10;

std::unexpected<Error> damaged() {
  return fail(ErrorCode::kDataLoss, "the API server sent a list that is damaged");
}
std::unexpected<Error> too_large() {
  return fail(ErrorCode::kResourceExhausted, "the API server sent an object of more than 16 MiB");
}

// Takes a varint off the front; nullopt while it is not complete. `bad` for one that never ends.
std::optional<std::uint64_t> take_varint(std::string_view& bytes, bool& bad) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < std::min(bytes.size(), kMaxVarint); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    value |= std::uint64_t{byte & 0x7fu} << (7 * i);
    if (byte >= 0x80) continue;
    bytes.remove_prefix(i + 1);
    return value;
  }
  bad = bytes.size() >= kMaxVarint;
  return std::nullopt;
}

}  // namespace

Result<> ListReader::feed(std::string_view bytes) {
  rest_.append(bytes);
  std::string_view left = rest_;
  while (true) {
    INVAR_ASSIGN_OR_RETURN(const std::size_t used, take_one(left));
    if (used == 0) break;
    left.remove_prefix(used);
  }
  rest_.erase(0, rest_.size() - left.size());
  return {};
}

// The bytes that the next complete piece took; 0: more is needed.
Result<std::size_t> ListReader::take_one(std::string_view bytes) {
  if (!magic_seen_) {
    if (bytes.size() < kMagic.size()) return 0;
    if (!bytes.starts_with(kMagic)) return damaged();
    magic_seen_ = true;
    return kMagic.size();
  }
  std::string_view at = bytes;
  bool bad = false;
  const auto tag = take_varint(at, bad);
  const auto value = tag ? take_varint(at, bad) : std::nullopt;  // a number, or the length of what follows
  if (bad) return damaged();
  if (!value) return 0;
  const std::size_t head = bytes.size() - at.size();
  const bool has_bytes = (*tag & 7) == 2;
  if (!has_bytes && (*tag & 7) != 0) return damaged();
  const auto number = static_cast<std::uint32_t>(*tag >> 3);

  if (!inside_ && number == 2 && has_bytes) {
    list_seen_ = true;
    left_ = *value;
    inside_ = left_ > 0;
    return head;
  }
  const std::uint64_t length = has_bytes ? *value : 0;
  if (inside_ && (length > left_ || head + length > left_)) return damaged();
  if (length > kMaxObject) return too_large();
  if (at.size() < length) return 0;
  if (has_bytes) INVAR_TRY(take_field(number, at.substr(0, length)));
  if (inside_) {
    left_ -= head + length;
    inside_ = left_ > 0;
  }
  return head + length;
}

Result<> ListReader::take_field(std::uint32_t number, std::string_view bytes) {
  if (!inside_) return {};
  if (number == 2) return on_item_(bytes);
  if (number != 1) return {};
  INVAR_ASSIGN_OR_RETURN(meta_, decode_list_meta(bytes));
  return {};
}

Result<ListMeta> ListReader::finish() const {
  if (!list_seen_ || inside_ || !rest_.empty()) {
    return fail(ErrorCode::kDataLoss, "the API server ended a list in the middle");
  }
  return meta_;
}

Result<> FrameReader::feed(std::string_view bytes) {
  rest_.append(bytes);
  std::string_view left = rest_;
  while (left.size() >= kFrameHead) {
    std::uint64_t length = 0;
    for (std::size_t i = 0; i < kFrameHead; ++i) length = length << 8 | static_cast<unsigned char>(left[i]);
    if (length > kMaxObject) return too_large();
    if (left.size() < kFrameHead + length) break;
    INVAR_TRY(on_frame_(left.substr(kFrameHead, length)));
    left.remove_prefix(kFrameHead + length);
  }
  rest_.erase(0, rest_.size() - left.size());
  return {};
}

}  // namespace invar::kube
