#include "ebpf/elf_file.h"

#include <algorithm>
#include <cstring>

#include "base/strings.h"
#include "codec/content_coding.h"

namespace invar::ebpf {
namespace {

constexpr std::size_t kMaxNames = 1 << 20;
constexpr std::size_t kMaxNotes = 64 << 10;
constexpr std::size_t kMaxNoteSections = 64;

std::string build_id_in(std::string_view notes) {
  while (notes.size() >= sizeof(Elf64_Nhdr)) {
    Elf64_Nhdr note;
    std::memcpy(&note, notes.data(), sizeof note);
    const std::size_t name = sizeof note;
    const std::size_t text = name + ((std::size_t{note.n_namesz} + 3) & ~std::size_t{3});
    const std::size_t next = text + ((std::size_t{note.n_descsz} + 3) & ~std::size_t{3});
    if (text > notes.size() || note.n_descsz > notes.size() - text) return {};
    if (note.n_type == NT_GNU_BUILD_ID && notes.substr(name, note.n_namesz) == std::string_view("GNU\0", 4) &&
        note.n_descsz >= 4 && note.n_descsz <= 64)
      return hex(notes.substr(text, note.n_descsz));
    if (next >= notes.size()) return {};
    notes.remove_prefix(next);
  }
  return {};
}

std::string unpacked(const ByteSource& source, const Elf64_Shdr& section, std::size_t limit) {
  constexpr std::uint32_t kZstd = 2;  // not in every elf.h
  Elf64_Chdr head;
  if (section.sh_size < sizeof head || !source.read_value(section.sh_offset, head) || head.ch_size > limit ||
      (head.ch_type != ELFCOMPRESS_ZLIB && head.ch_type != kZstd))
    return {};
  auto out =
      codec::undo_content_coding(source.bytes(section.sh_offset + sizeof head, section.sh_size - sizeof head),
                                 head.ch_type == kZstd ? "zstd" : "deflate", head.ch_size);
  return out && out->size() == head.ch_size ? std::move(*out) : std::string();
}

}  // namespace

Result<std::unique_ptr<ElfFile>> ElfFile::open(std::unique_ptr<ByteSource> source) {
  auto elf = std::unique_ptr<ElfFile>(new ElfFile);
  elf->source_ = std::move(source);
  INVAR_TRY(elf->read_headers());
  elf->read_sections();
  elf->read_build_id();
  return elf;
}

Result<> ElfFile::read_headers() {
  if (!source_->read_value(0, header_) || std::memcmp(header_.e_ident, ELFMAG, SELFMAG) != 0)
    return fail(ErrorCode::kInvalidArgument, "not an ELF file");
  if (header_.e_ident[EI_CLASS] != ELFCLASS64 || header_.e_ident[EI_DATA] != ELFDATA2LSB)
    return fail(ErrorCode::kUnsupported, "not a 64 bit little-endian ELF file");
  const std::size_t count = std::min<std::size_t>(header_.e_phnum, kMaxSegments);
  if (header_.e_phentsize != sizeof(Elf64_Phdr) && count > 0)
    return fail(ErrorCode::kInvalidArgument, "its program headers have an unknown size");
  segments_.resize(count);
  if (!source_->read(header_.e_phoff, segments_.data(), count * sizeof(Elf64_Phdr)))
    return fail(ErrorCode::kDataLoss, "its program headers are cut off");
  return {};
}

void ElfFile::read_sections() {
  if (header_.e_shentsize != sizeof(Elf64_Shdr) || header_.e_shnum == 0 || header_.e_shnum > kMaxSections)
    return;
  std::vector<Elf64_Shdr> headers(header_.e_shnum);
  if (!source_->read(header_.e_shoff, headers.data(), headers.size() * sizeof(Elf64_Shdr))) return;
  if (header_.e_shstrndx >= headers.size()) return;
  const Elf64_Shdr& names_header = headers[header_.e_shstrndx];
  if (names_header.sh_size > kMaxNames) return;
  const std::string names = source_->bytes(names_header.sh_offset, names_header.sh_size);
  sections_.reserve(headers.size());
  for (const Elf64_Shdr& header : headers) {
    Section section{.name = {}, .header = header};
    if (header.sh_name < names.size())
      section.name =
          names.substr(header.sh_name, std::min<std::size_t>(names.find('\0', header.sh_name), names.size()) -
                                           header.sh_name);
    sections_.push_back(std::move(section));
  }
}

void ElfFile::read_build_id() {
  std::size_t looked = 0;
  const auto look = [&](std::uint64_t offset, std::uint64_t size) {
    if (build_id_.empty() && size <= kMaxNotes && ++looked <= kMaxNoteSections)
      build_id_ = build_id_in(source_->bytes(offset, size));
  };
  for (const Elf64_Phdr& segment : segments_)
    if (segment.p_type == PT_NOTE) look(segment.p_offset, segment.p_filesz);
  for (const Section& section : sections_)
    if (section.header.sh_type == SHT_NOTE) look(section.header.sh_offset, section.header.sh_size);
}

const Section* ElfFile::section(std::string_view name) const {
  const auto found = std::ranges::find(sections_, name, &Section::name);
  return found == sections_.end() ? nullptr : &*found;
}

const Section* ElfFile::section_of_type(std::uint32_t type) const {
  const auto found = std::ranges::find(sections_, type, [](const Section& s) { return s.header.sh_type; });
  return found == sections_.end() ? nullptr : &*found;
}

std::string ElfFile::contents(const Section& section, std::size_t limit) const {
  const Elf64_Shdr& header = section.header;
  if (header.sh_type == SHT_NOBITS || header.sh_size > limit) return {};
  if ((header.sh_flags & SHF_COMPRESSED) != 0) return unpacked(*source_, header, limit);
  return source_->bytes(header.sh_offset, header.sh_size);
}

std::optional<std::uint64_t> address_of_offset(const std::vector<Elf64_Phdr>& segments,
                                               std::uint64_t offset) {
  constexpr std::uint64_t kPage = 4096;
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
    const std::uint64_t begin = segment.p_offset & ~(kPage - 1);
    if (offset >= begin && offset - begin < segment.p_filesz + (segment.p_offset - begin))
      return segment.p_vaddr - (segment.p_offset - offset);
  }
  return std::nullopt;
}

}  // namespace invar::ebpf
