#include "ebpf/debug_files.h"

#include <fmt/format.h>
#include <lzma.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "ebpf/byte_cursor.h"
#include "ebpf/process_files.h"

namespace invar::ebpf {
namespace {

constexpr std::size_t kMaxPacked = std::size_t{32} << 20;
constexpr std::uint64_t kMaxCheckedBytes = std::uint64_t{1} << 30;
constexpr std::uint64_t kXzMemory = std::uint64_t{128} << 20;

struct EndLzma {
  lzma_stream stream = LZMA_STREAM_INIT;
  ~EndLzma() { lzma_end(&stream); }
};

// The CRC of a debug link, over the whole file.
std::uint32_t crc_of(const ByteSource& source) {
  std::uint32_t crc = 0;
  std::string piece(std::size_t{1} << 20, '\0');
  for (std::uint64_t at = 0; at < source.size(); at += piece.size()) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), source.size() - at));
    if (!source.read(at, piece.data(), count)) return ~crc;
    crc = lzma_crc32(reinterpret_cast<const std::uint8_t*>(piece.data()), count, crc);
  }
  return crc;
}

std::unique_ptr<ElfFile> open_elf(int pid, const std::string& path) {
  UniqueFd file = open_in_root(pid, path, Links::kInsideRoot);
  if (!file.valid()) return nullptr;
  auto elf = ElfFile::open(std::make_unique<FileBytes>(std::move(file)));
  return elf ? std::move(*elf) : nullptr;
}

std::unique_ptr<ElfFile> by_build_id(const std::string& id, int pid) {
  if (id.size() < 4) return nullptr;
  auto elf =
      open_elf(pid, fmt::format("/usr/lib/debug/.build-id/{}/{}.debug", id.substr(0, 2), id.substr(2)));
  return elf && elf->build_id() == id ? std::move(elf) : nullptr;
}

std::unique_ptr<ElfFile> by_link(const ElfFile& of, int pid, std::string_view path) {
  const Section* section = of.section(".gnu_debuglink");
  if (section == nullptr || !path.starts_with('/')) return nullptr;
  const std::string contents = of.contents(*section, 4096);
  const std::size_t end = contents.find('\0');
  if (end == std::string::npos || end == 0 || contents.find('/') < end) return nullptr;
  const std::string name = contents.substr(0, end);
  ByteCursor behind(contents, (end + 4) & ~std::size_t{3});
  const auto crc = behind.number<std::uint32_t>();
  if (!behind.ok()) return nullptr;
  const std::string folder(path.substr(0, path.rfind('/') + 1));
  for (const std::string& place :
       {folder + name, folder + ".debug/" + name, "/usr/lib/debug" + folder + name}) {
    auto elf = open_elf(pid, place);
    if (!elf || elf->source().size() > kMaxCheckedBytes) continue;
    const bool same_id = !of.build_id().empty() && elf->build_id() == of.build_id();
    if (same_id || (of.build_id().empty() && crc_of(elf->source()) == crc)) return elf;
  }
  return nullptr;
}

}  // namespace

Result<std::string> unpack_xz(std::string_view packed, std::size_t limit) {
  EndLzma xz;
  if (lzma_stream_decoder(&xz.stream, kXzMemory, 0) != LZMA_OK)
    return fail(ErrorCode::kInternal, "cannot unpack xz");
  xz.stream.next_in = reinterpret_cast<const std::uint8_t*>(packed.data());
  xz.stream.avail_in = packed.size();
  std::string out;
  std::array<std::uint8_t, 64 << 10> piece;
  for (lzma_ret status = LZMA_OK; status != LZMA_STREAM_END;) {
    xz.stream.next_out = piece.data();
    xz.stream.avail_out = piece.size();
    status = lzma_code(&xz.stream, LZMA_FINISH);
    if (status != LZMA_OK && status != LZMA_STREAM_END) return fail(ErrorCode::kDataLoss, "damaged xz data");
    const std::size_t got = piece.size() - xz.stream.avail_out;
    if (out.size() + got > limit)
      return fail(ErrorCode::kResourceExhausted, "xz data unpacks to more than the limit");
    out.append(reinterpret_cast<const char*>(piece.data()), got);
  }
  return out;
}

void add_mini_debug_symbols(const ElfFile& elf, SymbolTable& symbols) {
  const Section* section = elf.section(".gnu_debugdata");
  if (section == nullptr) return;
  auto unpacked = unpack_xz(elf.contents(*section, kMaxPacked), kMaxUnpacked);
  if (!unpacked) return;
  const auto inside = ElfFile::open(std::make_unique<MemoryBytes>(std::move(*unpacked)));
  if (inside) symbols.add(**inside);
}

std::unique_ptr<ElfFile> open_debug_file(const ElfFile& elf, int pid, std::string_view path) {
  if (auto found = by_build_id(elf.build_id(), pid)) return found;
  return by_link(elf, pid, path);
}

}  // namespace invar::ebpf
