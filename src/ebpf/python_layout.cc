#include "ebpf/python_layout.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "ebpf/byte_cursor.h"

namespace invar::ebpf {
namespace {

using Entry = PythonLayout::Entry;

PythonLayout old_layout(int minor) {
  return {.minor = minor,
          .frames = {.interpreter_threads = 8,
                     .thread_next = 8,
                     .thread_id = 176,
                     .thread_frame = 24,
                     .frame_code = 32,
                     .frame_back = 24,
                     .frame_last = minor == 10 ? 96u : 104u},
          .runtime_head = 32,
          .first_line = 40,
          .file = 104,
          .name = 112,
          .lines = 120,
          .ascii_data = 48,
          .unicode_data = 72,
          .entry = Entry::kEveryFrame};
}

const std::array<PythonLayout, 6>& layouts() {
  static const std::array<PythonLayout, 6> all = {
      old_layout(8),
      old_layout(9),
      old_layout(10),
      PythonLayout{.minor = 11,
                   .frames = {.interpreter_threads = 16,
                              .thread_next = 8,
                              .thread_id = 152,
                              .thread_frame = 56,
                              .cframe_frame = 8,
                              .has_cframe = 1,
                              .frame_code = 32,
                              .frame_back = 48,
                              .frame_last = 56,
                              .frame_entry = 68,
                              .entry_value = 1,
                              .has_entry = 1},
                   .runtime_head = 40,
                   .first_line = 72,
                   .file = 112,
                   .name = 128,
                   .lines = 136,
                   .bytecode = 184,
                   .ascii_data = 48,
                   .unicode_data = 72,
                   .entry = Entry::kMarkedFrame},
      PythonLayout{.minor = 12,
                   .frames = {.interpreter_threads = 72,
                              .thread_next = 8,
                              .thread_id = 136,
                              .thread_frame = 56,
                              .cframe_frame = 0,
                              .has_cframe = 1,
                              .frame_code = 0,
                              .frame_back = 8,
                              .frame_last = 56,
                              .frame_entry = 70,
                              .entry_value = 3,
                              .has_entry = 1},
                   .runtime_head = 40,
                   .first_line = 68,
                   .file = 112,
                   .name = 128,
                   .lines = 136,
                   .bytecode = 192,
                   .ascii_data = 40,
                   .unicode_data = 56,
                   .entry = Entry::kMarkAlone},
      PythonLayout{.minor = 13,
                   .frames = {.interpreter_threads = 7344,
                              .thread_next = 8,
                              .thread_id = 152,
                              .thread_frame = 72,
                              .frame_code = 0,
                              .frame_back = 8,
                              .frame_last = 56,
                              .frame_entry = 70,
                              .entry_value = 3,
                              .has_entry = 1},
                   .runtime_head = 632,
                   .first_line = 68,
                   .file = 112,
                   .name = 128,
                   .lines = 136,
                   .bytecode = 200,
                   .ascii_data = 40,
                   .unicode_data = 56,
                   .entry = Entry::kMarkAlone},
  };
  return all;
}

// 3.8, 3.9: (bytes, lines) from one line's first instruction to the next's.
std::int64_t line_of_pairs(std::string_view table, std::int64_t line, std::int64_t at) {
  std::int64_t address = 0;
  for (std::size_t i = 0; i + 1 < table.size(); i += 2) {
    address += static_cast<std::uint8_t>(table[i]);
    if (address > at) break;
    line += static_cast<std::int8_t>(table[i + 1]);
  }
  return line;
}

// 3.10: (bytes, lines) of one range after the other; -128 lines: it has none.
std::int64_t line_of_ranges(std::string_view table, std::int64_t line, std::int64_t at) {
  std::int64_t end = 0;
  for (std::size_t i = 0; i + 1 < table.size(); i += 2) {
    end += static_cast<std::uint8_t>(table[i]);
    const auto change = static_cast<std::int8_t>(table[i + 1]);
    constexpr std::int8_t kNoLine = -128;
    if (change != kNoLine) line += change;
    if (at < end) return change == kNoLine ? 0 : line;
  }
  return 0;
}

std::uint64_t six_bits(ByteCursor& in) {
  std::uint64_t value = 0;
  for (unsigned shift = 0;; shift += 6) {
    const auto byte = in.number<std::uint8_t>();
    if (shift < 60) value |= std::uint64_t{byte & 0x3fu} << shift;
    if ((byte & 0x40) == 0 || !in.ok()) return value;
  }
}

std::int64_t signed_six_bits(ByteCursor& in) {
  const std::uint64_t value = six_bits(in);
  const auto half = static_cast<std::int64_t>(value >> 1);
  return (value & 1) != 0 ? -half : half;
}

// 3.11 on: entries of places, each for some instructions.
std::int64_t line_of_places(std::string_view table, std::int64_t line, std::int64_t at) {
  ByteCursor in(table);
  std::int64_t end = 0;
  while (!in.done()) {
    const auto head = in.number<std::uint8_t>();
    const unsigned code = (head >> 3) & 15;
    end += ((head & 7) + 1) * 2;
    switch (code) {
      case 15:  // no place
        break;
      case 14:  // line, end line, columns
        line += signed_six_bits(in);
        for (int i = 0; i < 3; ++i) (void)six_bits(in);
        break;
      case 13:  // line
        line += signed_six_bits(in);
        break;
      case 10:
      case 11:
      case 12:
        line += code - 10;
        in.skip(2);
        break;
      default:
        in.skip(1);
    }
    if (!in.ok()) return 0;
    if (at < end) return code == 15 ? 0 : line;
  }
  return 0;
}

}  // namespace

const PythonLayout* python_layout(int minor) {
  const auto* found = std::ranges::find(layouts(), minor, &PythonLayout::minor);
  return found == layouts().end() ? nullptr : &*found;
}

std::optional<int> python_version(std::string_view name) {
  if (name.starts_with("lib")) name.remove_prefix(3);
  constexpr std::string_view kStart = "python3.";
  if (!name.starts_with(kStart)) return std::nullopt;
  name.remove_prefix(kStart.size());
  const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
  // "python3.13t" has no lock, and other structures.
  if (digits < name.size() && name[digits] != '.') return std::nullopt;
  const auto minor = parse_uint(name.substr(0, digits));
  if (!minor || *minor > 99) return std::nullopt;
  return static_cast<int>(*minor);
}

std::int64_t python_line(std::string_view table, int minor, std::int64_t first_line, std::int64_t at) {
  if (at < 0) return first_line;
  if (minor <= 9) return line_of_pairs(table, first_line, at);
  if (minor == 10) return line_of_ranges(table, first_line, at);
  return line_of_places(table, first_line, at);
}

}  // namespace invar::ebpf
