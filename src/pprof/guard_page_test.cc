// Reads and writes of the SIMD code against pages that may not be touched: sanitizers do not see into ISA-L and libdeflate,
// and the kernels' wide loads are allowed kPadding bytes and no more.
#include <gtest/gtest.h>
#include <isa-l.h>
#include <libdeflate.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <random>

#include "codec/gzip.h"
#include "pprof/delta_rows.h"
#include "pprof/delta_writer.h"
#include "pprof/profile_check.h"
#include "pprof/testing/random_profile.h"

namespace invar::pprof {
namespace {

// Memory whose end is the end of the accessible world.
class GuardedPages {
 public:
  explicit GuardedPages(std::size_t size) : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
    size_ = (size + page_ - 1) / page_ * page_;
    void* const memory =
        mmap(nullptr, size_ + page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memory_ = memory == MAP_FAILED ? nullptr : static_cast<char*>(memory);
    if (memory_ != nullptr) mprotect(memory_ + size_, page_, PROT_NONE);
  }
  GuardedPages(const GuardedPages&) = delete;
  ~GuardedPages() {
    if (memory_ != nullptr) munmap(memory_, size_ + page_);
  }
  char* last(std::size_t bytes) { return memory_ + size_ - bytes; }
  std::string_view place(std::string_view bytes, std::size_t padding) {
    char* const at = last(bytes.size() + padding);
    std::memcpy(at, bytes.data(), bytes.size());
    std::memset(at + bytes.size(), 0, padding);
    return {at, bytes.size()};
  }

