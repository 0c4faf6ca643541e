#include "archive/archive_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libdeflate.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "codec/gzip.h"
#include "fs/testing/temp_dir.h"
#include "pprof/profile.h"

namespace invar::archive {
namespace {

using ::testing::HasSubstr;

std::string gzip(std::string_view raw) {
  std::string out;
  codec::Deflater().gzip(raw, out);
  return out;
}

std::string file_of(const Meta& meta, std::string_view body) {
  auto encoded = encode(meta, body);
  EXPECT_TRUE(encoded) << encoded.error().message;
  return encoded->head + std::string(encoded->body_tail);
}

std::string gunzip(std::string_view file) {
  std::string out;
  const auto result = codec::Inflater().gunzip(file, std::uint64_t{1} << 30, out);
  EXPECT_TRUE(result) << result.error().message;
  return out;
}

Meta sample_meta() {
  Meta meta;
  meta.labels = Labels{{"__name__", "process_cpu"}, {"service_name", "api"}};
  meta.taken_unix_ns = 1'789'000'000'123'456'789;
  meta.origin = "pyroscope.fsdump.a";
  meta.sample_id = "8c0f1a5e-0000-4000-8000-000000000001";
  return meta;
}

pprof::Profile sample_profile() {
  pprof::Profile profile;
  profile.sample_types = {{"cpu", "nanoseconds"}};
  profile.functions = {{1, "main.work", "main.work", "main.go", 10}};
  profile.locations = {{1, 0, 0x1000, {{1, 12, 0}}, false}};
  profile.samples = {{{1}, {42}, {}}};
  profile.time_unix_ns = 1'789'000'000'000'000'000;
  return profile;
}

TEST(ArchiveFile, RoundTripsGzippedAndPlainBodies) {
  for (const bool gzipped : {true, false}) {
    const std::string raw = pprof::serialize(sample_profile());
    const std::string body = gzipped ? gzip(raw) : raw;
    const std::string file = file_of(sample_meta(), body);

    EXPECT_EQ(gunzip(file), raw);
    EXPECT_EQ(original_body(file).value(), body);
    Meta expected = sample_meta();
    expected.body_was_gzip = gzipped;
    EXPECT_EQ(decode_meta(file).value(), expected);
  }
}

TEST(ArchiveFile, TheDeflateStreamOfAGzippedBodyIsNotTouchedOrCopied) {
  const std::string body = gzip("some profile");
  const auto encoded = encode(sample_meta(), body);
  EXPECT_EQ(encoded->body_tail.data(), body.data() + 10);
  EXPECT_EQ(encoded->body_tail, std::string_view(body).substr(10));
  EXPECT_TRUE(encoded->storage.empty());
}

TEST(ArchiveFile, OverheadOfATypicalFileIsSmall) {
  Meta meta = sample_meta();
  meta.labels = Labels{{"__name__", "process_cpu"},
                       {"instance", "10.0.0.17:6060"},
                       {"job", "pyroscope.scrape.default"},
                       {"namespace", "shop"},
                       {"service_name", "checkout"}};
  EXPECT_LE(encode(meta, gzip("x"))->head.size(), 250u);
}

// Every optional field of a gzip header (RFC 1952 2.3) that a body may arrive with.
TEST(ArchiveFile, RestoresTheOriginalGzipHeaderByteForByte) {
  const std::string plain = gzip("profile");
  const std::string tail = plain.substr(10);
  const std::string fixed("\x12\x34\x56\x78\x02\x03", 6);
  const std::string extra("\x06\0AB\x02\0xy", 8);
  const std::vector<std::string> heads = {
      std::string("\x1f\x8b\x08\0", 4) + fixed,
      std::string("\x1f\x8b\x08\x08", 4) + fixed + std::string("name.pb\0", 8),
      std::string("\x1f\x8b\x08\x10", 4) + fixed + std::string("a comment\0", 10),
      std::string("\x1f\x8b\x08\x04", 4) + fixed + extra,
      std::string("\x1f\x8b\x08\x01", 4) + fixed,
      std::string("\x1f\x8b\x08\x1c", 4) + fixed + extra + std::string("n\0c\0", 4),
  };
  for (const std::string& head : heads) {
    const std::string body = head + tail;
    const std::string file = file_of(sample_meta(), body);
    EXPECT_EQ(original_body(file).value(), body);
    EXPECT_EQ(gunzip(file), "profile");
    EXPECT_EQ(file.substr(4, 6), fixed);  // time, level and system stay visible
  }
}

TEST(ArchiveFile, KeepsEveryMemberOfABodyOfSeveral) {
  const std::string body = gzip("first ") + gzip("second");
  const std::string file = file_of(sample_meta(), body);
  EXPECT_EQ(gunzip(file), "first second");
  EXPECT_EQ(original_body(file).value(), body);
}

TEST(ArchiveFile, AnArchiveFileCanItselfBeArchived) {
  const std::string inner = file_of(sample_meta(), gzip("profile"));
  const std::string outer = file_of(sample_meta(), inner);
  EXPECT_EQ(original_body(outer).value(), inner);
  EXPECT_EQ(gunzip(outer), "profile");
}

TEST(ArchiveFile, BodiesThatOnlyLookLikeGzipAreKeptExactly) {
  for (const std::string& body :
       {std::string(), std::string("\x1f"), std::string("\x1f\x8b"), std::string("\x1f\x8b\x08"),
        std::string("\x1f\x8b\x07\0\0\0\0\0\0\0\0\0", 12),
        std::string("\x1f\x8b\x08\xe0\0\0\0\0\0\0\0\0", 12),
        std::string("\x1f\x8b\x08\x08\0\0\0\0\0\0no end of name", 24)}) {
    const std::string file = file_of(sample_meta(), body);
    EXPECT_EQ(original_body(file).value(), body);
    EXPECT_EQ(gunzip(file), body);
    EXPECT_FALSE(decode_meta(file)->body_was_gzip);
  }
}

TEST(ArchiveFile, IngestBodiesKeepTheirQueryAndContentTypes) {
  Meta meta = sample_meta();
  meta.kind = Kind::kIngest;
  meta.ingest_path = "/ingest";
  meta.ingest_query = "name=app%7Benv%3Dprod%7D&from=1&until=2&format=jfr";
  meta.ingest_content_types = {"multipart/form-data; boundary=x", "second"};
  const std::string body = "--x\r\nContent-Disposition: form-data\r\n\r\n\x01\x02\r\n--x--";
  const std::string file = file_of(meta, body);
  meta.body_was_gzip = false;
  EXPECT_EQ(decode_meta(file).value(), meta);
  EXPECT_EQ(original_body(file).value(), body);
}

TEST(ArchiveFile, MetadataBeyondOneExtraFieldContinuesInEmptyMembers) {
  for (const std::size_t size :
       {std::size_t{65'400}, std::size_t{65'500}, std::size_t{65'525}, std::size_t{65'526},
        std::size_t{70'000}, std::size_t{131'050}, std::size_t{1'000'000}}) {
    Meta meta = sample_meta();
    meta.labels = Labels::from({{"__name__", "cpu"}, {"huge", std::string(size, 'v')}, {"zz", "last"}});
    const std::string file = file_of(meta, gzip("profile"));
    EXPECT_EQ(decode_meta(file).value(), meta) << size;
    EXPECT_EQ(gunzip(file), "profile") << size;
    EXPECT_EQ(original_body(file).value(), gzip("profile")) << size;

    // A reader that starts small learns how much it needs.
    std::size_t have = kFirstReadBytes;
    int reads = 1;
    for (; reads < 50; ++reads) {
      const auto need = meta_size(std::string_view(file).substr(0, have));
      ASSERT_TRUE(need) << need.error().message;
      if (*need <= have) break;
      have = std::min(*need, file.size());
    }
    EXPECT_LE(reads, 8);
    EXPECT_EQ(decode_meta(std::string_view(file).substr(0, have)).value(), meta);
  }
}

TEST(ArchiveFile, RefusesMetadataWithoutMeasure) {
  Meta meta = sample_meta();
  meta.labels = Labels::from({{"huge", std::string(kMaxMetaBytes, 'v')}});
  EXPECT_EQ(encode(meta, gzip("x")).error().code, ErrorCode::kResourceExhausted);
}

TEST(ArchiveFile, RandomMetadataAndBodiesRoundTrip) {
  std::mt19937 random(11);
  const auto bytes = [&](std::size_t most) {
    std::string out(random() % (most + 1), '\0');
    for (char& c : out) c = static_cast<char>(random());
    return out;
  };
  for (int round = 0; round < 300; ++round) {
    Meta meta;
    std::vector<Label> labels;
    for (unsigned i = random() % 40; i > 0; --i)
      labels.push_back({bytes(12), bytes(random() % 50 == 0 ? 90'000 : 40)});
    meta.labels = Labels::from(std::move(labels));
    meta.kind = random() % 2 ? Kind::kIngest : Kind::kPprof;
    meta.taken_unix_ns = static_cast<UnixNanos>(static_cast<std::uint64_t>(random()) << 32 | random());
    meta.origin = bytes(20);
    meta.sample_id = bytes(20);
    meta.ingest_query = bytes(30);
    for (unsigned i = random() % 3; i > 0; --i) meta.ingest_content_types.push_back(bytes(10));
    const std::string raw = bytes(2000);
    meta.body_was_gzip = random() % 2;
    const std::string body = meta.body_was_gzip ? gzip(raw) : "x" + raw;
    const std::string file = file_of(meta, body);
    ASSERT_EQ(decode_meta(file).value(), meta);
    ASSERT_EQ(original_body(file).value(), body);
    ASSERT_EQ(gunzip(file), meta.body_was_gzip ? raw : body);
  }
}

TEST(ArchiveFile, DamageAnywhereInTheMetadataIsNoticed) {
  const std::string file = file_of(sample_meta(), gzip("profile"));
  const std::size_t head = meta_size(file).value();
  for (std::size_t at = 0; at < head; ++at) {
    if (at >= 4 && at < 10) continue;  // time, level, system: free for any value
    std::string damaged = file;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    const auto meta = decode_meta(damaged);
    EXPECT_FALSE(meta && *meta == sample_meta() && original_body(damaged) != gzip("profile")) << at;
    if (at >= 18) {
      EXPECT_FALSE(meta) << at;
    }
  }
  for (std::size_t size = 0; size < head; ++size) EXPECT_FALSE(decode_meta(file.substr(0, size))) << size;
}

TEST(ArchiveFile, SkipsRecordsThatItDoesNotKnow) {
  std::string file = file_of(sample_meta(), gzip("profile"));
  const auto u16 = [&](std::size_t at) {
    return static_cast<std::uint8_t>(file[at]) + 256U * static_cast<std::uint8_t>(file[at + 1]);
  };
  const auto put = [&](std::size_t at, std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i)
      file[at + static_cast<std::size_t>(i)] = static_cast<char>(value >> 8 * i);
  };
  constexpr std::size_t kRecords = 22;
  const std::string record(
      "\xc8\x03"
      "abc",
      5);  // a tag of a later version
  const std::size_t end = kRecords + u16(14) - 6;
  for (const std::size_t at : {kRecords, end}) {  // before and behind those that it knows
    const std::string before = file;
    file.insert(at, record);
    put(10, u16(10) + 5, 2);
    put(14, u16(14) + 5, 2);
    put(18, libdeflate_crc32(0, file.data() + kRecords, u16(14) - 6), 4);
    EXPECT_EQ(decode_meta(file).value(), sample_meta());
    EXPECT_EQ(original_body(file).value(), gzip("profile"));
    file = before;
  }
}

TEST(ArchiveFile, SkipsSubfieldsThatItDoesNotKnow) {
  const std::string file = file_of(sample_meta(), gzip("profile"));
  // Another program's subfield in front of ours.
  std::string other = file;
  other.insert(12, std::string("AB\x03\0abc", 7));
  const std::size_t extra =
      static_cast<std::uint8_t>(other[10]) + 256u * static_cast<std::uint8_t>(other[11]) + 7;
  other[10] = static_cast<char>(extra);
  other[11] = static_cast<char>(extra >> 8);
  EXPECT_EQ(decode_meta(other).value(), sample_meta());
  EXPECT_EQ(original_body(other).value(), gzip("profile"));
}

TEST(ArchiveFile, ErrorsSayWhatIsWrong) {
  EXPECT_THAT(decode_meta("plain text, no profile").error().message, HasSubstr("not a gzip file"));
  EXPECT_THAT(decode_meta(gzip("x")).error().message, HasSubstr("without Invar's extra field"));
  std::string later = file_of(sample_meta(), gzip("x"));
  later[16] = 9;
  EXPECT_EQ(decode_meta(later).error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(decode_meta(later).error().message, HasSubstr("version 9"));
}

TEST(ArchiveFile, ACompressedBodyAboveTheLimitIsNotInflated) {
  const std::string file = file_of(sample_meta(), std::string(1 << 20, 'x'));
  EXPECT_EQ(original_body(file, 1000).error().code, ErrorCode::kResourceExhausted);
}

TEST(ArchiveFile, MovingKeepsTheBodyInPlace) {
  auto encoded = encode(sample_meta(), "plain");
  Encoded moved = std::move(*encoded);
  EXPECT_EQ(gunzip(moved.head + std::string(moved.body_tail)), "plain");
}

// ---- names

TEST(ArchiveName, SortsByTimeToAQuarterOfAMicrosecond) {
  std::mt19937 random(3);
  std::string previous;
  UnixNanos now = 1'789'000'000'000'000'000;
  for (int i = 0; i < 2000; ++i, now += 245 + random() % 3000) {
    std::string bytes(10, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    const std::string uuid = make_uuid_v7(now, bytes);
    EXPECT_LT(previous, uuid);
    const auto key = parse_name(file_name(uuid, Kind::kPprof));
    ASSERT_TRUE(key);
    EXPECT_NEAR(static_cast<double>(key->unix_ns() - now), 0, 300);
    EXPECT_EQ(name_of(*key), uuid + ".pb.gz");
    previous = uuid;
  }
}

TEST(ArchiveName, KnowsOnlyItsOwn) {
  const std::string uuid = make_uuid_v7(1'789'000'000'000'000'000, "0123456789");
  EXPECT_EQ(uuid.size(), 36u);
  EXPECT_EQ(uuid[14], '7');
  EXPECT_TRUE(is_archive_name(uuid + ".pb.gz"));
  EXPECT_TRUE(is_archive_name(uuid + ".ingest.gz"));
  EXPECT_EQ(parse_name(uuid + ".ingest.gz")->kind, Kind::kIngest);
  std::string upper = uuid;
  upper[14] = '4';
  for (const std::string& name :
       {uuid, uuid + ".pb", uuid + ".pb.gz.tmp", uuid + ".profile", "x" + uuid + ".pb.gz", upper + ".pb.gz",
        std::string("heap.pb.gz"), std::string(), std::string(".invar-archive.lock"),
        std::string("0197F000-0000-7000-8000-000000000000.pb.gz"),
        std::string("0197f000_0000-7000-8000-000000000000.pb.gz")})
    EXPECT_FALSE(is_archive_name(name)) << name;
}

TEST(ArchiveName, TimesOfHostileNamesDoNotOverflow) {
  EXPECT_GT(parse_name("ffffffff-ffff-7fff-bfff-ffffffffffff.pb.gz")->unix_ns(), 0);
}

// ---- other programs read our files

class Interop : public ::testing::Test {
 protected:
  void SetUp() override {
    raw_ = pprof::serialize(sample_profile());
    Meta huge = sample_meta();
    huge.labels = Labels::from({{"__name__", "cpu"}, {"huge", std::string(200'000, 'v')}});
    write("gzipped.pb.gz", file_of(sample_meta(), gzip(raw_)));
    write("plain.pb.gz", file_of(sample_meta(), raw_));
    write("huge.pb.gz", file_of(huge, gzip(raw_)));
    write("raw", raw_);
  }

  void write(const std::string& name, std::string_view bytes) const { dir_.write(name, bytes); }
  // Runs a shell command in the directory; its exit status and output.
  [[nodiscard]] std::pair<int, std::string> run(const std::string& command) const {
    std::string out;
    std::FILE* pipe = ::popen(("cd '" + dir_.root() + "' && (" + command + ") 2>&1").c_str(), "r");
    char buffer[4096];
    for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, n);
    return {::pclose(pipe), out};
  }

  static constexpr const char* kFiles[] = {"gzipped.pb.gz", "plain.pb.gz", "huge.pb.gz"};
  fs::testing::TempDir dir_;
  std::string raw_;
};

TEST_F(Interop, GzipTestsAndUnpacksThem) {
  for (const std::string file : kFiles) {
    const auto [status, out] = run("gzip -t " + file + " && zcat " + file + " | cmp - raw");
    EXPECT_EQ(status, 0) << file << ": " << out;
  }
}

TEST_F(Interop, PythonUnpacksThem) {
  for (const std::string file : kFiles) {
    const auto [status, out] = run("python3 -c 'import gzip; assert gzip.open(\"" + file +
                                   "\").read() == open(\"raw\", \"rb\").read()'");
    EXPECT_EQ(status, 0) << file << ": " << out;
  }
}

TEST_F(Interop, GoToolPprofOpensThem) {
  for (const std::string file : kFiles) {
    const auto [status, out] = run("go tool pprof -top " + file);
    EXPECT_EQ(status, 0) << file << ": " << out;
    EXPECT_THAT(out, HasSubstr("main.work")) << file;
  }
}

TEST_F(Interop, FileCallsThemGzip) {
  for (const std::string file : kFiles) {
    const auto [status, out] = run("file --brief " + file);
    EXPECT_EQ(status, 0);
    EXPECT_THAT(out, HasSubstr("gzip compressed data")) << file;
  }
}

}  // namespace
}  // namespace invar::archive
