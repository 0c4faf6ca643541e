#include "components/remote/vault/vault.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "aws/sign.h"
#include "codec/base64.h"
#include "component/json_fields.h"
#include "component/testing/component_harness.h"
#include "components/remote/vault/arguments.h"
#include "fs/testing/memory_fs.h"
#include "http/testing/packed.h"
#include "syntax/testing/evaluation.h"

namespace invar::components::remote_vault {
namespace {

using component::HealthState;
using http::testing::answer;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr const char* kLogin =
    R"({"auth": {"client_token": "tok", "lease_duration": 3600, "renewable": true}})";
constexpr const char* kMountV2 =
    R"({"data": {"path": "secret/", "type": "kv", "options": {"version": "2"}}})";
constexpr const char* kSecretV2 =
    R"({"lease_duration": 0, "data": {"data": {"token": "hush", "n": 5}, "metadata": {"version": 1}}})";

class VaultTest : public ::testing::Test {
 protected:
  VaultTest() {
    arguments_.server = "http://vault:8200/";
    arguments_.path = "secret/shop/push";
    answers_["GET sys/internal/ui/mounts/secret/shop/push"] = {200, kMountV2};
    answers_["GET secret/data/shop/push"] = {200, kSecretV2};
    harness_.http->set_handler([this](const http::Request& request) {
      if (!request.url.starts_with("http://vault:8200/")) {
        asked_elsewhere_.push_back(request);
        const auto found = others_.find(request.url);
        return found == others_.end() ? answer(404, "text/plain", "no") : answer(200, "", found->second);
      }
      asked_.push_back(request);
      const std::string path = request.url.substr(std::string_view("http://vault:8200/v1/").size());
      const auto found = answers_.find(request.method + " " + path);
      if (found == answers_.end())
        return answer(403, "application/json", R"({"errors": ["permission denied"]})");
      return answer(found->second.first, "application/json", found->second.second);
    });
    registration_.name = "remote.vault";
    registration_.arguments = &arguments_schema;
    registration_.exports = &exports_schema;
    registration_.build = [this](component::Options options, const component::Boxed& arguments) {
      options.files = files_;
      return build(
          {}, [this](const char* name) { return environment_[name]; }, std::move(options), arguments);
    };
  }
  void start() {
    ASSERT_TRUE(harness_.build(registration_, arguments_));
    harness_.component->start();
    harness_.loop.run_until_idle();
  }
  void with_token() { arguments_.token = TokenAuth{{"root"}}; }
  void with_approle() {
    arguments_.approle.emplace();
    arguments_.approle->role_id = "r1";
    arguments_.approle->secret.value = "s1";
    answers_["POST auth/approle/login"] = {200, kLogin};
  }
  [[nodiscard]] std::string token() const {
    if (harness_.exports.empty()) return "none";
    const auto& data = harness_.exports.back().as<Exports>().data;
    return data.contains("token") ? data.at("token").value : "no token";
  }
  [[nodiscard]] int asked(const std::string& path) const {
    int count = 0;
    for (const auto& request : asked_) count += request.url.ends_with("/v1/" + path) ? 1 : 0;
    return count;
  }
  [[nodiscard]] component::Health health() const { return *harness_.component->health(); }

