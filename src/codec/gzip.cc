#include "codec/gzip.h"

#include <isa-l.h>
#include <libdeflate.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "codec/hash.h"
#include "codec/isal_input.h"

namespace invar::codec {
namespace {

constexpr unsigned kHeaderCrc = 0x02, kExtra = 0x04, kName = 0x08, kComment = 0x10, kReserved = 0xe0;
constexpr std::size_t kTrailerSize = 8;
// libdeflate needs the whole output at once, and is the faster one up to about here.
constexpr std::uint64_t kWholeBufferBytes = 1'000'000;
constexpr std::uint64_t kLargestRatio = 1032;  // deflate cannot expand further: 258 bytes out of 2 bits

std::uint32_t little32(const char* at) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(at);
  return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | std::uint32_t{bytes[3]} << 24;
}

// The size of the member header at the front of `in`. ISA-L would read it too, but accepts reserved flags.
Result<std::size_t> header_size(std::string_view in) {
  const auto truncated = [] { return fail(ErrorCode::kDataLoss, "truncated gzip header"); };
  if (in.size() < 10) return truncated();
  if (!is_gzip(in)) return fail(ErrorCode::kDataLoss, "not gzip");
  if (in[2] != 8) return fail(ErrorCode::kDataLoss, "gzip with an unknown compression method");
  const auto flags = static_cast<unsigned char>(in[3]);
  if (flags & kReserved) return fail(ErrorCode::kDataLoss, "gzip header with reserved flags");
  std::size_t at = 10;
  if (flags & kExtra) {
    if (in.size() < at + 2) return truncated();
    at += 2 + (static_cast<unsigned char>(in[at]) | static_cast<unsigned char>(in[at + 1]) << 8);
    if (in.size() < at) return truncated();
  }
  for (const unsigned text : {kName, kComment}) {
    if (!(flags & text)) continue;
    const std::size_t end = in.find('\0', at);
    if (end == std::string_view::npos) return truncated();
    at = end + 1;
  }
  if (flags & kHeaderCrc) {
    if (in.size() < at + 2) return truncated();
    const std::uint32_t stored = static_cast<unsigned char>(in[at]) | static_cast<unsigned char>(in[at + 1])
                                                                          << 8;
    if ((crc32(in.substr(0, at)) & 0xffff) != stored) {
      return fail(ErrorCode::kDataLoss, "wrong CRC of the gzip header");
    }
    at += 2;
  }
  return at;
}

// The size in the trailer, believed as far as deflate could have produced it.
std::uint64_t stored_size(std::string_view member) {
  const std::uint64_t stored =
      member.size() >= kTrailerSize ? little32(member.data() + member.size() - 4) : 0;
  return std::min<std::uint64_t>(stored, member.size() * kLargestRatio);
}

Error inflate_error(int code) {
  switch (code) {
    case ISAL_INCORRECT_CHECKSUM:
      return {ErrorCode::kDataLoss, "wrong CRC or size in the gzip trailer"};
    case ISAL_INVALID_LOOKBACK:
      return {ErrorCode::kDataLoss, "damaged gzip data: distance before the start"};
    default:
      return {ErrorCode::kDataLoss, "damaged gzip data"};
  }
}

}  // namespace

std::uint64_t claimed_size(std::string_view body) {
  return is_gzip(body) ? stored_size(body) : body.size();
}

struct Inflater::Impl {
  inflate_state state;
  libdeflate_decompressor* whole = libdeflate_alloc_decompressor();
  Impl() = default;
  Impl(const Impl&) = delete;
  ~Impl() { libdeflate_free_decompressor(whole); }

  // Inflates a member that keeps the promise of its trailer and fits; false: member() shall do it, or say what is wrong.
  bool small_member(std::string_view& in, std::uint64_t limit, std::uint64_t hint, std::string& out);

  // Inflates one member's deflate stream and trailer from `in` (advanced past them), appending to `out`.
  Result<> member(std::string_view& in, std::uint64_t limit, std::uint64_t hint, std::string& out);
};

Inflater::Inflater() : impl_(std::make_unique<Impl>()) {}
Inflater::~Inflater() = default;

bool Inflater::Impl::small_member(std::string_view& in, std::uint64_t limit, std::uint64_t hint,
                                  std::string& out) {
  const std::size_t before = out.size();
  if (whole == nullptr || hint > kWholeBufferBytes || before + hint > limit || in.size() <= kTrailerSize)
    return false;
  std::size_t read = 0, written = 0;
  bool good = false;
  out.reserve(before + hint + kSpareBytes);
  out.resize_and_overwrite(before + hint, [&](char* data, std::size_t) {
    char* const to = data + before;
    good = libdeflate_deflate_decompress_ex(whole, in.data(), in.size() - kTrailerSize, to, hint, &read,
                                            &written) == LIBDEFLATE_SUCCESS &&
           little32(in.data() + read) == crc32({to, written}) && little32(in.data() + read + 4) == written;
    return good ? before + written : before;
  });
  if (good) in.remove_prefix(read + kTrailerSize);
  return good;
}

