// The vectors of AWS' published test suite for Signature Version 4, and the example of S3's documentation.
#include "aws/sign.h"

#include <gtest/gtest.h>

namespace invar::aws {
namespace {

const Credentials kSuite{.access_key = "AKIDEXAMPLE",
                         .secret_key = {"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"},
                         .session_token = {},
                         .expires_unix_ns = 0};
constexpr UnixNanos kSuiteTime = 1440938160'000'000'000;  // 2015-08-30T12:36:00Z

std::string signature_of(const http::Request& request) {
  const std::string text(request.headers.get("Authorization"));
  return text.substr(text.find("Signature=") + 10);
}

TEST(Sign, ThePublishedTestSuite) {
  const struct {
    const char *name, *method, *url, *content_type, *body, *signature;
  } rows[] = {
      {"get-vanilla", "GET", "https://example.amazonaws.com/", "", "",
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-vanilla-query-order-key-case", "GET",
       "https://example.amazonaws.com/?Param2=value2&Param1=value1", "", "",
       "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
      {"post-vanilla", "POST", "https://example.amazonaws.com/", "", "",
       "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
      {"post-x-www-form-urlencoded", "POST", "https://example.amazonaws.com/",
       "application/x-www-form-urlencoded", "Param1=value1",
       "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
  };
  for (const auto& row : rows) {
    http::Request request;
    request.method = row.method;
    request.url = row.url;
    request.body_head = row.body;
    if (*row.content_type != '\0') request.headers.set("Content-Type", row.content_type);
    ASSERT_TRUE(sign(request, kSuite, {"us-east-1", "service"}, kSuiteTime));
    EXPECT_EQ(signature_of(request), row.signature) << row.name;
    EXPECT_EQ(request.headers.get("X-Amz-Date"), "20150830T123600Z");
  }
}

TEST(Sign, TheExampleOfS3) {
  http::Request request;
  request.url = "https://examplebucket.s3.amazonaws.com/test.txt";
  request.headers.set("Range", "bytes=0-9");
  const Credentials credentials{.access_key = "AKIAIOSFODNN7EXAMPLE",
                                .secret_key = {"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"},
                                .session_token = {},
                                .expires_unix_ns = 0};
  ASSERT_TRUE(sign(request, credentials, {"us-east-1", "s3"}, 1369353600'000'000'000));
  EXPECT_EQ(request.headers.get("Authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(Sign, PathsAreEncodedAsAwsDoesIt) {
  EXPECT_EQ(encode_path("a b/c+d~e/\xC3\xA9"), "a%20b/c%2Bd~e/%C3%A9");
}

TEST(Sign, ASessionTokenIsSentAndSigned) {
  http::Request request;
  request.url = "https://h:8443/";
  Credentials credentials = kSuite;
  credentials.session_token.value = "hush";
  ASSERT_TRUE(sign(request, credentials, {"r", "ec2"}, kSuiteTime));
  EXPECT_EQ(request.headers.get("X-Amz-Security-Token"), "hush");
  EXPECT_NE(request.headers.get("Authorization").find("SignedHeaders=host;x-amz-date;x-amz-security-token"),
            std::string_view::npos);
  request.url = "no url";
  EXPECT_FALSE(sign(request, credentials, {"r", "ec2"}, kSuiteTime));
}

}  // namespace
}  // namespace invar::aws