 private:
  std::size_t page_, size_ = 0;
  char* memory_ = nullptr;
};

std::string mutated(std::string bytes, std::mt19937_64& random) {
  const auto somewhere = [&] { return random() % (bytes.size() + 1); };
  for (std::uint64_t changes = 1 + random() % 6; changes > 0 && !bytes.empty(); --changes) {
    switch (random() % 7) {
      case 0:
      case 1:
        bytes[random() % bytes.size()] ^= static_cast<char>(1u << random() % 8);
        break;
      case 2:
        bytes[random() % bytes.size()] = "\x00\x7f\x80\xff\x0a\x12\x1a\x22\x2a\x32\x08\x10"[random() % 12];
        break;
      case 3:
        if (random() % 4 == 0) bytes.resize(somewhere());
        break;
      case 4:
        bytes.erase(somewhere(), random() % 40);
        break;
      case 5:
        bytes.insert(somewhere(), bytes.substr(somewhere(), random() % 200));
        break;
      default:
        bytes.insert(somewhere(), random() % 12, '\xff');
    }
  }
  return bytes;
}

TEST(GuardPage, ReadersStayWithinThePadding) {
  std::mt19937_64 random(11);
  std::vector<std::string> seeds = {testing::captured_raw("prom-goroutine-3"),
                                    testing::captured_raw("prom-cpu-2")};
  for (const bool addresses : {true, false}) {
    const testing::RandomShape shape{
        .stacks = 20, .locations = 200, .functions = 9, .depth = 40, .addresses = addresses};
    seeds.push_back(serialize(testing::random_heap(shape, 3)));
  }
  GuardedPages pages(1 << 20);
  std::size_t valid = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::string& seed = seeds[random() % seeds.size()];
    const std::string_view raw = pages.place(i < 8 ? seed : mutated(seed, random), kPadding);
    const bool strict = inspect(raw).has_value();
    valid += strict;
    for (const SampleKernel& kernel : usable_sample_kernels()) {
      ProfileCheck check;
      ASSERT_EQ(check.run(raw, kernel).has_value(), strict) << "mutant " << i << " with " << kernel.name;
      if (!strict) continue;
      ProfileIndex index;
      LocationKeys keys;
      DeltaRows rows(1);
      DeltaWriter writer;
      bool fell = false;
      ASSERT_TRUE(index.build(reinterpret_cast<const std::uint8_t*>(raw.data()),
                              static_cast<std::uint32_t>(raw.size())));
      keys.compute(index);
      ASSERT_TRUE(rows.read(index, keys, kernel, nullptr));
      rows.subtract({.count = 1}, 0, DeltaRows::Falls::kReported, fell);
      for (const auto pruning : {DeltaWriter::Pruning::kAlways, DeltaWriter::Pruning::kNever}) {
        ASSERT_TRUE(inspect(writer.write(index, rows, 5, pruning)))
            << "mutant " << i << " with " << kernel.name;
      }
    }
  }
  EXPECT_GT(valid, 100u) << "mutants that are refused at once test little";
}

TEST(GuardPage, KernelsReadTheSameRows) {
  const auto kernels = usable_sample_kernels();
  for (const char* name :
       {"prom-heap-3", "go100k-heap-3", "go100k-mutex-3", "prom-goroutine-1", "go100k-cpu-2"}) {
    std::string padded = testing::captured_raw(name);
    const std::size_t size = padded.size();
    padded.append(kPadding, '\0');
    ProfileIndex index;
    LocationKeys keys;
    ASSERT_TRUE(
        index.build(reinterpret_cast<const std::uint8_t*>(padded.data()), static_cast<std::uint32_t>(size)));
    keys.compute(index);
    std::vector<std::string> outputs;
    for (const SampleKernel& kernel : kernels) {
      DeltaRows rows(1);
      bool fell = false;
      ASSERT_TRUE(rows.read(index, keys, kernel, nullptr));
      outputs.push_back(save_state(*rows.subtract({.count = 1}, 0, DeltaRows::Falls::kReported, fell)));
    }
    for (const std::string& output : outputs) EXPECT_EQ(output, outputs.front()) << name;
  }
}

// Every array that a kernel writes, at its promised size, ends where the accessible world ends.
TEST(GuardPage, KernelsWriteNothingBehindTheirRows) {
  std::mt19937_64 random(13);
  std::vector<std::string> profiles;
  for (const char* name :
       {"prom-heap-3", "prom-mutex-1", "go100k-mutex-3", "prom-goroutine-1", "go100k-cpu-2"}) {
    profiles.push_back(testing::captured_raw(name));
  }
  for (std::uint32_t stacks = 1; stacks <= 70;
       ++stacks) {  // around the blocks of 32, any depth, ids of 1 to 3 bytes
    const testing::RandomShape shape{.stacks = stacks,
                                     .locations = stacks % 7 == 0 ? 17'000 : 1 + stacks * 9,
                                     .functions = 9,
                                     .depth = 1 + stacks % 40,
                                     .ids_in_order = stacks % 5 != 0,
                                     .labels = stacks % 2 == 0};
    profiles.push_back(serialize(testing::random_heap(shape, random())));
  }
  GuardedPages raw_pages(4 << 20), hash_pages(1 << 20), value_pages(2 << 20), origin_pages(1 << 20),
      id_pages(1 << 18);
  for (std::size_t p = 0; p < profiles.size(); ++p) {
    const std::string_view raw = raw_pages.place(profiles[p], kPadding);
    ProfileIndex index;
    LocationKeys keys;
    ASSERT_TRUE(index.build(reinterpret_cast<const std::uint8_t*>(raw.data()),
                            static_cast<std::uint32_t>(raw.size())));
    keys.compute(index);
    const auto count = static_cast<std::uint32_t>(index.samples().size());
    const std::size_t columns = index.columns();
    for (const SampleKernel& kernel : usable_sample_kernels()) {
      CachedLabel label_cache[kCachedLabels];
      const RowSink rows{
          reinterpret_cast<std::uint64_t*>(hash_pages.last(count * sizeof(std::uint64_t))),
          reinterpret_cast<std::int64_t*>(value_pages.last((count * columns + 4) * sizeof(std::int64_t))),
          reinterpret_cast<RowOrigin*>(origin_pages.last(count * sizeof(RowOrigin)))};
      SampleSource source{
          .raw = index.raw(),
          .samples = index.samples().data(),
          .columns = index.columns(),
          .location_ids = &index.location_ids(),
          .keys = keys.keys(),
          .labels = &keys,
          .short_ids = index.location_ids().in_order() && index.location_ids().size() < 1u << 14,
          .ids = reinterpret_cast<std::uint32_t*>(
              id_pages.last((index.longest_sample() + 64) * sizeof(std::uint32_t))),
          .label_cache = label_cache};
      ASSERT_TRUE(kernel.read(source, 0, count, rows)) << "profile " << p << " with " << kernel.name;
    }
  }
}

TEST(GuardPage, GunzipReadsNothingBehindItsInput) {
  std::mt19937_64 random(12);
  const std::string seeds[] = {testing::captured_gzip("prom-cpu-1"), testing::captured_gzip("prom-mutex-1"),
                               testing::gzipped(std::string(100000, 'x'))};
  GuardedPages pages(1 << 20);
  codec::Inflater inflater;
  std::string out;
  for (int i = 0; i < 3000; ++i) {
    const std::string& seed = seeds[random() % 3];
    const std::string_view in = pages.place(i < 8 ? seed : mutated(seed, random), 0);
    (void)inflater.gunzip(in, 1 << 20, out);
    EXPECT_LE(out.size(), 1u << 20);
  }
}

// Our strings hide the end of the output from a guard page, so the libraries are called here as gzip.cc calls them.
TEST(GuardPage, CodecsWriteNothingBehindTheirOutput) {
  GuardedPages in_pages(1 << 20), out_pages(1 << 20);
  auto* const decompressor = libdeflate_alloc_decompressor();
  auto inflate = std::make_unique<inflate_state>();
  auto deflate = std::make_unique<isal_zstream>();
  for (const char* name : {"prom-cpu-1", "prom-heap-1", "go100k-heap-1"}) {
    const std::string raw = testing::captured_raw(name);
    const std::string_view packed = in_pages.place(testing::captured_gzip(name), 0);
    for (const std::size_t room : {raw.size(), raw.size() - 1, raw.size() / 2, std::size_t{1}}) {
      char* const out = out_pages.last(room);
      std::size_t written = 0;
      libdeflate_gzip_decompress(decompressor, packed.data(), packed.size(), out, room, &written);
      isal_inflate_init(inflate.get());
      inflate->crc_flag = ISAL_GZIP;
      inflate->next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(packed.data()));
      inflate->avail_in = static_cast<std::uint32_t>(packed.size());
      inflate->next_out = reinterpret_cast<std::uint8_t*>(out);
      inflate->avail_out = static_cast<std::uint32_t>(room);
      isal_inflate(inflate.get());
      EXPECT_EQ(std::string_view(out, room), std::string_view(raw).substr(0, room)) << name;
      const std::string_view text = in_pages.place(raw, 0);
      isal_deflate_init(deflate.get());
      deflate->gzip_flag = IGZIP_GZIP;
      deflate->end_of_stream = 1;
      deflate->next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
      deflate->avail_in = static_cast<std::uint32_t>(text.size());
      deflate->next_out = reinterpret_cast<std::uint8_t*>(out);
      deflate->avail_out = static_cast<std::uint32_t>(room);
      isal_deflate(deflate.get());
      (void)in_pages.place(testing::captured_gzip(name), 0);
    }
  }
  libdeflate_free_decompressor(decompressor);
}

}  // namespace
}  // namespace invar::pprof
