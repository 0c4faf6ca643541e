#include "component/http_client_schema.h"

#include <gtest/gtest.h>

#include "syntax/json.h"
#include "syntax/testing/evaluation.h"

namespace invar::component {
namespace {

using http::ClientConfig;
using syntax::testing::check_text;
using syntax::testing::decode_text;

std::string load(std::string_view body) {
  ClientConfig config;
  return decode_text(body, http_client_schema(), &config);
}

constexpr std::string_view kEveryArgument = R"(
  bearer_token           = "t"
  proxy_url              = "http://user:pass@proxy:3128"
  no_proxy               = "10.0.0.0/8"
  proxy_connect_header   = {"X-A" = ["1", "2"]}
  follow_redirects       = false
  enable_http2           = false
  http_headers           = {"X-Scope-OrgID" = ["tenant"]}
  tls_config {
    ca_pem               = "-----BEGIN ca"
    cert_file            = "/c"
    key_pem              = "-----BEGIN k"
    server_name          = "s"
    insecure_skip_verify = true
    min_version          = "TLS13"
  }
)";

TEST(HttpClientSchema, EveryArgumentArrives) {
  ClientConfig config;
  ASSERT_EQ(decode_text(kEveryArgument, http_client_schema(), &config), "");
  ClientConfig want;
  want.bearer_token = {"t"};
  want.proxy.proxy_url = "http://user:pass@proxy:3128";
  want.proxy.no_proxy = "10.0.0.0/8";
  want.proxy.proxy_connect_header = {{"X-A", {{"1"}, {"2"}}}};
  want.follow_redirects = want.enable_http2 = false;
  want.http_headers = {{"X-Scope-OrgID", {{"tenant"}}}};
  want.tls.emplace();
  want.tls->ca_pem = "-----BEGIN ca";
  want.tls->cert_file = "/c";
  want.tls->key_pem = {"-----BEGIN k"};
  want.tls->server_name = "s";
  want.tls->insecure_skip_verify = true;
  want.tls->min_version = "TLS13";
  EXPECT_EQ(config, want);
}

TEST(HttpClientSchema, BlocksArrive) {
  ClientConfig config;
  ASSERT_EQ(decode_text(R"(oauth2 {
      client_id = "i"
      client_secret_file = "/f"
      scopes = ["a", "b"]
      token_url = "http://t"
      endpoint_params = {x = "y"}
      proxy_from_environment = true
      tls_config { server_name = "s" }
    })",
                        http_client_schema(), &config),
            "");
  ASSERT_TRUE(config.oauth2);
  EXPECT_EQ(config.oauth2->client_secret_file, "/f");
  EXPECT_EQ(config.oauth2->scopes, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(config.oauth2->endpoint_params.at("x"), "y");
  EXPECT_TRUE(config.oauth2->proxy.proxy_from_environment);
  EXPECT_EQ(config.oauth2->tls->server_name, "s");
  ClientConfig basic;
  ASSERT_EQ(
      decode_text("basic_auth {\n username = \"u\"\n password = \"p\"\n}", http_client_schema(), &basic), "");
  EXPECT_EQ(basic.basic_auth->password.value, "p");
  ClientConfig generic;
  ASSERT_EQ(
      decode_text("authorization {\n type = \"X\"\n credentials = \"c\"\n}", http_client_schema(), &generic),
      "");
  EXPECT_EQ(generic.authorization->credentials.value, "c");
}

TEST(HttpClientSchema, DefaultsAreThoseOfTheTable) {
  const ClientConfig config;
  EXPECT_TRUE(config.follow_redirects);
  EXPECT_TRUE(config.enable_http2);
  EXPECT_FALSE(config.proxy.proxy_from_environment);
  EXPECT_FALSE(config.basic_auth || config.authorization || config.oauth2 || config.tls);
}

