// Any bytes through gunzip under a small limit, against zlib: what we accept, zlib inflates to the same bytes. And what we
// deflate comes back.
#include <zlib.h>

#include <array>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "codec/gzip.h"

namespace {

constexpr std::uint64_t kLimit = 1 << 18;

// All members, as gunzip() reads them. False: zlib refuses.
bool zlib_inflate(std::string_view in, std::string& out) {
  out.clear();
  while (!in.empty()) {
    z_stream stream{};
    inflateInit2(&stream, 16 + MAX_WBITS);
    std::string part(kLimit + 1, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(part.data());
    stream.avail_out = static_cast<uInt>(part.size());
    const int code = inflate(&stream, Z_FINISH);
    out.append(part, 0, stream.total_out);
    in.remove_prefix(in.size() - stream.avail_in);
    inflateEnd(&stream);
    if (code != Z_STREAM_END) return false;
  }
  return true;
}

template <std::size_t kSize>
std::array<std::uint32_t, kSize> ones() {
  std::array<std::uint32_t, kSize> out;
  out.fill(1);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace invar::codec;
  const std::string_view in(reinterpret_cast<const char*>(data), size);
  static Inflater inflater;
  static const std::array<std::uint32_t, 286> literals = ones<286>();
  static const std::array<std::uint32_t, 30> distances = ones<30>();
  static const DeflateTable table(literals, distances);
  static Deflater any, fixed(&table);
  std::string out, other;
  if (inflater.gunzip(in, kLimit, out)) {
    INVAR_CHECK(out.size() <= kLimit, "beyond the limit");
    INVAR_CHECK(zlib_inflate(in, other) && other == out, "zlib inflates to something else");
  }
  INVAR_CHECK(out.capacity() <= 4 * kLimit, "memory beyond the limit");
  for (Deflater* deflater : {&any, &fixed}) {
    std::string packed;
    deflater->gzip(in, packed);
    INVAR_CHECK(inflater.gunzip(packed, size, out) && out == in, "not what went in");
  }
  return 0;
}
