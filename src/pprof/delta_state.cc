#include "pprof/delta_state.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>

#include "pprof/limits.h"

namespace invar::pprof {
namespace {

constexpr std::uint64_t kMagic = 0x31746c6476616e69;  // "invadlt1": the last character is the version
constexpr std::size_t kHeaderBytes = sizeof(DeltaState::Header);
constexpr std::size_t kChecksumBytes = 8;
static_assert(kHeaderBytes == 32, "written as it lies in memory, without holes");

std::unexpected<Error> damaged(const char* what) {
  return fail(ErrorCode::kDataLoss, std::string("saved delta baseline: ") + what);
}

bool plausible(const DeltaState::Header& header) {
  return header.columns >= 1 && header.columns <= DeltaState::kMaxColumns && header.rows <= 2 * kMaxRecords &&
         header.tail <= header.rows && header.value_bytes <= kMaxRawBytes;
}

// Every row's nibbles are sizes, and together they are the values; ages are in range.
bool consistent(const DeltaState& state) {
  const auto& header = state.header();
  std::uint64_t bytes = 0;
  for (std::uint32_t row = 0; row < header.rows; ++row) {
    const std::uint8_t* const sizes = state.sizes() + std::size_t{row} * state.stride();
    for (std::uint32_t column = 0; column < 2 * state.stride(); ++column) {
      const unsigned size = column % 2 == 0 ? sizes[column / 2] & 15 : sizes[column / 2] >> 4;
      if (column < header.columns ? size < 1 || size > 8 : size != 0) return false;
      bytes += size;
    }
  }
  for (std::uint32_t i = 0; i < header.tail; ++i) {
    if (state.ages()[i] > DeltaState::kMaxAge) return false;
  }
  return bytes == header.value_bytes;
}

}  // namespace

DeltaState::DeltaState(const Header& header) : header_(header) {
  const std::size_t size = block_bytes();
  block_.reset(new std::uint8_t[size + sizeof(std::uint64_t)]);  // not make_unique: it would zero all of it
  std::memset(block_.get() + size, 0, sizeof(std::uint64_t));
}

std::size_t DeltaState::block_bytes() const {
  return (std::size_t{8} + stride()) * header_.rows + header_.value_bytes + header_.tail;
}

std::uint64_t state_bytes(const DeltaState& state) {
  return sizeof(DeltaState) + state.block_bytes() + sizeof(std::uint64_t);
}

std::string save_state(const DeltaState& state) {
  std::string out;
  out.reserve(sizeof(kMagic) + kHeaderBytes + state.block_bytes() + kChecksumBytes);
  const auto put = [&](const void* from, std::size_t size) {
    out.append(static_cast<const char*>(from), size);
  };
  put(&kMagic, sizeof(kMagic));
  put(&state.header(), kHeaderBytes);
  put(state.block(), state.block_bytes());
  const std::uint64_t checksum = XXH3_64bits(out.data(), out.size());
  put(&checksum, kChecksumBytes);
  return out;
}

Result<DeltaStatePtr> load_state(std::string_view bytes) {
  if (bytes.size() < sizeof(kMagic) + kHeaderBytes + kChecksumBytes) return damaged("too short");
  if (load64(bytes.data()) != kMagic) return damaged("of another format or version");
  const std::string_view body = bytes.substr(0, bytes.size() - kChecksumBytes);
  if (load64(body.data() + body.size()) != XXH3_64bits(body.data(), body.size()))
    return damaged("wrong checksum");
  DeltaState::Header header;
  std::memcpy(&header, body.data() + sizeof(kMagic), kHeaderBytes);
  const std::string_view block = body.substr(sizeof(kMagic) + kHeaderBytes);
  const std::uint64_t expected =
      (8ull + (header.columns + 1ull) / 2) * header.rows + header.value_bytes + header.tail;
  if (!plausible(header) || block.size() != expected) return damaged("sizes that do not fit");
  auto state = std::make_shared<DeltaState>(header);
  std::memcpy(state->block(), block.data(), block.size());
  if (!consistent(*state)) return damaged("contents that do not fit");
  return state;
}

}  // namespace invar::pprof
