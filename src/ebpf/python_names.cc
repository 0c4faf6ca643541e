#include "ebpf/python_names.h"

#include <algorithm>
#include <cstring>

#include "base/strings.h"
#include "ebpf/process_files.h"

namespace invar::ebpf {
namespace {

constexpr std::uint64_t kEntered = std::uint64_t{1} << 63;
constexpr std::size_t kTypeAt = 8;  // in every object
constexpr std::size_t kLengthAt = 16, kStateAt = 32, kBytesAt = 32;

template <class T>
T number_at(std::string_view bytes, std::size_t at) {
  T value{};
  if (at + sizeof value <= bytes.size()) std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

}  // namespace

std::vector<PythonFrame> PythonNames::names(std::span<const std::uint64_t> pairs) {
  std::vector<PythonFrame> out;
  out.reserve(pairs.size() / 2);
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
    PythonFrame frame{.place = nullptr, .entered = (pairs[i] & kEntered) != 0};
    const std::uint64_t address = pairs[i] & ~kEntered;
    const bool mark_alone = frame.entered && layout_.entry == PythonLayout::Entry::kMarkAlone;
    Code* code = mark_alone ? nullptr : code_at(address);
    if (code != nullptr) {
      std::uint64_t last = pairs[i + 1];
      if (layout_.minor >= 11)
        last -= address + layout_.bytecode;
      else
        last = static_cast<std::uint64_t>(static_cast<std::int32_t>(last)) * (layout_.minor == 10 ? 2 : 1);
      if (code->places.size() >= kMaxPlaces) code->places.clear();
      PlacePtr& place = code->places[last];
      if (!place) {
        const std::int64_t line =
            python_line(code->lines, layout_.minor, code->first_line, static_cast<std::int64_t>(last));
        place = std::make_shared<Place>(Place{
            .lines = {{.name = code->name, .system_name = code->name, .file = code->file, .line = line}}});
      }
      frame.place = place;
    }
    out.push_back(std::move(frame));
  }
  return out;
}

PythonNames::Code* PythonNames::code_at(std::uint64_t address) {
  const std::size_t head_bytes = layout_.lines + 8;
  std::string head = read_memory(pid_, address, head_bytes);
  if (head.empty() || number_at<std::uint64_t>(head, kTypeAt) != code_type_) return nullptr;
  head.replace(0, kTypeAt, kTypeAt, '\0');  // how many refer to it changes all the time
  const auto known = codes_.find(address);
  if (known != codes_.end() && known->second.head == head) return &known->second;
  if (codes_.size() >= kMaxCodes || bytes_ >= kMaxBytes) {
    codes_.clear();
    bytes_ = 0;
  }
  Code code;
  code.name = text_at(number_at<std::uint64_t>(head, layout_.name));
  const std::string path = text_at(number_at<std::uint64_t>(head, layout_.file));
  code.file = path.substr(path.rfind('/') + 1);
  code.first_line = number_at<std::int32_t>(head, layout_.first_line);
  code.lines = bytes_at(number_at<std::uint64_t>(head, layout_.lines));
  code.head = std::move(head);
  if (code.name.empty()) return nullptr;
  bytes_ += code.head.size() + code.name.size() + code.file.size() + code.lines.size();
  return &(codes_[address] = std::move(code));
}

std::string PythonNames::text_at(std::uint64_t address) const {
  const std::string head = read_memory(pid_, address, kStateAt + 4);
  const auto length = number_at<std::uint64_t>(head, kLengthAt);
  const auto state = number_at<std::uint32_t>(head, kStateAt);
  // Bits: interned 2 (8 and more from 3.12 on do not reach here), kind 3, compact, ascii.
  const unsigned kind = (state >> 2) & 7;
  const bool compact = (state >> 5 & 1) != 0, ascii = (state >> 6 & 1) != 0;
  if (head.empty() || !compact || length == 0 || (kind != 1 && kind != 2 && kind != 4)) return {};
  const std::size_t count = std::min<std::uint64_t>(length, kMaxText);
  const std::string raw =
      read_memory(pid_, address + (ascii ? layout_.ascii_data : layout_.unicode_data), count * kind);
  if (ascii) return raw;
  std::string out;
  for (std::size_t i = 0; i + kind <= raw.size(); i += kind) {
    char32_t rune = 0;
    std::memcpy(&rune, raw.data() + i, kind);
    append_rune(out, rune);
  }
  return out;
}

std::string PythonNames::bytes_at(std::uint64_t address) const {
  const std::string head = read_memory(pid_, address, kBytesAt);
  const auto length = number_at<std::uint64_t>(head, kLengthAt);
  if (length > kMaxTable) return {};
  return read_memory(pid_, address + kBytesAt, length);
}

}  // namespace invar::ebpf
