// ElfFile: what unwinding and naming need of a 64 bit little-endian ELF file: segments, sections, notes, symbols.
// Bounds:  kMaxSections sections and kMaxSegments segments; a section is read whole only up to the limit that the caller names.
// Errors:  open() says what the file is not; afterwards what is missing or out of range is absent or empty.
// Threads: one owner.  Lifetime: keeps its source open.
// Source:  docs/behaviour/ebpf.md 7.4, 7.6.
#pragma once

#include <elf.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "ebpf/byte_source.h"

namespace invar::ebpf {

struct Section {
  std::string name;
  Elf64_Shdr header{};
};

class ElfFile {
 public:
  static constexpr std::size_t kMaxSections = 1 << 14;
  static constexpr std::size_t kMaxSegments = 256;

  static Result<std::unique_ptr<ElfFile>> open(std::unique_ptr<ByteSource> source);

  [[nodiscard]] std::uint16_t machine() const { return header_.e_machine; }
  [[nodiscard]] std::uint64_t entry() const { return header_.e_entry; }
  [[nodiscard]] const std::vector<Elf64_Phdr>& segments() const { return segments_; }
  [[nodiscard]] const std::vector<Section>& sections() const { return sections_; }
  [[nodiscard]] const Section* section(std::string_view name) const;
  [[nodiscard]] const Section* section_of_type(std::uint32_t type) const;
  // Unpacked. "" when it has none in the file, is larger than the limit, cut off, or not what its compression says.
  [[nodiscard]] std::string contents(const Section& section, std::size_t limit) const;
  [[nodiscard]] const std::string& build_id() const { return build_id_; }  // hex, "" when it has none
  [[nodiscard]] const ByteSource& source() const { return *source_; }

 private:
  ElfFile() = default;
  Result<> read_headers();
  void read_sections();
  void read_build_id();

  std::unique_ptr<ByteSource> source_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Phdr> segments_;
  std::vector<Section> sections_;
  std::string build_id_;
};

// From a file offset to the address where the file wants it, by its executable segments.
std::optional<std::uint64_t> address_of_offset(const std::vector<Elf64_Phdr>& segments, std::uint64_t offset);

}  // namespace invar::ebpf
