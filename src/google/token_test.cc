#include "google/token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <map>

#include "base/strings.h"
#include "codec/base64.h"
#include "component/testing/component_harness.h"
#include "fs/testing/memory_fs.h"

namespace invar::google {
namespace {

using http::testing::answer;
using ::testing::HasSubstr;

using Key = std::shared_ptr<EVP_PKEY>;
const Key& test_key() {
  static const Key key{EVP_RSA_gen(2048), EVP_PKEY_free};
  return key;
}
std::string pem_of(EVP_PKEY* key) {
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const auto size = static_cast<std::size_t>(BIO_get_mem_data(bio, &data));
  std::string text(data, size);
  BIO_free(bio);
  return text;
}
std::string decode(std::string text) {
  while (text.size() % 4 != 0) text += '=';
  return *codec::from_base64(text, codec::Base64::kUrlSafe);
}

TEST(Assertion, IsAJwtThatTheKeySigned) {
  const auto jwt =
      sign_assertion({"a@b", "scope", "https://aud", "k1", pem_of(test_key().get())}, 1'000'000'000'000);
  ASSERT_TRUE(jwt);
  const auto parts = split(*jwt, '.');
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(decode(std::string(parts[0])), R"({"alg":"RS256","typ":"JWT","kid":"k1"})");
  EXPECT_EQ(decode(std::string(parts[1])),
            R"({"iss":"a@b","scope":"scope","aud":"https://aud","iat":1000,"exp":4600})");
  const std::string text = jwt->substr(0, jwt->rfind('.'));
  const std::string signature = decode(std::string(parts[2]));
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, test_key().get());
  EXPECT_EQ(
      EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                       reinterpret_cast<const unsigned char*>(text.data()), text.size()),
      1);
  EVP_MD_CTX_free(context);
  EXPECT_FALSE(sign_assertion({"a", "s", "u", "k", "no key"}, 0));
}

class TokenTest : public ::testing::Test {
 protected:
  std::string get() {
    if (!source_) {
      component::Options options = harness_.options();
      options.files = files_;
      source_ =
          *TokenSource::make(options, "the scope", [this](const char* name) { return environment_[name]; });
    }
    std::string said = "nothing";
    source_->get([&](Result<std::string> token) { said = token ? *token : token.error().message; });
    harness_.loop.run_until_idle();
    return said;
  }

  std::shared_ptr<fs::testing::MemoryFileSystem> files_ = fs::testing::MemoryFileSystem::create();
  component::testing::ComponentHarness harness_{"discovery.gce.x"};
  std::map<std::string, std::string> environment_;
  std::unique_ptr<TokenSource> source_;
};

TEST_F(TokenTest, AnInstanceAsksItsMetadataAndAgainBeforeTheEnd) {
  int asked = 0;
  harness_.http->set_handler([&](const http::Request& request) {
    EXPECT_EQ(request.url,
              "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/"
              "token?scopes=the+scope");
    EXPECT_EQ(request.headers.get("Metadata-Flavor"), "Google");
    return answer(200, "application/json",
                  R"({"access_token": "t)" + std::to_string(++asked) + R"(", "expires_in": 3600})");
  });
  EXPECT_EQ(get(), "t1");
  EXPECT_EQ(get(), "t1");
  harness_.loop.advance(std::chrono::minutes(59));
  EXPECT_EQ(get(), "t2");
}

TEST_F(TokenTest, AServiceAccountAsksWithAnAssertion) {
  std::string pem = pem_of(test_key().get());
  std::string escaped;
  for (const char c : pem) escaped += c == '\n' ? std::string("\\n") : std::string(1, c);
  ASSERT_TRUE(
      files_->write_file_atomically("/key.json",
                                    R"({"type": "service_account", "client_email": "a@b", "private_key": ")" +
                                        escaped + R"(", "token_uri": "https://t/"})",
                                    0600, false));
  environment_["GOOGLE_APPLICATION_CREDENTIALS"] = "/key.json";
  harness_.http->set_handler([](const http::Request& request) {
    EXPECT_EQ(request.url, "https://t/");
    EXPECT_THAT(http::testing::body_of(request), HasSubstr("jwt-bearer&assertion=ey"));
    return answer(200, "application/json", R"({"access_token": "t", "expires_in": 3600})");
  });
  EXPECT_EQ(get(), "t");
}

TEST_F(TokenTest, SaysWhatIsWrong) {
  environment_["GOOGLE_APPLICATION_CREDENTIALS"] = "/none";
  EXPECT_THAT(get(), HasSubstr("Google credentials: open /none: "));
  ASSERT_TRUE(files_->write_file_atomically("/none", R"({"type": "external_account"})", 0600, false));
  EXPECT_EQ(get(), "Google credentials: credentials of the type \"external_account\" cannot be used");
}

}  // namespace
}  // namespace invar::google
