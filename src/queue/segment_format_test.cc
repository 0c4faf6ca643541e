#include "queue/segment_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "fs/testing/memory_fs.h"

namespace invar::queue {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr SegmentName kName{7, 0x5eed5a17};

std::string record(RecordId id, std::string_view header, std::string_view body,
                   std::uint32_t salt = kName.salt) {
  std::string out;
  append_record(out, salt, id, 1000 + static_cast<UnixNanos>(id), header, body);
  return out;
}

Scan scan(std::string_view bytes, bool verify = true, RecordId end_id = UINT64_MAX) {
  const auto fs = fs::testing::MemoryFileSystem::create();
  const auto file = *fs->open("/x", fs::OpenMode::kCreateNew);
  EXPECT_TRUE(file->append(bytes).has_value());
  return *scan_segment(*file, {kName, end_id, verify});
}

std::vector<RecordId> ids_of(const Scan& scan) {
  std::vector<RecordId> out;
  for (const ScannedRecord& r : scan.records) out.push_back(r.frame.id);
  return out;
}

TEST(SegmentFormat, FileNames) {
  EXPECT_EQ(segment_file(kName), "0000000000000007-5eed5a17.seg");
  EXPECT_EQ(ack_file(kName), "0000000000000007-5eed5a17.ack");
  EXPECT_EQ(parse_segment_file(segment_file(kName)), kName);
  EXPECT_EQ(parse_ack_file(ack_file(kName)), kName);
  for (const char* bad :
       {"", "lock", "0000000000000007-5eed5a17.ack", "0000000000000007-5EED5A17.seg", "7-5eed5a17.seg",
        "0000000000000000-5eed5a17.seg", "000000000000000x-5eed5a17.seg", "0000000000000007_5eed5a17.seg"}) {
    EXPECT_EQ(parse_segment_file(bad), std::nullopt) << bad;
  }
}

TEST(SegmentFormat, TheBytesAreThoseOfTheFormatPage) {
  EXPECT_EQ(hex(encode_file_header(kName)),
            "494e56415251310a"
            "0700000000000000"
            "175aed5e"
            "ba642e21");
  EXPECT_EQ(hex(record(9, "hd", "body")),
            "f1495101"
            "02000000"
            "04000000"
            "2dca381e"
            "0900000000000000"
            "f103000000000000"
            "175aed5e"
            "25ebf050"
            "6864"
            "626f6479");
}

TEST(SegmentFormat, FrameRoundTrip) {
  const std::string bytes = record(9, "hd", "body");
  const auto frame = decode_frame(std::string_view(bytes).substr(0, kFrameBytes), kName.salt);
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->id, 9u);
  EXPECT_EQ(frame->taken_unix_ns, 1009);
  EXPECT_EQ(frame->header_bytes, 2u);
  EXPECT_EQ(frame->body_bytes, 4u);
  EXPECT_EQ(frame->total_bytes(), bytes.size());
}

TEST(SegmentFormat, EveryChangedBitOfAFrameIsNoticed) {
  const std::string good = record(9, "", "").substr(0, kFrameBytes);
  for (std::size_t bit = 0; bit < kFrameBytes * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(decode_frame(bad, kName.salt).has_value()) << bit;
  }
}

TEST(SegmentFormat, AcksRoundTripAndDamagedOnesAreLeftOut) {
  std::string bytes;
  append_ack(bytes, 1, {5, 3});
  append_ack(bytes, 1, {100, 1});
  append_ack(bytes, 2, {200, 1});  // of another segment
  append_ack(bytes, 1, {300, 7});
  EXPECT_THAT(decode_acks(bytes, 1), ElementsAre(AckRange{5, 3}, AckRange{100, 1}, AckRange{300, 7}));
  bytes[18] ^= 1;
  EXPECT_THAT(decode_acks(bytes, 1), ElementsAre(AckRange{5, 3}, AckRange{300, 7}));
  EXPECT_THAT(decode_acks(std::string_view(bytes).substr(0, 17), 1), ElementsAre(AckRange{5, 3}));
  EXPECT_THAT(decode_acks(std::string(160, '\0'), 1), IsEmpty());
}

