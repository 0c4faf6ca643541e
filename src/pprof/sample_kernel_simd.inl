// The SIMD kernel, compiled once per instruction set: the including file names the namespace (INVAR_KERNEL)
// and switches the target on. Nothing here may come from a template or inline function that other files
// share: the linker could keep the copy that needs the newer CPU. What is used from varint.h and stack_hash.h
// is inlined always.

namespace invar::pprof::INVAR_KERNEL {

// Continuation bits of 8 bytes -> where each varint of one or two bytes lies: shuffle to 16-bit lanes, bytes
// and lanes used. A varint of three bytes or one cut by the window ends it. Unused lanes repeat lane 0, which
// keeps the maximum right.
struct UnpackTable {
  alignas(64) std::uint8_t shuffle[256][16];
  std::uint8_t bytes[256], lanes[256];
};

static constexpr UnpackTable make_unpack_table() {
  UnpackTable table{};
  for (std::size_t mask = 0; mask < 256; ++mask) {
    std::size_t at = 0, lane = 0;
    for (auto& byte : table.shuffle[mask]) byte = 0x80;
    while (at < 8) {
      const bool two = mask >> at & 1;
      if (two && (at == 7 || (mask >> (at + 1) & 1))) break;
      table.shuffle[mask][2 * lane] = static_cast<std::uint8_t>(at++);
      if (two) table.shuffle[mask][2 * lane + 1] = static_cast<std::uint8_t>(at++);
      ++lane;
    }
    table.bytes[mask] = static_cast<std::uint8_t>(at);
    table.lanes[mask] = static_cast<std::uint8_t>(lane);
    for (std::size_t spare = lane; spare < 8 && lane > 0; ++spare) {
      table.shuffle[mask][2 * spare] = table.shuffle[mask][0];
      table.shuffle[mask][2 * spare + 1] = table.shuffle[mask][1];
    }
  }
  return table;
}

static constexpr UnpackTable kUnpack = make_unpack_table();

static inline __m128i load16(const void* from) {
  return _mm_loadu_si128(static_cast<const __m128i*>(from));
}

// Continuation bits of 32 bytes.
static inline std::uint32_t continuation_mask(const std::uint8_t* at) {
#ifdef __AVX2__
  return static_cast<std::uint32_t>(
      _mm256_movemask_epi8(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at))));
#else
  return static_cast<std::uint32_t>(_mm_movemask_epi8(load16(at))) |
         static_cast<std::uint32_t>(_mm_movemask_epi8(load16(at + 16))) << 16;
#endif
}

static inline __m128i unpack8(const std::uint8_t* at, std::uint32_t mask) {
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(at));
  const __m128i lanes = _mm_shuffle_epi8(bytes, load16(kUnpack.shuffle[mask]));
  return _mm_or_si128(_mm_and_si128(lanes, _mm_set1_epi16(0x007f)),
                      _mm_and_si128(_mm_srli_epi16(lanes, 1), _mm_set1_epi16(0x3f80)));
}

// A packed field of varints of one or two bytes, as 16-bit ids. `largest` collects the maximum of id - 1, so
// that id 0 shows as 65535. False: needs the plain reader. Writes up to 8 ids too many.
static inline bool unpack_ids(const std::uint8_t* at, const std::uint8_t* end, std::uint16_t*& ids,
                              __m128i& largest) {
  const __m128i one = _mm_set1_epi16(1);
  for (;;) {
    const auto left = static_cast<std::size_t>(end - at);
    const std::uint32_t window = left < 32 ? static_cast<std::uint32_t>(left) : 32;
    std::uint32_t mask = continuation_mask(at), used = 0;
    while (used + 8 <= window) {
      const std::uint32_t low = mask & 0xff;
      const __m128i lanes = unpack8(at + used, low);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(ids), lanes);
      largest = _mm_max_epu16(largest, _mm_sub_epi16(lanes, one));
      const std::uint32_t bytes = kUnpack.bytes[low];
      if (bytes == 0) [[unlikely]]
        return false;
      mask >>= bytes;
      used += bytes;
      ids += kUnpack.lanes[low];
    }
    at += used;
    if (left > 32) continue;
    const std::uint32_t rest = window - used;
    if (rest == 0) return true;
    const std::uint32_t low = mask & ((1u << rest) - 1);
    if (low >> (rest - 1) || kUnpack.bytes[low] < rest) [[unlikely]]
      return false;
    const std::uint32_t count = rest - static_cast<std::uint32_t>(__builtin_popcount(low));
    const __m128i lanes = unpack8(at, low);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(ids), lanes);
    const __m128i valid =
        _mm_cmpgt_epi16(_mm_set1_epi16(static_cast<short>(count)), _mm_setr_epi16(0, 1, 2, 3, 4, 5, 6, 7));
    largest = _mm_max_epu16(largest, _mm_and_si128(valid, _mm_sub_epi16(lanes, one)));
    ids += count;
    return true;
  }
}