Result<> Inflater::Impl::member(std::string_view& in, std::uint64_t limit, std::uint64_t hint,
                                std::string& out) {
  isal_inflate_init(&state);
  state.crc_flag = ISAL_GZIP_NO_HDR_VER;
  state.next_in = isal_input(in);
  // A body beyond 4 GiB is cut for ISA-L's counters; no limit in use lets one come this far.
  state.avail_in =
      static_cast<std::uint32_t>(std::min<std::size_t>(in.size(), std::numeric_limits<std::uint32_t>::max()));

  std::size_t filled = out.size();
  // One byte beyond the limit tells "exactly at the limit" from "more to come".
  const std::uint64_t ceiling = limit + 1;
  std::uint64_t room = std::min<std::uint64_t>(ceiling, filled + std::max<std::uint64_t>(hint, 1024) + 64);
  int code = ISAL_DECOMP_OK;
  for (;;) {
    out.reserve(room + kSpareBytes);
    out.resize_and_overwrite(room, [&](char* data, std::size_t size) {
      state.next_out = reinterpret_cast<std::uint8_t*>(data) + filled;
      state.avail_out = static_cast<std::uint32_t>(
          std::min<std::size_t>(size - filled, std::numeric_limits<std::uint32_t>::max()));
      const std::uint8_t* const start = state.next_out;
      code = isal_inflate(&state);
      filled += static_cast<std::size_t>(state.next_out - start);
      return filled;
    });
    if (code < 0) return std::unexpected(inflate_error(code));
    if (filled > limit) {
      return fail(ErrorCode::kResourceExhausted,
                  "larger than " + std::to_string(limit) + " bytes after decompression");
    }
    if (state.block_state == ISAL_BLOCK_FINISH) break;
    // Room left but no end: the input has run out (ISA-L reports success for that).
    if (state.avail_out > 0) return fail(ErrorCode::kDataLoss, "truncated gzip");
    room = std::min<std::uint64_t>(ceiling, std::max<std::uint64_t>(room * 2, filled + 1));
  }
  in.remove_prefix(in.size() - state.avail_in);
  return {};
}

Result<> Inflater::gunzip(std::string_view in, std::uint64_t limit_bytes, std::string& out) {
  out.clear();
  const std::uint64_t limit =
      std::min<std::uint64_t>(limit_bytes, std::numeric_limits<std::uint32_t>::max() - 1);
  do {
    INVAR_ASSIGN_OR_RETURN(const std::size_t header, header_size(in));
    const std::uint64_t hint = stored_size(in);
    in.remove_prefix(header);
    if (!impl_->small_member(in, limit, hint, out)) INVAR_TRY(impl_->member(in, limit, hint, out));
    if (!in.empty() && !is_gzip(in))
      return fail(ErrorCode::kDataLoss, "bytes behind the end of the gzip data");
  } while (!in.empty());
  return {};
}

std::optional<std::string> deflated(std::string_view data) {
  constexpr int kLevel = 6;
  if (data.empty()) return std::nullopt;
  const std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)> compressor(
      libdeflate_alloc_compressor(kLevel), &libdeflate_free_compressor);
  if (compressor == nullptr) return std::nullopt;
  std::string out;
  out.resize_and_overwrite(data.size() - 1, [&](char* to, std::size_t room) {
    return libdeflate_deflate_compress(compressor.get(), data.data(), data.size(), to, room);
  });
  if (out.empty()) return std::nullopt;
  return out;
}

struct DeflateTable::Impl {
  isal_hufftables tables;
};

DeflateTable::DeflateTable(std::span<const std::uint32_t, 286> literals_and_lengths,
                           std::span<const std::uint32_t, 30> distances)
    : impl_(std::make_unique<Impl>()) {
  const auto histogram = std::make_unique<isal_huff_histogram>();
  std::ranges::copy(literals_and_lengths, histogram->lit_len_histogram);
  std::ranges::copy(distances, histogram->dist_histogram);
  isal_create_hufftables(&impl_->tables, histogram.get());
}
DeflateTable::~DeflateTable() = default;

struct Deflater::Impl {
  explicit Impl(isal_hufftables* fixed) : fixed(fixed) {
    if (fixed == nullptr) level_buffer.resize(ISAL_DEF_LVL1_DEFAULT);
  }
  isal_hufftables* const fixed;
  isal_zstream stream;
  std::string level_buffer;
};

Deflater::Deflater(const DeflateTable* fixed)
    : impl_(std::make_unique<Impl>(fixed != nullptr ? &fixed->impl_->tables : nullptr)) {}
Deflater::~Deflater() = default;

void Deflater::gzip(std::string_view in, std::string& out) {
  isal_zstream& stream = impl_->stream;
  isal_deflate_init(&stream);
  stream.gzip_flag = IGZIP_GZIP;
  if (impl_->fixed != nullptr) {
    isal_deflate_set_hufftables(&stream, impl_->fixed, IGZIP_HUFFTABLE_CUSTOM);
  } else {
    stream.level = 1;
    stream.level_buf = reinterpret_cast<std::uint8_t*>(impl_->level_buffer.data());
    stream.level_buf_size = static_cast<std::uint32_t>(impl_->level_buffer.size());
  }
  stream.end_of_stream = 1;
  stream.flush = NO_FLUSH;
  stream.next_in = isal_input(in);
  stream.avail_in = static_cast<std::uint32_t>(in.size());
  out.clear();
  std::size_t filled = 0, room = in.size() / 2 + 1024;
  while (stream.internal_state.state != ZSTATE_END) {
    out.resize_and_overwrite(room, [&](char* data, std::size_t size) {
      stream.next_out = reinterpret_cast<std::uint8_t*>(data) + filled;
      stream.avail_out = static_cast<std::uint32_t>(size - filled);
      isal_deflate(&stream);
      filled = size - stream.avail_out;
      return filled;
    });
    room *= 2;
  }
}

}  // namespace invar::codec
