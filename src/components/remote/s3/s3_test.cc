#include "components/remote/s3/s3.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "component/testing/component_harness.h"
#include "components/remote/s3/arguments.h"

namespace invar::components::remote_s3 {
namespace {

using component::HealthState;
using http::testing::answer;
using std::chrono::minutes;

class S3Test : public ::testing::Test {
 protected:
  S3Test() {
    arguments_.path = "s3://bucket/a/b c.txt";
    arguments_.client.key = "KEY";
    arguments_.client.secret.value = "hush";
    arguments_.client.region = "eu-west-1";
    registration_.name = "remote.s3";
    registration_.arguments = &arguments_schema;
    registration_.exports = &exports_schema;
    registration_.build = [](component::Options options, const component::Boxed& arguments) {
      return build([](const char*) { return std::string(); }, std::move(options), arguments);
    };
  }
  void start() {
    ASSERT_TRUE(harness_.build(registration_, arguments_));
    harness_.component->start();
    harness_.loop.run_until_idle();
  }
  void serve(int status, const std::string& body) {
    harness_.http->set_handler([=](const http::Request&) { return answer(status, "text/plain", body); });
  }
  [[nodiscard]] std::string content() const {
    return harness_.exports.empty() ? "none" : harness_.exports.back().as<Exports>().content.text;
  }

  Arguments arguments_;
  component::Registration registration_;
  component::testing::ComponentHarness harness_{"remote.s3.x"};
};

TEST_F(S3Test, ExportsTheObjectAndFollowsIt) {
  arguments_.is_secret = true;
  serve(200, "one\n");
  start();
  EXPECT_EQ(content(), "one\n");
  EXPECT_TRUE(harness_.exports.back().as<Exports>().content.secret);
  const http::Request& request = harness_.http->exchanges().front()->request;
  EXPECT_EQ(request.url, "https://bucket.s3.eu-west-1.amazonaws.com/a/b%20c.txt");
  EXPECT_THAT(std::string(request.headers.get("Authorization")),
              ::testing::HasSubstr("/eu-west-1/s3/aws4_request"));
  serve(404, "<Error><Code>NoSuchKey</Code></Error>");
  harness_.loop.advance(minutes(10));
  EXPECT_EQ(content(), "one\n");
  EXPECT_EQ(harness_.component->health()->state, HealthState::kUnhealthy);
  EXPECT_EQ(harness_.metric_lines("remote_s3_errors_total"),
            "remote_s3_errors_total{component_id=\"remote.s3.x\"} 1\n");
  serve(200, "two");
  harness_.loop.advance(minutes(10));
  EXPECT_EQ(content(), "two");
  EXPECT_EQ(harness_.component->health()->message, "s3 file updated");
}

TEST_F(S3Test, AnotherServerNeedsNoRegion) {
  arguments_.client.region = "";
  arguments_.client.endpoint = "http://minio:9000/";
  arguments_.client.use_path_style = true;
  serve(200, "one");
  start();
  const http::Request& request = harness_.http->exchanges().front()->request;
  EXPECT_EQ(request.url, "http://minio:9000/bucket/a/b%20c.txt");
  EXPECT_THAT(std::string(request.headers.get("Authorization")),
              ::testing::HasSubstr("/us-east-1/s3/aws4_request"));
}

TEST(S3Path, NamesABucketAndAFile) {
  for (const char* bad : {"", "bucket/file", "s3://", "s3://bucket", "s3://bucket/", "s3:///file"})
    EXPECT_FALSE(parse_path(bad)) << bad;
  EXPECT_EQ(parse_path("x").error().message, "path must be s3://BUCKET/FILE, not \"x\"");
  EXPECT_EQ(object_url({"b", "f"}, "https://s3.r.amazonaws.com", false), "https://b.s3.r.amazonaws.com/f");
  EXPECT_EQ(object_url({"b.c", "f"}, "https://s3.r.amazonaws.com", false),
            "https://s3.r.amazonaws.com/b.c/f");
}

TEST(S3Arguments, AreChecked) {
  Arguments a;
  a.path = "s3://b/f";
  EXPECT_TRUE(arguments_schema().check(&a));
  a.poll_frequency = std::chrono::seconds(30);
  EXPECT_EQ(arguments_schema().check(&a).error().message, "poll_frequency must be greater than 30s");
}

}  // namespace
}  // namespace invar::components::remote_s3
