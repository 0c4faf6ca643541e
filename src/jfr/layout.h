// Layout: a class as a flat list of steps that read or step over one of its values, with what is nested in it; compiled once
// per chunk, so that an event costs a few nanoseconds.
// Shape:   fields that the caller asks for go to slots; all others are stepped over. Wherever a field asked for has another
//          kind than expected, its slot stays 0.
// Threads: const use from any.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "jfr/cursor.h"
#include "jfr/metadata.h"

namespace invar::jfr {

struct Binding {
  enum class Kind : std::uint8_t { kNumber, kText, kArray };
  std::string_view path;  // "frames.method": in the elements of `frames`, or in the struct of that name
  std::uint8_t slot = 0;
  Kind kind = Kind::kNumber;  // kText: the slot receives the offset of the text's tag
};

struct Step {
  enum class Kind : std::uint8_t { kNumber, kSkipNumbers, kSkipBytes, kText, kArray };
  static constexpr std::uint8_t kNoSlot = 0xff;
  Kind kind = Kind::kSkipBytes;
  std::uint8_t slot = kNoSlot;
  std::uint32_t count = 0;  // numbers or bytes; of an array, how many steps behind this one read an element
};

class Layout {
 public:
  // Nothing: the class nests too deep, is too large, or has a field of a class that is not described.
  static std::optional<Layout> compile(const Metadata& metadata, const Class& type,
                                       std::span<const Binding> bindings);

  // Reads one value; slots are not cleared before.
  void read(Cursor& in, std::uint64_t* slots) const { run(in, steps_, slots); }
  // The same; of the array bound to `slot` the elements are handed out one by one, after reading into their slots.
  template <class Each>
  void read_array(Cursor& in, std::uint64_t* slots, std::uint8_t slot, Each each) const {
    const std::span<const Step> steps = steps_;
    for (std::size_t i = 0; i < steps.size();) {
      const std::size_t length = size_of(steps[i]);
      if (steps[i].kind == Step::Kind::kArray && steps[i].slot == slot) {
        const auto element = steps.subspan(i + 1, length - 1);
        std::uint64_t count = in.varint();
        for (; count > 0 && !element.empty() && !in.failed(); --count) {
          run(in, element, slots);
          if (!in.failed()) each();
        }
      } else {
        run(in, steps.subspan(i, length), slots);
      }
      i += length;
    }
  }

 private:
  static std::size_t size_of(const Step& step) {
    return step.kind == Step::Kind::kArray ? step.count + 1 : 1;
  }
  static void run(Cursor& in, std::span<const Step> steps, std::uint64_t* slots);

  std::vector<Step> steps_;
};

}  // namespace invar::jfr