#ifdef __BMI2__
static inline std::uint64_t groups(std::uint64_t bytes) {
  return _pext_u64(bytes, ~kContinuationBits);
}
#else
static inline std::uint64_t groups(std::uint64_t bytes) {
  return join_groups(bytes);
}

// Masks of 0 to 8 bytes.
static constexpr std::uint64_t kLowBytes[9] = {0,
                                               0xff,
                                               0xffff,
                                               0xffffff,
                                               0xffffffff,
                                               0xffffffffff,
                                               0xffffffffffff,
                                               0xffffffffffffff,
                                               0xffffffffffffffff};
static inline __m128i load_pair(const void* low, const void* high) {
  const __m128i value = _mm_loadl_epi64(static_cast<const __m128i*>(low));
  return _mm_castps_si128(_mm_loadh_pi(_mm_castsi128_ps(value), static_cast<const __m64*>(high)));
}
#endif

// A packed field of `size` bytes that holds exactly `columns` varints of at most 8 bytes each. False: needs
// the plain reader. Writes one value too many when `columns` is odd.
static inline bool unpack_values(const std::uint8_t* at, std::uint32_t size, std::uint32_t columns,
                                 std::int64_t* values) {
  if (size - 1 > 30) [[unlikely]]
    return false;
  std::uint32_t stops = ~continuation_mask(at) & ((1u << size) - 1);
  if (static_cast<std::uint32_t>(__builtin_popcount(stops)) != columns || !(stops >> (size - 1)))
      [[unlikely]] {
    return false;
  }
  std::uint32_t start = 0;
#ifdef __BMI2__
  for (std::uint32_t i = 0; i < columns; ++i) {
    const auto end = static_cast<std::uint32_t>(__builtin_ctz(stops)) + 1;
    stops &= stops - 1;
    if (end - start > 8) [[unlikely]]
      return false;
    values[i] = static_cast<std::int64_t>(groups(_bzhi_u64(load64(at + start), 8 * (end - start))));
    start = end;
  }
#else
  for (std::uint32_t i = 0; i < columns; i += 2) {  // two at once: 7 -> 14 -> 28 -> 56 bits
    const auto middle = static_cast<std::uint32_t>(__builtin_ctz(stops)) + 1;
    stops &= stops - 1;
    const auto end = stops != 0 ? static_cast<std::uint32_t>(__builtin_ctz(stops)) + 1 : middle + 1;
    stops &= stops - 1;
    if (middle - start > 8 || end - middle > 8) [[unlikely]]
      return false;
    __m128i pair = _mm_and_si128(load_pair(at + start, at + middle),
                                 load_pair(&kLowBytes[middle - start], &kLowBytes[end - middle]));
    pair = _mm_and_si128(pair, _mm_set1_epi8(0x7f));
    pair = _mm_maddubs_epi16(_mm_set1_epi16(static_cast<short>(0x8001)), pair);
    pair = _mm_madd_epi16(pair, _mm_set1_epi32(0x40000001));
    pair = _mm_or_si128(_mm_and_si128(pair, _mm_set1_epi64x(0x0fffffff)),
                        _mm_and_si128(_mm_srli_epi64(pair, 4), _mm_set1_epi64x(0x00fffffff0000000)));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(values + i), pair);
    start = end;
  }
#endif
  return true;
}

// One varint of at most 8 bytes before `end`. Null: needs the plain reader.
static inline const std::uint8_t* read_varint(const std::uint8_t* at, const std::uint8_t* end,
                                              std::uint64_t& value) {
  const std::uint64_t bytes = load64(at);
  const std::uint64_t stops = ~bytes & kContinuationBits;
  if (stops == 0) [[unlikely]]
    return nullptr;
  at += (__builtin_ctzll(stops) >> 3) + 1;
  if (at > end) [[unlikely]]
    return nullptr;
  value = groups(bytes & (stops ^ (stops - 1)));
  return at;
}

// A length of one or two bytes, read without a branch on which, because samples stand around 128 bytes.
static inline const std::uint8_t* read_length(const std::uint8_t* at, const std::uint8_t* end,
                                              std::uint32_t& length) {
  const std::uint32_t first = at[0], second = at[1], more = first >> 7;
  length = (first & 0x7f) | ((second & 0x7f) << 7 & (0u - more));
  at += 1 + more;
  if ((second >> 7 & more) != 0 || at > end || length > static_cast<std::size_t>(end - at)) [[unlikely]]
    return nullptr;
  return at;
}

