#include "jfr/constants.h"

#include "jfr/limits.h"
#include "jfr/text.h"

namespace invar::jfr {

struct Constants::Known {
  std::string_view name;
  std::vector<Binding> bindings;
};

// JDK 9 and later, and async-profiler, agree on these names.
const std::array<Constants::Known, Constants::kPools>& Constants::known() {
  constexpr auto kText = Binding::Kind::kText;
  static const std::array<Known, kPools> known = {{
      {"java.lang.Class", {{"name", kFirst}}},
      {"jdk.types.Method", {{"type", kFirst}, {"name", kSecond}}},
      {"jdk.types.Symbol", {{"string", kFirst, kText}}},
      {"java.lang.Thread", {{"javaName", kFirst, kText}, {"osName", kSecond, kText}}},
      {"jdk.types.StackTrace",
       {{"frames", kFrames, Binding::Kind::kArray},
        {"frames.method", kFrameMethod},
        {"frames.lineNumber", kFrameLine}}},
      {"jdk.types.ThreadState", {{"name", kFirst, kText}}},
      {"java.lang.String", {}},  // a text by itself
  }};
  return known;
}

Constants::Constants(const Chunk& chunk, const Metadata& metadata, Report& report) : chunk_(chunk) {
  compile(metadata);
  bool whole = true;
  for (const EventRef checkpoint : chunk.checkpoints) {
    whole &= read_checkpoint(chunk.cursor(checkpoint), metadata, report);
  }
  others_.clear();
  if (!whole) ++report.damaged_chunks;
}

void Constants::compile(const Metadata& metadata) {
  for (std::size_t i = 0; i < kPools; ++i) {
    const Class* const type = metadata.find(known()[i].name);
    if (type == nullptr) continue;
    pools_[i].class_id = type->id;
    if (i != kString) pools_[i].layout = Layout::compile(metadata, *type, known()[i].bindings);
  }
}

bool Constants::read_checkpoint(Cursor in, const Metadata& metadata, Report& report) {
  for (int i = 0; i < 4; ++i) in.varint();  // start, duration, distance to the one before, kind
  for (std::uint64_t pools = in.varint(); pools > 0 && !in.failed(); --pools) {
    if (!read_pool(in, metadata, report)) return false;
  }
  return !in.failed();
}

bool Constants::read_pool(Cursor& in, const Metadata& metadata, Report& report) {
  const std::uint64_t class_id = in.varint();
  std::uint64_t count = in.varint();
  Pool* pool = nullptr;
  for (Pool& wanted : pools_) {
    if (class_id != 0 && wanted.class_id == class_id) pool = &wanted;
  }
  const bool is_text = pool == &pools_[kString];
  const std::optional<Layout>& layout = pool != nullptr ? pool->layout : other_layout(class_id, metadata);
  if (!layout && !is_text) return count == 0;
  for (Slots slots{}; count > 0; --count) {
    const std::uint64_t key = in.varint();
    const std::uint32_t offset = in.offset();
    if (is_text) {
      skip_text(in);
    } else {
      layout->read(in, slots.data());
    }
    if (in.failed()) return false;
    if (pool == nullptr) continue;
    if (count_ == kMaxConstants) {
      ++report.over_limit;
    } else {
      keep(*pool, key, offset);
    }
  }
  return true;
}

const std::optional<Layout>& Constants::other_layout(std::uint64_t class_id, const Metadata& metadata) {
  const auto [at, made] = others_.try_emplace(class_id);
  const Class* const type = made ? metadata.find(class_id) : nullptr;
  if (type != nullptr) at->second = Layout::compile(metadata, *type, {});
  return at->second;
}

void Constants::keep(Pool& pool, std::uint64_t key, std::uint32_t offset) {
  ++count_;
  if (&pool != &pools_[kStackTrace]) return pool.at.set(key, offset);
  pool.at.set(key, stacks());
  stack_offsets_.push_back(offset);
}

std::optional<Constants::Slots> Constants::read(PoolIndex pool, std::uint64_t key) const {
  const std::uint32_t offset = pools_[pool].at.find(key);
  if (offset == IdMap::kNone) return std::nullopt;
  Cursor in(chunk_.bytes, offset);
  Slots slots{};
  pools_[pool].layout->read(in, slots.data());
  return slots;
}

std::string Constants::text(std::uint64_t offset, std::size_t limit) const {
  if (offset == 0) return "";  // no field of that name
  Cursor in(chunk_.bytes, offset);
  Text text = read_text(in, limit);
  return text.constant ? pooled_text(*text.constant, limit) : std::move(text.utf8);
}

std::string Constants::pooled_text(std::uint64_t key, std::size_t limit) const {
  const std::uint32_t pooled = pools_[kString].at.find(key);
  if (pooled == IdMap::kNone) return "";
  Cursor there(chunk_.bytes, pooled);
  return read_text(there, limit).utf8;
}

std::optional<Constants::Method> Constants::method(std::uint64_t key) const {
  const auto slots = read(kMethod, key);
  if (!slots) return std::nullopt;
  return Method{(*slots)[kFirst], (*slots)[kSecond]};
}

std::optional<std::uint64_t> Constants::class_symbol(std::uint64_t key) const {
  const auto slots = read(kClass, key);
  if (!slots) return std::nullopt;
  return (*slots)[kFirst];
}

std::string Constants::symbol(std::uint64_t key) const {
  const auto slots = read(kSymbol, key);
  return slots ? text((*slots)[kFirst], kMaxTextBytes) : "";
}

std::string Constants::thread_name(std::uint64_t key) const {
  const auto slots = read(kThread, key);
  if (!slots) return "";
  std::string java = text((*slots)[kFirst], kMaxThreadNameBytes);
  return java.empty() ? text((*slots)[kSecond], kMaxThreadNameBytes) : java;
}

std::string Constants::state_name(std::uint64_t key) const {
  const auto slots = read(kThreadState, key);
  return slots ? text((*slots)[kFirst], kMaxSettingBytes) : "";
}

}  // namespace invar::jfr
