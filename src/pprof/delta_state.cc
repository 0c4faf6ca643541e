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

template <class T>
void append_raw(std::string& out, const T& value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

// Behind each baseline where there are several.
struct SavedStanding {
  std::uint8_t age;
  std::uint8_t proven;
  std::uint8_t several;
  std::uint8_t zero = 0;
};
static_assert(sizeof(SavedStanding) == 4);

Result<SavedStanding> take_standing(std::string_view& bytes) {
  SavedStanding standing{};
  if (bytes.size() < sizeof(standing)) return damaged("cut between baselines");
  std::memcpy(&standing, bytes.data(), sizeof(standing));
  bytes.remove_prefix(sizeof(standing));
  if (standing.proven > 1 || standing.several > 1 || standing.zero != 0)
    return damaged("contents that do not fit");
  return standing;
}

void append_baseline(std::string& out, const DeltaState& state) {
  const std::size_t start = out.size();
  out.reserve(start + sizeof(kMagic) + kHeaderBytes + state.block_bytes() + kChecksumBytes);
  append_raw(out, kMagic);
  append_raw(out, state.header());
  out.append(reinterpret_cast<const char*>(state.block()), state.block_bytes());
  append_raw(out, XXH3_64bits(out.data() + start, out.size() - start));
}

// Takes one baseline from the front.
Result<std::shared_ptr<DeltaState>> take_baseline(std::string_view& bytes) {
  constexpr std::size_t kHeadBytes = sizeof(kMagic) + kHeaderBytes;
  if (bytes.size() < kHeadBytes + kChecksumBytes) return damaged("too short");
  if (load64(bytes.data()) != kMagic) return damaged("of another format or version");
  DeltaState::Header header;
  std::memcpy(&header, bytes.data() + sizeof(kMagic), kHeaderBytes);
  if (!plausible(header)) return damaged("sizes that do not fit");
  const std::uint64_t block =
      (8ull + (header.columns + 1ull) / 2) * header.rows + header.value_bytes + header.tail;
  if (block > bytes.size() - kHeadBytes - kChecksumBytes) return damaged("sizes that do not fit");
  const std::size_t checked = kHeadBytes + block;
  if (load64(bytes.data() + checked) != XXH3_64bits(bytes.data(), checked)) return damaged("wrong checksum");
  auto state = std::make_shared<DeltaState>(header);
  std::memcpy(state->block(), bytes.data() + kHeadBytes, block);
  if (!consistent(*state)) return damaged("contents that do not fit");
  bytes.remove_prefix(checked + kChecksumBytes);
  return state;
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

void DeltaState::set_beside(Beside beside) {
  if (!beside.others.empty()) beside_ = std::make_unique<const Beside>(std::move(beside));
}

std::shared_ptr<DeltaState> copy_alone(const DeltaState& state) {
  auto copy = std::make_shared<DeltaState>(state.header());
  std::memcpy(copy->block(), state.block(), state.block_bytes());
  return copy;
}

DeltaStatePtr alone(const DeltaStatePtr& state) {
  return state->beside() == nullptr ? state : copy_alone(*state);
}

std::uint64_t state_bytes(const DeltaState& state) {
  std::uint64_t bytes = sizeof(DeltaState) + state.block_bytes() + sizeof(std::uint64_t);
  if (const auto* beside = state.beside(); beside != nullptr) {
    bytes += sizeof(*beside);
    for (const auto& other : beside->others) bytes += sizeof(other) + state_bytes(*other.state);
  }
  return bytes;
}

std::uint32_t processes(const DeltaState& state) {
  const auto* const beside = state.beside();
  return beside != nullptr && beside->several ? static_cast<std::uint32_t>(1 + beside->others.size()) : 1;
}

std::string save_state(const DeltaState& state) {
  std::string out;
  append_baseline(out, state);
  const auto* const beside = state.beside();
  if (beside == nullptr) return out;
  append_raw(out, SavedStanding{.age = 0, .proven = beside->newest_proven, .several = beside->several});
  for (const auto& [other, standing] : beside->others) {
    append_baseline(out, *other);
    append_raw(out,
               SavedStanding{.age = standing.age, .proven = standing.proven, .several = beside->several});
  }
  return out;
}

Result<DeltaStatePtr> load_state(std::string_view bytes) {
  INVAR_ASSIGN_OR_RETURN(const std::shared_ptr<DeltaState> newest, take_baseline(bytes));
  if (bytes.empty()) return newest;
  INVAR_ASSIGN_OR_RETURN(const SavedStanding first, take_standing(bytes));
  DeltaState::Beside beside{.newest_proven = first.proven != 0, .several = first.several != 0};
  while (!bytes.empty()) {
    INVAR_ASSIGN_OR_RETURN(const std::shared_ptr<DeltaState> other, take_baseline(bytes));
    INVAR_ASSIGN_OR_RETURN(const SavedStanding standing, take_standing(bytes));
    if (beside.others.size() + 1 == kMaxBaselines) return damaged("too many baselines");
    if (other->header().column_hash != newest->header().column_hash ||
        other->header().columns != newest->header().columns)
      return damaged("baselines that do not fit together");
    beside.others.push_back({other, {.age = standing.age, .proven = standing.proven != 0}});
  }
  newest->set_beside(std::move(beside));
  return newest;
}

}  // namespace invar::pprof
