// /ingest bodies with JFR recordings, as every command that shows profiles sees them.
#include "archive_tool/contained.h"

#include <gmock/gmock.h>

#include "archive_tool/commands.h"
#include "archive_tool/load.h"
#include "archive_tool/testing/tool_test.h"
#include "jfr/testing/recordings.h"

namespace invar::archive_tool {
namespace {

using jfr::testing::ChunkWriter;
using ::testing::AllOf;
using ::testing::HasSubstr;
using namespace archive_tool::testing;

class Contained : public ToolTest {
 protected:
  // Two execution samples and an allocation, pushed as Java SDKs do it.
  void store_jfr() {
    ChunkWriter chunk;
    const std::uint64_t stack = chunk.stack({{"Shop", "total", 7}, {"Shop", "main", 3}});
    chunk.sample(ChunkWriter::kExecution, {.stack = stack});
    chunk.sample(ChunkWriter::kExecution, {.stack = stack});
    chunk.sample(ChunkWriter::kInNewTlab, {.stack = stack, .amount = 4096});
    store_body("--b\r\nContent-Disposition: form-data; name=\"jfr\"\r\n\r\n" + chunk.finish() +
               "\r\n--b--\r\n");
  }
  void store_body(const std::string& body) {
    const archive::Meta meta{.labels = {{"__name__", "shop"}, {"service_name", "shop"}},
                             .kind = archive::Kind::kIngest,
                             .taken_unix_ns = kStart,
                             .ingest_path = "/ingest",
                             .ingest_query = "name=shop&format=jfr&sampleRate=50",
                             .ingest_content_types = {"multipart/form-data; boundary=b"}};
    const auto encoded = archive::encode(meta, body);
    path_ =
        "/archive/" + archive::file_name(archive::make_uuid_v7(kStart, "0123456789"), archive::Kind::kIngest);
    write(path_, encoded->head + std::string(encoded->body_tail));
  }
  Selection selected(std::string selector, std::string sample_type = "") const {
    return {.paths = {"/archive"}, .selector = std::move(selector), .sample_type = std::move(sample_type)};
  }
  // "count of profiles: total of the first type"
  std::string loaded(const Selection& selection) {
    const auto loaded = load(environment_, selection);
    if (!loaded) return loaded.error().message;
    return std::to_string(loaded->profiles[0]) + ": " + std::to_string(loaded->profile.total(0, 0));
  }
  std::string path_;
};

TEST_F(Contained, ProfilesAreChosenByTheirNameOrTheirType) {
  store_jfr();
  EXPECT_EQ(loaded(selected("process_cpu")), "1: 40000000");
  EXPECT_EQ(loaded(selected("process_cpu{service_name=\"shop\"}")), "1: 40000000");
  EXPECT_EQ(loaded(selected("memory")), "1: 1");
  EXPECT_EQ(loaded(selected("", "alloc_in_new_tlab_bytes")), "1: 4096");
  EXPECT_EQ(loaded(selected("shop", "cpu")), "1: 40000000");
  EXPECT_THAT(loaded(selected("mutex")), HasSubstr("no profile selected"));
  EXPECT_THAT(loaded(selected("other")), HasSubstr("no profile selected"));
  EXPECT_THAT(loaded(selected("shop")), HasSubstr("choose one kind"));
}

TEST_F(Contained, ProfilesAreShownListedAndExported) {
  store_jfr();
  ASSERT_EQ(show(environment_, archive_), 0) << err();
  EXPECT_THAT(out(),
              AllOf(HasSubstr("contains  process_cpu"), HasSubstr("cpu/nanoseconds  40.0 ms (40000000)"),
                    HasSubstr("contains  memory"), HasSubstr("alloc_in_new_tlab_bytes/bytes")));
  ASSERT_EQ(show(environment_, selected("memory", "alloc_in_new_tlab_bytes")), 0) << err();
  EXPECT_THAT(out(), HasSubstr(path_));
  ASSERT_EQ(show(environment_, selected("process_cpu", "alloc_in_new_tlab_bytes")), 0) << err();
  EXPECT_EQ(out(), "");
  ASSERT_EQ(ls(environment_, {.selection = archive_, .json = true}), 0) << err();
  EXPECT_THAT(out(), HasSubstr(path_));
  ASSERT_EQ(export_profiles(environment_, {.selection = selected("process_cpu"), .format = "folded"}), 0)
      << err();
  EXPECT_EQ(out(), "Shop.main;Shop.total 40000000\n");
}

TEST_F(Contained, NamesDoNotChooseWhatIsRemoved) {
  store_jfr();
  ASSERT_EQ(prune(environment_, {.selection = selected("process_cpu"), .older_than = "1m"}), 0) << err();
  ASSERT_EQ(prune(environment_, {.selection = selected("", "cpu"), .older_than = "1m"}), 0) << err();
  EXPECT_TRUE(disk_->stat(path_).has_value());
  out();
  ASSERT_EQ(ls(environment_, {.selection = selected("process_cpu"), .json = true}), 0) << err();
  EXPECT_EQ(out(), "");
}

TEST_F(Contained, DamageIsSaidWithTheFile) {
  store_body("--b\r\nContent-Disposition: form-data; name=\"jfr\"\r\n\r\nno recording\r\n--b--\r\n");
  EXPECT_THAT(loaded(selected("")), HasSubstr("no profile selected"));
  EXPECT_EQ(err(), path_ + ": no JFR recording\n");
}

TEST_F(Contained, LossesAreSaidWithTheFile) {
  ChunkWriter chunk;
  chunk.sample(ChunkWriter::kExecution, {.stack = chunk.stack({{"Shop", "total", 7}})});
  chunk.sample(ChunkWriter::kExecution, {.stack = 99});
  store_body("--b\r\nContent-Disposition: form-data; name=\"jfr\"\r\n\r\n" + chunk.finish() +
             "\r\n--b--\r\n");
  EXPECT_EQ(loaded(selected("")), "1: 20000000");
  EXPECT_EQ(err(), path_ + ": left out: samples without a stack trace: 1\n");
  ASSERT_EQ(show(environment_, archive_), 0) << err();
  EXPECT_THAT(out(), HasSubstr("left out  samples without a stack trace: 1"));
}

}  // namespace
}  // namespace invar::archive_tool