  std::shared_ptr<fs::testing::MemoryFileSystem> files_ = fs::testing::MemoryFileSystem::create();
  std::map<std::string, std::pair<int, std::string>> answers_;
  std::map<std::string, std::string> others_;  // what other servers answer, by URL
  std::map<std::string, std::string> environment_;
  std::vector<http::Request> asked_, asked_elsewhere_;
  Arguments arguments_;
  component::Registration registration_;
  component::testing::ComponentHarness harness_{"remote.vault.x"};
};

TEST_F(VaultTest, AnswersMayComePacked) {
  with_token();
  harness_.http->set_handler([this](const http::Request& request) {
    const std::string path = request.url.substr(std::string_view("http://vault:8200/v1/").size());
    return http::testing::packed(
        answer(200, "application/json", answers_[request.method + " " + path].second));
  });
  start();
  EXPECT_EQ(token(), "hush");
}

TEST_F(VaultTest, ReadsASecretOfVersion2WithAToken) {
  arguments_.space = "team";
  with_token();
  start();
  EXPECT_EQ(token(), "hush");
  EXPECT_EQ(harness_.exports.back().as<Exports>().data.size(), 1u) << "what is no text is left out";
  EXPECT_EQ(asked_.back().headers.get("X-Vault-Token"), "root");
  EXPECT_EQ(asked_.back().headers.get("X-Vault-Namespace"), "team");
  EXPECT_EQ(health().message, "read the secret");
  harness_.loop.advance(std::chrono::hours(24 * 30));
  EXPECT_EQ(asked("secret/data/shop/push"), 1) << "without a lease and a frequency it is read once";
}

TEST_F(VaultTest, ReadsASecretOfVersion1AndAgainWhenItsLeaseEnds) {
  with_token();
  answers_["GET sys/internal/ui/mounts/secret/shop/push"] = {
      200, R"({"data": {"path": "secret/", "type": "kv", "options": null}})"};
  answers_["GET secret/shop/push"] = {200, R"({"lease_duration": 600, "data": {"token": "one"}})"};
  start();
  EXPECT_EQ(token(), "one");
  answers_["GET secret/shop/push"] = {200, R"({"lease_duration": 600, "data": {"token": "two"}})"};
  harness_.loop.advance(seconds(600));
  EXPECT_EQ(token(), "two");
}

TEST_F(VaultTest, ASecretThatWasMadeForUsIsRenewedAndReplacedAtItsEnd) {
  with_token();
  answers_["GET sys/internal/ui/mounts/secret/shop/push"] = {
      200, R"({"data": {"path": "secret/", "type": "database", "options": null}})"};
  const auto secret = [](const std::string& lease) {
    return std::pair(200, R"({"lease_id": "l/1", "renewable": true, "lease_duration": )" + lease +
                              R"(, "data": {"token": "one"}})");
  };
  answers_["GET secret/shop/push"] = answers_["PUT sys/leases/renew"] = secret("3600");
  start();
  harness_.loop.advance(minutes(81));
  EXPECT_EQ(asked("sys/leases/renew"), 2) << "at 40 and 80 minutes";
  EXPECT_EQ(http::testing::body_of(asked_.back()), R"({"lease_id":"l/1","increment":3600})");
  EXPECT_EQ(asked_.back().headers.get("X-Vault-Token"), "root");
  EXPECT_EQ(asked("secret/shop/push"), 1);
  answers_["PUT sys/leases/renew"] = secret("60");
  harness_.loop.advance(minutes(40));
  EXPECT_EQ(asked("secret/shop/push"), 2) << "its time is over";
  answers_.erase("PUT sys/leases/renew");
  harness_.loop.advance(minutes(41));
  EXPECT_EQ(asked("secret/shop/push"), 3) << "who may not renew asks for another one";
  EXPECT_EQ(harness_.metric_lines("remote_vault_secret_lease_renewal_total"),
            "remote_vault_secret_lease_renewal_total{component_id=\"remote.vault.x\"} 2\n");
}

TEST_F(VaultTest, TheEnginesPathMayHaveSlashesAndBeUnknown) {
  with_token();
  arguments_.path = "long/engine";
  arguments_.key = "shop/push";
  answers_["GET long/engine/data/shop/push"] = {200, kSecretV2};
  start();
  EXPECT_EQ(token(), "hush");
}

TEST_F(VaultTest, ItIsReadAgainAtItsFrequency) {
  with_token();
  arguments_.reread_frequency = minutes(5);
  start();
  answers_["GET secret/data/shop/push"] = {200, R"({"data": {"data": {"token": "new"}}})"};
  harness_.loop.advance(minutes(5));
  EXPECT_EQ(token(), "new");
}

TEST_F(VaultTest, LogsInAndKeepsTheTokenAlive) {
  with_approle();
  answers_["POST auth/token/renew-self"] = {200, kLogin};
  start();
  EXPECT_EQ(token(), "hush");
  EXPECT_EQ(http::testing::body_of(asked_[0]), R"({"role_id":"r1","secret_id":"s1"})");
  EXPECT_EQ(asked_.back().headers.get("X-Vault-Token"), "tok");
  harness_.loop.advance(minutes(81));
  EXPECT_EQ(asked("auth/token/renew-self"), 2) << "at 40 and 80 minutes";
  EXPECT_EQ(asked("auth/approle/login"), 1);
  answers_.erase("POST auth/token/renew-self");
  harness_.loop.advance(minutes(40));
  EXPECT_EQ(asked("auth/approle/login"), 2) << "a token that cannot be renewed is replaced";
  EXPECT_EQ(harness_.metric_lines("remote_vault_auth_lease_renewal_total"),
            "remote_vault_auth_lease_renewal_total{component_id=\"remote.vault.x\"} 2\n");
}

TEST_F(VaultTest, ARefusedTokenIsReplacedOnce) {
  with_approle();
  arguments_.reread_frequency = minutes(1);
  start();
  answers_.erase("GET secret/data/shop/push");
  harness_.loop.advance(minutes(1));
  EXPECT_EQ(asked("auth/approle/login"), 2);
  EXPECT_EQ(token(), "hush");
  EXPECT_EQ(health().state, HealthState::kUnhealthy);
  EXPECT_EQ(health().message,
            "polling failed: Vault at http://vault:8200, GET secret/data/shop/push: 403 Forbidden: "
            "permission denied");
  EXPECT_EQ(harness_.log_count("hush") + harness_.log_count("s1") + harness_.log_count("tok"), 0);
}

TEST_F(VaultTest, EveryMethodLogsIn) {
  ASSERT_TRUE(files_->write_file_atomically("/jwt", "jwt\n", 0600, false));
  const struct {
    std::function<void(Arguments&)> auth;
    const char *path, *body;
  } rows[] = {
      {[](Arguments& a) {
         a.kubernetes.emplace();
         a.kubernetes->role = "r";
         a.kubernetes->service_account_file = "/jwt";
       },
       "auth/kubernetes/login", R"({"jwt":"jwt","role":"r"})"},
      {[](Arguments& a) {
         a.userpass.emplace();
         a.userpass->username = "u";
         a.userpass->password.value = "p";
       },
       "auth/userpass/login/u", R"({"password":"p"})"},
      {[](Arguments& a) {
         a.ldap.emplace();
         a.ldap->username = "u";
         a.ldap->password.value = "p";
       },
       "auth/ldap/login/u", R"({"password":"p"})"},
      {[](Arguments& a) {
         a.custom.emplace();
         a.custom->path = "auth/own/login";
         a.custom->data["k"].value = "v";
       },
       "auth/own/login", R"({"k":"v"})"},
  };
  for (const auto& row : rows) {
    const Arguments plain = arguments_;
    row.auth(arguments_);
    answers_["POST " + std::string(row.path)] = {200, kLogin};
    asked_.clear();
    start();
    EXPECT_EQ(token(), "hush") << row.path;
    EXPECT_EQ(http::testing::body_of(asked_[0]), row.body);
    harness_.stop();
    harness_.exports.clear();
    arguments_ = plain;
  }
}

// What AWS' command line and Vault's own agent send; the signature itself is checked in aws/sign_test.cc against AWS' vectors.
TEST_F(VaultTest, AnAwsIdentityIsARequestThatVaultMaySend) {
  arguments_.aws.emplace();
  arguments_.aws->type = "iam";
  arguments_.aws->role = "r";
  arguments_.aws->iam_server_id_header = "vault.example.com";
  environment_ = {
      {"AWS_ACCESS_KEY_ID", "AKID"}, {"AWS_SECRET_ACCESS_KEY", "hush"}, {"AWS_SESSION_TOKEN", "st"}};
  answers_["POST auth/aws/login"] = {200, kLogin};
  start();
  EXPECT_EQ(token(), "hush");
  const auto login = *component::parse_answer(http::testing::body_of(asked_[0]));
  const auto plain = [&login](const char* name) {
    return *codec::from_base64(component::text_field(login, name));
  };
  EXPECT_EQ(component::text_field(login, "role"), "r");
  EXPECT_EQ(component::text_field(login, "iam_http_request_method"), "POST");
  EXPECT_EQ(plain("iam_request_url"), "https://sts.amazonaws.com/");
  EXPECT_EQ(plain("iam_request_body"), "Action=GetCallerIdentity&Version=2011-06-15");
  const auto headers = *component::parse_answer(plain("iam_request_headers"));
  const auto header = [&headers](const char* name) {
    return component::text_of(component::items_of(component::field(headers, name))[0]);
  };
  EXPECT_EQ(header("X-Vault-AWS-IAM-Server-ID"), "vault.example.com");
  EXPECT_EQ(header("X-Amz-Security-Token"), "st");
  http::Request again;
  again.method = "POST";
  again.url = "https://sts.amazonaws.com/";
  again.body_head = plain("iam_request_body");
  again.headers.set("Content-Type", header("Content-Type"));
  again.headers.set("X-Vault-AWS-IAM-Server-ID", "vault.example.com");
  ASSERT_TRUE(aws::sign(again, {"AKID", {"hush"}, {"st"}}, {"us-east-1", "sts"}, harness_.loop.unix_ns()));
  EXPECT_EQ(header("Authorization"), again.headers.get("Authorization"));

  harness_.stop();
  harness_.exports.clear();
  arguments_.aws->region = "eu-west-1";
  asked_.clear();
  start();
  const auto second = *component::parse_answer(http::testing::body_of(asked_[0]));
  EXPECT_EQ(*codec::from_base64(component::text_field(second, "iam_request_url")),
            "https://sts.eu-west-1.amazonaws.com/");
}

TEST_F(VaultTest, AnInstanceShowsWhatAwsSignedAndComesAgainWithTheNonce) {
  arguments_.aws.emplace();
  arguments_.aws->type = "ec2";
  arguments_.aws->role = "r";
  const std::string metadata = "http://metadata.test/latest/";
  environment_["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://metadata.test/";
  others_[metadata + "api/token"] = "session\n";
  others_[metadata + "dynamic/instance-identity/pkcs7"] = "MII\nAB\n";
  others_[metadata + "dynamic/instance-identity/document"] = "{}\n";
  others_[metadata + "dynamic/instance-identity/signature"] = "sig\nned";
  answers_["POST auth/aws/login"] = {
      200,
      R"({"auth": {"client_token": "tok", "lease_duration": 3600, "renewable": false, "metadata": {"nonce": "n1"}}})"};
  start();
  EXPECT_EQ(token(), "hush");
  EXPECT_EQ(http::testing::body_of(asked_[0]), R"({"role":"r","pkcs7":"MIIAB"})");
  EXPECT_EQ(asked_elsewhere_[0].method, "PUT");
  EXPECT_EQ(asked_elsewhere_[1].headers.get("X-aws-ec2-metadata-token"), "session");

  arguments_.aws->ec2_signature_type = "identity";
  asked_.clear();
  ASSERT_TRUE(harness_.component->update(component::Boxed::of(arguments_schema(), Arguments(arguments_))));
  harness_.loop.run_until_idle();
  EXPECT_EQ(http::testing::body_of(asked_[0]),
            R"({"role":"r","identity":"e30K","signature":"signed","nonce":"n1"})");
  harness_.http->set_handler([](const http::Request&) { return answer(401, "text/plain", "no"); });
  harness_.loop.advance(minutes(41));
  EXPECT_THAT(health().message, HasSubstr("auth.aws: PUT http://metadata.test/latest/api/token: 401"));
}

TEST_F(VaultTest, AMachineOfAzureSaysWhereItIs) {
  arguments_.azure.emplace();
  arguments_.azure->role = "r";
  answers_["POST auth/azure/login"] = {200, kLogin};
  others_
      ["http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource="
       "https%3A%2F%2Fmanagement.azure.com%2F"] = R"({"access_token": "jwt", "expires_in": "3599"})";
  others_["http://169.254.169.254/metadata/instance?api-version=2021-02-01"] =
      R"({"compute": {"name": "vm1", "resourceGroupName": "group", "subscriptionId": "sub", "vmScaleSetName": ""}})";
  start();
  EXPECT_EQ(token(), "hush");
  EXPECT_EQ(
      http::testing::body_of(asked_[0]),
      R"({"role":"r","jwt":"jwt","subscription_id":"sub","resource_group_name":"group","vm_name":"vm1","vmss_name":""})");
}

TEST_F(VaultTest, GoogleSignsForMachinesAndServiceAccounts) {
  arguments_.gcp.emplace();
  arguments_.gcp->role = "r";
  arguments_.gcp->type = "gce";
  answers_["POST auth/gcp/login"] = {200, kLogin};
  const std::string google =
      "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/";
  others_[google + "identity?audience=http%3A%2F%2Fvault%3A8200%2Fvault%2Fr&format=full"] = "a.b.c\n";
  start();
  EXPECT_EQ(token(), "hush");
  EXPECT_EQ(http::testing::body_of(asked_[0]), R"({"role":"r","jwt":"a.b.c"})");

  harness_.stop();
  harness_.exports.clear();
  asked_.clear();
  arguments_.gcp->type = "iam";
  arguments_.gcp->iam_service_account = "a@p.iam.gserviceaccount.com";
  others_[google + "token?scopes=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform"] =
      R"({"access_token": "at", "expires_in": 3600})";
  others_
      ["https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
       "a@p.iam.gserviceaccount.com:signJwt"] = R"({"keyId": "k", "signedJwt": "d.e.f"})";
  start();
  EXPECT_EQ(token(), "hush");
  EXPECT_EQ(http::testing::body_of(asked_[0]), R"({"role":"r","jwt":"d.e.f"})");
}

TEST_F(VaultTest, ACloudThatSaysNothingIsNamed) {
  arguments_.azure.emplace();
  arguments_.azure->role = "r";
  start();
  EXPECT_EQ(health().state, HealthState::kUnhealthy);
  EXPECT_THAT(health().message,
              HasSubstr("auth.azure: GET http://169.254.169.254/metadata/identity/oauth2/token"));
}

TEST_F(VaultTest, AWrappedSecretIdIsUnwrapped) {
  with_approle();
  arguments_.approle->wrapping_token = true;
  answers_["POST sys/wrapping/unwrap"] = {200, R"({"data": {"secret_id": "s2"}})"};
  start();
  EXPECT_EQ(asked_[0].headers.get("X-Vault-Token"), "s1");
  EXPECT_EQ(http::testing::body_of(asked_[1]), R"({"role_id":"r1","secret_id":"s2"})");
  EXPECT_EQ(token(), "hush");
}

TEST_F(VaultTest, AServerThatFailsIsAskedAgain) {
  with_token();
  answers_["GET secret/data/shop/push"] = {503, R"({"errors": ["Vault is sealed"]})"};
  start();
  harness_.loop.advance(seconds(4));
  EXPECT_EQ(asked("secret/data/shop/push"), 3);
  EXPECT_THAT(health().message, HasSubstr("503 Service Unavailable: Vault is sealed"));
  answers_["GET secret/data/shop/push"] = {200, kSecretV2};
  harness_.loop.advance(seconds(30));
  EXPECT_EQ(token(), "hush");
}

TEST_F(VaultTest, ArgumentsAreChecked) {
  const auto checked = [this](const std::function<void(Arguments&)>& change) {
    Arguments a = arguments_;
    change(a);
    const auto result = arguments_schema().check(&a);
    return result ? std::string() : result.error().message;
  };
  EXPECT_EQ(checked([](Arguments&) {}), "exactly one auth.* block must be specified; found none");
  EXPECT_EQ(checked([](Arguments& a) {
              a.token.emplace();
              a.ldap.emplace();
            }),
            "exactly one auth.* block must be specified; found 2");
  EXPECT_EQ(checked([](Arguments& a) {
              a.token.emplace();
              a.path = "secret";
            }),
            "missing mount path in \"secret\"");
  EXPECT_EQ(checked([](Arguments& a) { a.token.emplace(); }), "");
  const auto decoded = [](const std::string& auth) {
    Arguments a;
    return syntax::testing::decode_text("server = \"http://vault\"\npath = \"secret/x\"\n" + auth,
                                        arguments_schema(), &a);
  };
  const std::string token = "auth.token {\n token = \"t\"\n}\n";
  EXPECT_EQ(decoded(token + "client_options {\n min_retry_wait = \"5s\"\n}\n"), "")
      << "nobody wrote the longest";
  EXPECT_THAT(decoded(token + "client_options {\n min_retry_wait = \"5s\"\n max_retry_wait = \"1s\"\n}\n"),
              HasSubstr("max_retry_wait must not be less than min_retry_wait"));
  EXPECT_THAT(decoded("auth.token {\n token = \"t\\n\"\n}\n"), HasSubstr("ends in a line break"));
  EXPECT_EQ(ClientOptions{.min_retry_wait = seconds(5)}.longest_wait(), seconds(5));
  EXPECT_EQ(decoded("auth.aws {\ntype = \"ec2\"\n}\n"), "");
  EXPECT_THAT(decoded("auth.aws {\ntype = \"ec2\"\nec2_signature_type = \"pkcs\"\n}\n"),
              HasSubstr("did you mean \"pkcs7\"?"));
  EXPECT_THAT(decoded("auth.aws {\ntype = \"iaam\"\n}\n"), HasSubstr("did you mean \"iam\"?"));
  EXPECT_THAT(decoded("auth.gcp {\nrole = \"r\"\ntype = \"iam\"\n}\n"),
              HasSubstr("iam_service_account must be set with type = \"iam\""));
  EXPECT_EQ(decoded("auth.gcp {\nrole = \"r\"\ntype = \"gce\"\n}\n"), "");
  EXPECT_EQ(decoded("auth.azure {\nrole = \"r\"\n}\n"), "");
}

}  // namespace
}  // namespace invar::components::remote_vault