enum class Verdict { kRead, kNeedsPlain };

// Anything out of the ordinary, errors included, is left to the plain reader.
static inline Verdict read_sample(SampleSource& source, std::uint32_t sample, RowSink row, __m128i limit) {
  const Span span = source.samples[sample];
  const std::uint8_t* const body = source.raw + span.offset;
  const std::uint8_t* const end = body + span.size;
  const std::uint8_t* at = body;
  auto* const first_id = reinterpret_cast<std::uint16_t*>(source.ids);
  std::uint16_t* ids = first_id;
  __m128i largest = _mm_setzero_si128();
  std::uint32_t values = 0;
  std::uint64_t labels = 0, value = 0;
  bool seen_values = false;
  RowOrigin origin{sample, RowOrigin::kIrregular, 0};
  while (at < end) {
    const std::uint8_t* const field = at;
    std::uint32_t length = 0;
    switch (*at++) {
      case 1 << 3 | 2:
        at = read_length(at, end, length);
        if (at == nullptr || !unpack_ids(at, at + length, ids, largest)) [[unlikely]]
          return Verdict::kNeedsPlain;
        at += length;
        break;
      case 1 << 3: {
        at = read_varint(at, end, value);
        if (at == nullptr || value >> 14 != 0) [[unlikely]]
          return Verdict::kNeedsPlain;
        *ids++ = static_cast<std::uint16_t>(value);
        largest = _mm_max_epu16(largest, _mm_set1_epi16(static_cast<short>(value - 1)));
        break;
      }
      case 2 << 3 | 2:
        at = read_length(at, end, length);
        if (at == nullptr || values != 0 || !unpack_values(at, length, source.columns, row.values))
            [[unlikely]] {
          return Verdict::kNeedsPlain;
        }
        values = source.columns;
        at += length;
        extend_values(origin, seen_values, static_cast<std::size_t>(field - body),
                      static_cast<std::size_t>(at - body));
        break;
      case 2 << 3:
        at = read_varint(at, end, value);
        if (at == nullptr || values == source.columns) [[unlikely]]
          return Verdict::kNeedsPlain;
        row.values[values++] = static_cast<std::int64_t>(value);
        extend_values(origin, seen_values, static_cast<std::size_t>(field - body),
                      static_cast<std::size_t>(at - body));
        break;
      case 3 << 3 | 2: {
        at = read_length(at, end, length);
        if (at == nullptr) [[unlikely]]
          return Verdict::kNeedsPlain;
        bool valid = true;
        if (length - 1 < 7) [[likely]] {  // body and length together are the key, never 0
          const std::uint64_t key =
              (load64(at) & ((std::uint64_t{1} << 8 * length) - 1)) | std::uint64_t{length} << 56;
          CachedLabel& cached = source.label_cache[key * 0x9e3779b97f4a7c15 >> 56];
          if (cached.body != key) [[unlikely]] {
            cached.hash = source.labels->label(PaddedReader(at, at + length), valid);
            cached.body = valid ? key : 0;
          }
          labels += cached.hash;
        } else {
          labels += source.labels->label(PaddedReader(at, at + length), valid);
        }
        if (!valid) [[unlikely]]
          return Verdict::kNeedsPlain;
        at += length;
        break;
      }
      default:
        return Verdict::kNeedsPlain;
    }
  }
  const auto count = static_cast<std::uint32_t>(ids - first_id);
  const bool in_range = _mm_testz_si128(_mm_subs_epu16(largest, limit), _mm_set1_epi8(-1));
  if (values != source.columns || !in_range) [[unlikely]]
    return Verdict::kNeedsPlain;
  store64(ids, 0);
  *row.hashes = hash_stack(source.keys, first_id, count, labels);
  *row.origins = origin;
  source.references += count;
  return Verdict::kRead;
}

bool read_samples(SampleSource& source, std::uint32_t first, std::uint32_t count, RowSink rows) {
  const std::uint32_t locations = source.location_ids->size();
  const bool usable = source.short_ids && locations > 0;
  const __m128i limit = _mm_set1_epi16(static_cast<short>(locations - 1));
  for (std::uint32_t i = 0; i < count; ++i) {
    const RowSink row{rows.hashes + i, rows.values + std::size_t{i} * source.columns, rows.origins + i};
    if (usable && read_sample(source, first + i, row, limit) == Verdict::kRead) [[likely]]
      continue;
    if (!read_sample_plain(source, first + i, row)) return false;
  }
  return true;
}

}  // namespace invar::pprof::INVAR_KERNEL
