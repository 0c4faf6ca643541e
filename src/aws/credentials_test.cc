#include "aws/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "component/testing/component_harness.h"
#include "fs/testing/memory_fs.h"

namespace invar::aws {
namespace {

using http::testing::answer;
using ::testing::HasSubstr;

constexpr const char* kMetadata = "http://169.254.169.254/latest/";

class CredentialsTest : public ::testing::Test {
 protected:
  CredentialsTest() {
    (void)files_->make_directories("/home/.aws");
    environment_["HOME"] = "/home";
    harness_.http->set_handler([this](const http::Request& request) {
      asked_.push_back(request);
      for (const auto& [url, body] : answers_) {
        if (request.url == url) return answer(200, "text/plain", body);
      }
      return answer(404, "text/plain", "not here");
    });
  }
  void write(const std::string& path, const std::string& text) {
    ASSERT_TRUE(files_->write_file_atomically(path, text, 0600, false));
  }
  static std::string sts(const std::string& action) {
    return "<" + action + "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" + action +
           "Result><Credentials>" +
           "<AccessKeyId>STS</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</"
           "SessionToken>" +
           "<Expiration>2026-01-01T01:00:00Z</Expiration></Credentials></" + action + "Result></" + action +
           "Response>";
  }
  // "key region", or why not.
  std::string get() {
    if (!source_) {
      component::Options options = harness_.options();
      options.files = files_;
      auto made = CredentialSource::make(options, identity_, {}, [this](const char* name) {
        const auto found = environment_.find(name);
        return found == environment_.end() ? std::string() : found->second;
      });
      source_ = *std::move(made);
    }
    std::string said = "nothing";
    source_->get([&](Result<CredentialSource::Given> given) {
      said = given ? given->credentials.access_key + " " + given->region : given.error().message;
      if (given) token_ = given->credentials.session_token.value;
    });
    harness_.loop.run_until_idle();
    return said;
  }