// http-client.md 2, row by row. Where a rule names no attribute, the controller adds the place of the block.
TEST(HttpClientSchema, RefusedConfigurationsSayWhyInTheDocumentedWords) {
  const struct {
    const char* body;
    const char* want;
  } rows[] = {
      {"bearer_token = \"a\"\nbearer_token_file = \"b\"",
       "at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file must be "
       "configured"},
      {"basic_auth { }\nauthorization { }",
       "at most one of basic_auth, authorization, oauth2, bearer_token & bearer_token_file must be "
       "configured"},
      {"basic_auth {\n password = \"a\"\n password_file = \"b\"\n}",
       "at most one of basic_auth password & password_file must be configured"},
      {"authorization {\n credentials = \"a\"\n credentials_file = \"b\"\n}",
       "at most one of authorization credentials & credentials_file must be configured"},
      {"authorization { type = \" Basic \" }",
       "authorization type cannot be set to \"basic\", use \"basic_auth\" block instead"},
      {"oauth2 { }", "oauth2 client_id must be configured"},
      {"oauth2 { client_id = \"i\" }",
       "either oauth2 client_secret or client_secret_file must be configured"},
      {"oauth2 {\n client_id = \"i\"\n client_secret = \"s\"\n}", "oauth2 token_url must be configured"},
      {"oauth2 {\n client_id = \"i\"\n client_secret = \"s\"\n client_secret_file = \"f\"\n token_url = "
       "\"http://t\"\n}",
       "at most one of oauth2 client_secret & client_secret_file must be configured"},
      {"oauth2 {\n client_id = \"i\"\n client_secret = \"s\"\n token_url = \"http://t\"\n no_proxy = "
       "\"x\"\n}",
       "if no_proxy is configured, proxy_url must also be configured"},
      {"tls_config {\n ca_pem = \"a\"\n ca_file = \"b\"\n}",
       "at most one of ca_pem and ca_file must be configured"},
      {"tls_config {\n cert_pem = \"a\"\n cert_file = \"b\"\n}",
       "at most one of cert_pem and cert_file must be configured"},
      {"tls_config {\n key_pem = \"a\"\n key_file = \"b\"\n}",
       "at most one of key_pem and key_file must be configured"},
      {"tls_config { cert_pem = \"a\" }",
       "exactly one of key_pem or key_file must be configured when a client certificate is configured"},
      {"tls_config { key_pem = \"a\" }",
       "exactly one of cert_pem or cert_file must be configured when a client key is configured"},
      {"tls_config { ca_pem = \"/etc/ca.crt\" }",
       "ca_pem is no PEM text, which begins with -----BEGIN; the path of a file belongs into ca_file"},
      {"tls_config { min_version = \"TLS9\" }",
       "unknown TLS version \"TLS9\"; it is one of TLS10, TLS11, TLS12 and TLS13"},
      {"tls_config { min_version = \"\" }", "unknown TLS version \"\"; it is one of"},
      {"proxy_connect_header = {\"a\" = [\"b\"]}",
       "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured"},
      {"proxy_from_environment = true\nproxy_url = \"http://p\"",
       "if proxy_from_environment is configured, proxy_url must not be configured"},
      {"proxy_from_environment = true\nno_proxy = \"x\"",
       "if proxy_from_environment is configured, no_proxy must not be configured"},
      {"no_proxy = \"x\"", "if no_proxy is configured, proxy_url must also be configured"},
      {"http_headers = {\"user-agent\" = [\"x\"]}", "setting header \"User-Agent\" is not allowed"},
      {"http_headers = {\"a b\" = [\"x\"]}", "\"a b\" is not a header name"},
      {"proxy_url = \"ftp://p\"", "unsupported scheme \"ftp\" in proxy_url"},
      {"proxy_url = \"proxy:3128\"", "not a usable URL"},
  };
  for (const auto& row : rows) {
    const std::string text = load(row.body);
    EXPECT_NE(text.find(row.want), std::string::npos) << row.body << "\n-> " << text;
  }
}

TEST(HttpClientSchema, WhatTheOriginalAcceptsLoads) {
  for (const char* body : {
           "proxy_url = \"\"\nno_proxy = \"x\"",
           "http_headers = {\"Transfer-Encoding\" = [\"x\"], \"TE\" = [\"x\"], \"X-Empty\" = []}",
           "bearer_token = \"\"\nbasic_auth { }",
           "tls_config { }",
           "proxy_from_environment = true\nproxy_connect_header = {\"a\" = [\"b\"]}",
           "proxy_url = \"socks5://u:p@h\"",
       }) {
    EXPECT_EQ(load(body), "") << body;
  }
}

TEST(HttpClientSchema, SecretsAreNeverShown) {
  ClientConfig config;
  ASSERT_EQ(decode_text(kEveryArgument, http_client_schema(), &config), "");
  std::string shown;
  for (const auto& statement : http_client_schema().to_body(&config).statements) {
    if (statement.value) shown += statement.name + "=" + statement.value->to_text() + "\n";
  }
  EXPECT_EQ(shown.find("pass"), std::string::npos) << shown;
  EXPECT_NE(shown.find("http://user:xxxxx@proxy:3128"), std::string::npos) << shown;
  EXPECT_EQ(shown.find("tenant"), std::string::npos) << shown;
  EXPECT_NE(shown.find("bearer_token=(secret)"), std::string::npos) << shown;
}

TEST(HttpClientSchema, LiteralMistakesAreFoundWithoutEvaluation) {
  EXPECT_NE(check_text("follow_redirects = \"yes\"", http_client_schema()), "");
  EXPECT_NE(check_text("tls_config { min_version = \"TLS9\" }", http_client_schema()), "");
}

TEST(HttpClientSchema, EveryFieldIsDocumented) {
  const std::function<void(const syntax::Schema&)> walk = [&walk](const syntax::Schema& schema) {
    for (const auto& field : schema.fields()) {
      EXPECT_TRUE(field.doc.ends_with(".")) << field.name;
      if (field.block) walk(*field.block);
    }
  };
  walk(http_client_schema());
}

}  // namespace
}  // namespace invar::component
