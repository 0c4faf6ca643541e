#include "jfr/ingest_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/gzip.h"
#include "jfr/testing/recordings.h"
#include "pprof/profile.h"

namespace invar::jfr {
namespace {

using testing::ChunkWriter;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr std::string_view kType = "multipart/form-data; boundary=b0";
constexpr std::string_view kQuery = "name=shop%7B%7D&format=jfr&sampleRate=50&spyName=javaspy";

std::string part(std::string_view name, std::string_view bytes) {
  return "--b0\r\nContent-Disposition: form-data; name=\"" + std::string(name) + "\"; filename=\"" +
         std::string(name) + "\"\r\nContent-Type: application/octet-stream\r\n\r\n" + std::string(bytes) +
         "\r\n";
}
std::string gzipped(std::string_view bytes) {
  std::string out;
  codec::Deflater().gzip(bytes, out);
  return out;
}
std::string recording() {
  ChunkWriter chunk;
  chunk.sample(ChunkWriter::kExecution, {.stack = chunk.stack({{"Shop", "total", 7}}), .context = 5});
  return chunk.finish();
}
// Context 5 has the label a=b.
constexpr std::string_view kLabels(
    "\x0a\x0a\x08\x05\x12\x06\x0a\x04\x08\x01\x10\x02\x12\x05\x08\x01\x12\x01"
    "a\x12\x05\x08\x02\x12\x01"
    "b",
    26);

// "a=b 20000000" of the only sample.
std::string converted(std::string_view content_type, std::string_view body) {
  const auto conversion = convert_ingest_body(kQuery, content_type, body);
  if (!conversion) return conversion.error().message;
  EXPECT_EQ(conversion->profiles.size(), 1U);
  const auto profile = pprof::parse(conversion->profiles.at(0).body);
  std::string out;
  for (const pprof::SampleLabel& label : profile->samples.at(0).labels)
    out += label.key + '=' + label.str + ' ';
  return out + std::to_string(profile->samples[0].values.at(0));
}

TEST(IngestBody, IsSaidByTheQuery) {
  EXPECT_EQ(query_value(kQuery, "format"), "jfr");
  EXPECT_EQ(query_value("format=jfr", "format"), "jfr");
  EXPECT_EQ(query_value("xformat=jfr&name=format", "format"), "");
  EXPECT_EQ(query_value("", "format"), "");
}

TEST(IngestBody, MayBeARecordingAlone) {
  EXPECT_EQ(converted("", recording()), "20000000");
  EXPECT_EQ(converted("application/octet-stream", gzipped(recording())), "20000000");
}

TEST(IngestBody, MayBeAFormWithLabels) {
  EXPECT_EQ(converted(kType, part("jfr", recording()) + "--b0--\r\n"), "20000000");
  EXPECT_EQ(converted(kType, part("jfr", recording()) + part("labels", kLabels) + "--b0--\r\n"),
            "a=b 20000000");
  EXPECT_EQ(converted("Multipart/Form-Data; charset=x; boundary=\"b0\"",
                      part("labels", gzipped(kLabels)) + part("jfr", gzipped(recording())) + "--b0--"),
            "a=b 20000000");
}

TEST(IngestBody, SaysWhatIsWrong) {
  EXPECT_EQ(converted(kType, "nothing"), "damaged multipart/form-data");
  EXPECT_EQ(converted(kType, part("jfr", "FLR")), "damaged multipart/form-data");
  EXPECT_EQ(converted(kType, part("other", "x") + "--b0--"), "multipart/form-data without a part \"jfr\"");
  EXPECT_EQ(converted(kType, part("jfr", recording()) + part("labels", "\xff") + "--b0--"),
            "damaged labels snapshot");
  EXPECT_EQ(converted(kType, part("jfr", "text") + "--b0--"), "no JFR recording");
  EXPECT_THAT(converted("", gzipped(recording()).substr(0, 40)), HasSubstr("gzip"));
}

TEST(IngestBody, FormsAreReadWhateverTheyAreCutTo) {
  const std::string whole =
      "preamble\r\n" + part("a", "1\r\n--b") + part("a", "2") + part("b", "") + "--b0--\r\n";
  const auto parts = read_form(whole, "b0");
  ASSERT_TRUE(parts.has_value());
  EXPECT_THAT(*parts, ElementsAre(Pair("a", "1\r\n--b"), Pair("b", "")));
  for (std::size_t size = 0; size < whole.size() - 4; ++size) {
    EXPECT_FALSE(read_form(whole.substr(0, size), "b0").has_value()) << size;
  }
}

}  // namespace
}  // namespace invar::jfr