  std::shared_ptr<fs::testing::MemoryFileSystem> files_ = fs::testing::MemoryFileSystem::create();
  component::testing::ComponentHarness harness_{"discovery.ec2.x"};
  std::map<std::string, std::string> environment_, answers_;
  std::vector<http::Request> asked_;
  Identity identity_;
  std::unique_ptr<CredentialSource> source_;
  std::string token_;
};

TEST_F(CredentialsTest, ArgumentsComeBeforeTheEnvironment) {
  environment_ = {{"AWS_ACCESS_KEY_ID", "ENV"},
                  {"AWS_SECRET_ACCESS_KEY", "e"},
                  {"AWS_SESSION_TOKEN", "et"},
                  {"AWS_REGION", "r1"}};
  EXPECT_EQ(get(), "ENV r1");
  EXPECT_EQ(token_, "et");
  source_.reset();
  identity_ = {"ARG", {"a"}, "", "", "r2"};
  EXPECT_EQ(get(), "ARG r2");
  EXPECT_TRUE(asked_.empty());
}

TEST_F(CredentialsTest, ProfilesOfBothFiles) {
  write("/home/.aws/credentials",
        "[default]\naws_access_key_id = DEF\naws_secret_access_key = d\n[shop]\naws_access_key_id=SHOP\n"
        "aws_secret_access_key=s\n");
  write("/home/.aws/config",
        "# shared\n[default]\nregion = r1\n[profile shop]\nregion = r2\ns3 =\n  region = no\n[profile "
        "empty]\n");
  EXPECT_EQ(get(), "DEF r1");
  source_.reset();
  identity_.profile = "shop";
  EXPECT_EQ(get(), "SHOP r2");
  source_.reset();
  identity_.profile = "none";
  EXPECT_EQ(get(), "AWS credentials: no profile \"none\" in the shared AWS files");
  source_.reset();
  identity_.profile = "empty";
  EXPECT_THAT(get(), HasSubstr("the AWS profile \"empty\" has no keys"));
}

TEST_F(CredentialsTest, ARoleIsTakenAndTakenAgainBeforeItExpires) {
  identity_ = {"ARG", {"a"}, "", "arn:aws:iam::1:role/x", "r1"};
  answers_["https://sts.r1.amazonaws.com/"] = sts("AssumeRole");
  EXPECT_EQ(get(), "STS r1");
  EXPECT_EQ(token_, "t");
  ASSERT_EQ(asked_.size(), 1u);
  EXPECT_THAT(http::testing::body_of(asked_[0]), HasSubstr("Action=AssumeRole&"));
  EXPECT_THAT(std::string(asked_[0].headers.get("Authorization")),
              HasSubstr("Credential=ARG/20260101/r1/sts/"));
  EXPECT_EQ(get(), "STS r1");
  EXPECT_EQ(asked_.size(), 1u);
  harness_.loop.advance(std::chrono::minutes(56));
  EXPECT_EQ(get(), "STS r1");
  EXPECT_EQ(asked_.size(), 2u);
}

TEST_F(CredentialsTest, AProfileMayTakeARoleWithTheKeysOfAnother) {
  write("/home/.aws/config",
        "[profile a]\nrole_arn = arn:a\nsource_profile = b\nexternal_id = e 1\nregion = r1\n"
        "[profile b]\naws_access_key_id = B\naws_secret_access_key = b\n");
  identity_.profile = "a";
  answers_["https://sts.r1.amazonaws.com/"] = sts("AssumeRole");
  EXPECT_EQ(get(), "STS r1");
  EXPECT_THAT(http::testing::body_of(asked_[0]), HasSubstr("&ExternalId=e+1"));
  EXPECT_THAT(std::string(asked_[0].headers.get("Authorization")), HasSubstr("Credential=B/"));
}

TEST_F(CredentialsTest, WebIdentityOfAClusterIsNotSigned) {
  write("/token", "jwt\n");
  environment_ = {
      {"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"}, {"AWS_ROLE_ARN", "arn:w"}, {"AWS_REGION", "cn-north-1"}};
  answers_["https://sts.cn-north-1.amazonaws.com.cn/"] = sts("AssumeRoleWithWebIdentity");
  EXPECT_EQ(get(), "STS cn-north-1");
  EXPECT_THAT(http::testing::body_of(asked_[0]), HasSubstr("&WebIdentityToken=jwt"));
  EXPECT_FALSE(asked_[0].headers.has("Authorization"));
}

TEST_F(CredentialsTest, AContainerHasCredentialsOfItsOwn) {
  environment_ = {{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x"},
                  {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "auth"},
                  {"AWS_REGION", "r1"}};
  answers_["http://169.254.170.2/v2/x"] =
      R"({"AccessKeyId": "C", "SecretAccessKey": "c", "Token": "ct", "Expiration": "2026-01-01T06:00:00Z"})";
  EXPECT_EQ(get(), "C r1");
  EXPECT_EQ(asked_[0].headers.get("Authorization"), "auth");
}

TEST_F(CredentialsTest, AnInstanceAsksItsMetadataWithAToken) {
  answers_[std::string(kMetadata) + "api/token"] = "mt";
  answers_[std::string(kMetadata) + "meta-data/iam/security-credentials/"] = "role\n";
  answers_[std::string(kMetadata) + "meta-data/iam/security-credentials/role"] =
      R"({"AccessKeyId": "I", "SecretAccessKey": "i", "Token": "it"})";
  answers_[std::string(kMetadata) + "meta-data/placement/region"] = "r7";
  EXPECT_EQ(get(), "I r7");
  EXPECT_EQ(asked_[0].method, "PUT");
  EXPECT_TRUE(asked_[0].headers.has("X-aws-ec2-metadata-token-ttl-seconds"));
  EXPECT_EQ(asked_[1].headers.get("X-aws-ec2-metadata-token"), "mt");
}

TEST_F(CredentialsTest, WithoutAnyItSaysWhereItLooked) {
  EXPECT_EQ(get(),
            "AWS credentials: neither the arguments nor the environment nor the shared files say them or "
            "their region, and the "
            "instance's metadata service does not: PUT http://169.254.169.254/latest/api/token: 404 Not "
            "Found: not here");
}

}  // namespace
}  // namespace invar::aws
