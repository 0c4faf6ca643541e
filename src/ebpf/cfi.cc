#include "ebpf/cfi.h"

#include <cstring>
#include <limits>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "ebpf/byte_cursor.h"
#include "ebpf/cfi_program.h"

namespace invar::ebpf {
namespace {

constexpr std::uint8_t kOmitted = 0xff;
constexpr std::size_t kMaxInitial = 1024;  // bytes of instructions that a CIE begins its functions with

// How a pointer is written: DW_EH_PE_*.
std::optional<std::uint64_t> read_pointer(ByteCursor& in, std::uint8_t encoding, const CfiSection& section) {
  const std::uint64_t place = section.address + in.at();
  if (encoding == kOmitted || (encoding & 0x80) != 0) return std::nullopt;
  std::uint64_t value = 0;
  switch (encoding & 0x0f) {
    case 0x00:
    case 0x04:
    case 0x0c:
      value = in.number<std::uint64_t>();
      break;
    case 0x01:
      value = in.uleb();
      break;
    case 0x02:
      value = in.number<std::uint16_t>();
      break;
    case 0x03:
      value = in.number<std::uint32_t>();
      break;
    case 0x09:
      value = static_cast<std::uint64_t>(in.sleb());
      break;
    case 0x0a:
      value = static_cast<std::uint64_t>(std::int64_t{in.number<std::int16_t>()});
      break;
    case 0x0b:
      value = static_cast<std::uint64_t>(std::int64_t{in.number<std::int32_t>()});
      break;
    default:
      return std::nullopt;
  }
  switch (encoding & 0x70) {
    case 0x00:
      break;
    case 0x10:
      value += place;
      break;
    case 0x20:
      value += section.text;
      break;
    case 0x30:
      value += section.data;
      break;
    default:
      return std::nullopt;
  }
  if (!in.ok()) return std::nullopt;
  return value;
}

struct Cie {
  CfiCommon common;
  std::string_view initial;
  std::uint8_t pointer_encoding = 0;
  bool has_augmentation = false;
};

class Reader {
 public:
  Reader(const CfiSection& section, Machine machine) : section_(section), machine_(machine) {}

  CfiResult read() {
    ByteCursor in(section_.bytes);
    while (!in.done() && result_.rows.size() < kMaxRows) {
      bool wide = false;
      const auto length = read_length(in, wide);
      if (!length || *length == 0) {
        if (section_.eh_frame && in.ok()) continue;  // the end of one object's part
        break;
      }
      const std::size_t body = in.at();
      const std::string_view record = in.bytes(*length);
      if (!in.ok()) break;
      read_record(body, record.size(), wide);
    }
    result_.truncated = result_.rows.size() >= kMaxRows;
    return std::move(result_);
  }

 private:
  static std::optional<std::uint64_t> read_length(ByteCursor& in, bool& wide) {
    std::uint64_t length = in.number<std::uint32_t>();
    wide = length == 0xffffffffu;
    if (wide) length = in.number<std::uint64_t>();
    if (!in.ok()) return std::nullopt;
    return length;
  }

  // Where the CIE of a record stands; nothing when the record is a CIE itself.
  [[nodiscard]] std::optional<std::size_t> cie_of(ByteCursor& in, bool wide) const {
    const std::size_t place = in.at();
    const std::uint64_t id = wide ? in.number<std::uint64_t>() : in.number<std::uint32_t>();
    if (section_.eh_frame) {
      if (id == 0 || id > place) return std::nullopt;
      return place - id;
    }
    if (id == (wide ? ~std::uint64_t{0} : 0xffffffffu)) return std::nullopt;
    return static_cast<std::size_t>(id);
  }

  void read_record(std::size_t body, std::size_t size, bool wide) {
    ByteCursor in(section_.bytes.substr(0, body + size), body);
    const auto cie_at = cie_of(in, wide);
    if (!cie_at || !in.ok()) return;
    const Cie* cie = cie_at_offset(*cie_at);
    if (cie == nullptr) return;
    const auto start = read_pointer(in, cie->pointer_encoding, section_);
    const auto range = read_pointer(in, cie->pointer_encoding & 0x0f, section_);
    if (!start || !range || *range == 0 || *range > std::numeric_limits<std::uint32_t>::max()) return;
    if (cie->has_augmentation) in.skip(in.uleb());
    if (!in.ok()) return;
    ++result_.functions;
    CfiProgram program(cie->common, machine_);
    program.run(cie->initial, 0, nullptr);
    program.keep_initial();
    program.run(section_.bytes.substr(in.at(), body + size - in.at()), *start, &result_.rows);
    program.finish(*start, *range, result_.rows);
    result_.not_understood += program.not_understood();
  }

  const Cie* cie_at_offset(std::size_t at) {
    const auto [found, made] = cies_.try_emplace(at);
    if (made) found->second = read_cie(at);
    return found->second ? &*found->second : nullptr;
  }

  std::optional<Cie> read_cie(std::size_t at) {
    ByteCursor head(section_.bytes, at);
    bool wide = false;
    const auto length = read_length(head, wide);
    if (!length || *length > section_.bytes.size() - head.at()) return std::nullopt;
    ByteCursor in(section_.bytes.substr(0, head.at() + *length), head.at());
    if (cie_of(in, wide)) return std::nullopt;
    const auto version = in.number<std::uint8_t>();
    if (version != 1 && version != 3 && version != 4) return std::nullopt;
    Cie cie;
    const std::string_view augmentation = in.text();
    if (version == 4 && (in.number<std::uint8_t>() != 8 || in.number<std::uint8_t>() != 0))
      return std::nullopt;
    cie.common.code_factor = in.uleb();
    cie.common.data_factor = in.sleb();
    cie.common.ra_register = version == 1 ? in.number<std::uint8_t>() : in.uleb();
    if (augmentation.starts_with('z')) {
      cie.has_augmentation = true;
      const std::uint64_t size = in.uleb();
      const std::size_t end = in.at() + size;
      for (const char c : augmentation.substr(1)) {
        if (c == 'R') cie.pointer_encoding = in.number<std::uint8_t>();
        if (c == 'L') in.skip(1);
        if (c == 'P') (void)read_pointer(in, in.number<std::uint8_t>() & 0x7f, section_);
        if (c == 'S') cie.common.signal_frame = true;
      }
      if (!in.ok() || end < in.at()) return std::nullopt;
      in.skip(end - in.at());
    } else if (!augmentation.empty()) {
      return std::nullopt;
    }
    if (!in.ok()) return std::nullopt;
    cie.initial = section_.bytes.substr(in.at(), head.at() + *length - in.at());
    // They run once for every function: what nobody writes must not be run a million times.
    if (cie.initial.size() > kMaxInitial) return std::nullopt;
    return cie;
  }

  const CfiSection& section_;
  const Machine machine_;
  std::unordered_map<std::size_t, std::optional<Cie>> cies_;
  CfiResult result_;
};

}  // namespace

CfiResult read_cfi(const CfiSection& section, Machine machine) {
  return Reader(section, machine).read();
}

}  // namespace invar::ebpf
