// Constants: the pools of a chunk that profiles are made of. A pool knows where its values stand; they are read when asked for.
// Errors:  what is damaged is left out and counted; what is then missing is not found.
// Threads: const use from any.  Lifetime: the chunk and its metadata outlive it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "jfr/chunk.h"
#include "jfr/id_map.h"
#include "jfr/layout.h"
#include "jfr/metadata.h"

namespace invar::jfr {

class Constants {
 public:
  Constants(const Chunk& chunk, const Metadata& metadata, Report& report);

  struct Method {
    std::uint64_t type = 0, name = 0;  // keys of a class and a symbol
  };
  struct Frame {
    std::uint64_t method = 0;
    std::int32_t line = 0;
  };

  [[nodiscard]] std::optional<Method> method(std::uint64_t key) const;
  [[nodiscard]] std::optional<std::uint64_t> class_symbol(
      std::uint64_t key) const;                               // of its name: "java/lang/Thread", "libjvm.so"
  [[nodiscard]] std::string symbol(std::uint64_t key) const;  // empty when unknown
  [[nodiscard]] std::string thread_name(std::uint64_t key) const;  // the Java name, else the system's
  [[nodiscard]] std::string state_name(std::uint64_t key) const;
  [[nodiscard]] std::string text(std::uint64_t offset,
                                 std::size_t limit) const;  // of a text field; empty when longer
  [[nodiscard]] std::string pooled_text(std::uint64_t key, std::size_t limit) const;  // of the pool of texts
  // How many stack traces there are, and the position of one among them; IdMap::kNone: there is no such.
  [[nodiscard]] std::uint32_t stacks() const { return static_cast<std::uint32_t>(stack_offsets_.size()); }
  [[nodiscard]] std::uint32_t stack(std::uint64_t key) const { return pools_[kStackTrace].at.find(key); }
  // Calls each(Frame) for the frames of the stack at a position, leaf first.
  template <class Each>
  void for_each_frame(std::uint32_t position, Each each) const {
    if (!pools_[kStackTrace].layout) return;
    Cursor in(chunk_.bytes, stack_offsets_[position]);
    Slots slots{};
    pools_[kStackTrace].layout->read_array(in, slots.data(), kFrames, [&] {
      each(Frame{slots[kFrameMethod], static_cast<std::int32_t>(slots[kFrameLine])});
      slots = {};
    });
  }

 private:
  enum PoolIndex : std::size_t {
    kClass,
    kMethod,
    kSymbol,
    kThread,
    kStackTrace,
    kThreadState,
    kString,
    kPools
  };
  enum Slot : std::uint8_t { kFirst, kSecond, kFrames, kFrameMethod, kFrameLine, kSlots };
  using Slots = std::array<std::uint64_t, kSlots>;
  struct Pool {
    std::uint64_t class_id = 0;
    std::optional<Layout> layout;
    IdMap at;  // key -> offset in the chunk; of stack traces: -> position
  };
  struct Known;
  static const std::array<Known, kPools>& known();

  void compile(const Metadata& metadata);
  bool read_checkpoint(Cursor in, const Metadata& metadata, Report& report);
  bool read_pool(Cursor& in, const Metadata& metadata, Report& report);
  const std::optional<Layout>& other_layout(std::uint64_t class_id, const Metadata& metadata);
  void keep(Pool& pool, std::uint64_t key, std::uint32_t offset);
  [[nodiscard]] std::optional<Slots> read(PoolIndex pool, std::uint64_t key) const;

  const Chunk& chunk_;
  std::array<Pool, kPools> pools_;
  std::vector<std::uint32_t> stack_offsets_;
  std::size_t count_ = 0;
  std::map<std::uint64_t, std::optional<Layout>> others_;  // of pools that are stepped over, while reading
};

}  // namespace invar::jfr