TEST(SegmentScan, FindsEverythingInAWholeFile) {
  const std::string bytes =
      encode_file_header(kName) + record(7, "a", "A") + record(8, "", "") + record(9, "c", "CC");
  const Scan found = scan(bytes);
  EXPECT_THAT(ids_of(found), ElementsAre(7, 8, 9));
  EXPECT_THAT(found.damage, IsEmpty());
  EXPECT_EQ(found.records[0].offset, kFileHeaderBytes);
}

TEST(SegmentScan, StopsAtATornTailWhereverItIsTorn) {
  const std::string whole = encode_file_header(kName) + record(7, "a", "A");
  const std::string torn = record(8, "header", "body");
  for (std::size_t size = 1; size < torn.size(); ++size) {
    const Scan found = scan(whole + torn.substr(0, size));
    EXPECT_THAT(ids_of(found), ElementsAre(7)) << size;
    ASSERT_EQ(found.damage.size(), 1u);
    EXPECT_EQ(found.damage[0].after_id, 7u);
    EXPECT_EQ(found.damage[0].before_id, 0u);
    EXPECT_EQ(found.damage[0].bytes, size);
  }
  for (std::size_t size = 0; size <= kFileHeaderBytes; ++size)
    EXPECT_THAT(ids_of(scan(whole.substr(0, size))), IsEmpty());
}

TEST(SegmentScan, ADamagedRecordLosesOnlyItself) {
  const std::string records[] = {record(7, "a", "AAAA"), record(8, "b", std::string(500, 'B')),
                                 record(9, "c", "C")};
  const std::string start = encode_file_header(kName) + records[0];
  for (std::size_t at = 0; at < records[1].size(); ++at) {
    std::string damaged = records[1];
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    const Scan found = scan(start + damaged + records[2]);
    EXPECT_THAT(ids_of(found), ElementsAre(7, 9)) << at;
    ASSERT_EQ(found.damage.size(), 1u);
    EXPECT_EQ(found.damage[0].after_id, 7u);
    EXPECT_EQ(found.damage[0].before_id, 9u);
    EXPECT_EQ(found.damage[0].bytes, records[1].size());
  }
}

TEST(SegmentScan, FramesInsideABodyAreNoRecords) {
  // A queue whose bodies are queue files: the salts differ.
  const std::string inner = record(8, "x", "X", kName.salt + 1);
  std::string outer = record(7, "a", inner + inner);
  outer[10] ^= 1;  // its frame is damaged: the scan has to search inside the body
  const Scan found = scan(encode_file_header(kName) + outer + record(9, "c", "C"));
  EXPECT_THAT(ids_of(found), ElementsAre(9));
}

TEST(SegmentScan, IdsAscendAndStayBelowTheNextSegment) {
  const std::string bytes = encode_file_header(kName) + record(7, "", "1") + record(7, "", "2") +
                            record(3, "", "3") + record(1000, "", "4") + record(9, "", "5") +
                            record(12, "", "6");
  EXPECT_THAT(ids_of(scan(bytes)), ElementsAre(7, 9, 12));
  EXPECT_THAT(ids_of(scan(bytes, true, 12)), ElementsAre(7, 9));
}

TEST(SegmentScan, FramesAloneWhenPayloadsAreNotVerified) {
  std::string bytes = encode_file_header(kName) + record(7, "a", "AAAA") + record(8, "b", "BBBB");
  bytes[kFileHeaderBytes + kFrameBytes + 2] ^= 1;
  EXPECT_THAT(ids_of(scan(bytes, false)), ElementsAre(7, 8));
  EXPECT_THAT(ids_of(scan(bytes, true)), ElementsAre(8));
}

TEST(SegmentScan, GarbageOfAnySizeIsSearchedOnce) {
  std::string garbage;
  while (garbage.size() < 3 << 20) garbage += "\xF1IQ\x01";  // nothing but frame beginnings
  const std::string bytes = encode_file_header(kName) + garbage + record(9, "c", "C") + garbage;
  const Scan found = scan(bytes);
  EXPECT_THAT(ids_of(found), ElementsAre(9));
  EXPECT_EQ(found.damage.size(), 2u);
}

}  // namespace
}  // namespace invar::queue
