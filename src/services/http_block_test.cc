#include "services/http_block.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include "syntax/evaluator.h"
#include "syntax/parser.h"

namespace invar::services {
namespace {

using ::testing::ElementsAre;

struct Decoded {
  HttpArguments arguments;
  std::string error;  // "" when it decodes
};
Decoded decode(const std::string& body) {
  syntax::Diagnostics diagnostics;
  const auto file = syntax::parse_file(syntax::make_source("f", body), diagnostics);
  Decoded out;
  if (file)
    syntax::decode_body(file->body, file->source, syntax::Scope{}, http_schema(), &out.arguments,
                        diagnostics);
  for (const auto& diagnostic : diagnostics) out.error = diagnostic.message;
  return out;
}

TEST(HttpBlock, AnEmptyBlockIsPlainAndOpen) {
  const Decoded decoded = decode("");
  EXPECT_EQ(decoded.error, "");
  EXPECT_FALSE(server_tls(decoded.arguments));
  EXPECT_FALSE(server_auth(decoded.arguments));
}

TEST(HttpBlock, BasicAuthWithAndWithoutAFilter) {
  const Decoded plain = decode("auth {\n basic {\n  username = \"u\"\n  password = \"p\"\n }\n}");
  ASSERT_EQ(plain.error, "");
  EXPECT_EQ(server_auth(plain.arguments)->username, "u");
  EXPECT_EQ(server_auth(plain.arguments)->password.value, "p");
  EXPECT_FALSE(server_auth(plain.arguments)->filter);

  const Decoded filtered = decode(
      "auth {\n basic {\n  username = \"u\"\n  password = \"p\"\n }\n"
      " filter {\n  paths = [\"/metrics\"]\n  authenticate_matching_paths = false\n }\n}");
  ASSERT_EQ(filtered.error, "");
  EXPECT_THAT(server_auth(filtered.arguments)->filter->paths, ElementsAre("/metrics"));
  EXPECT_FALSE(server_auth(filtered.arguments)->filter->authenticate_matching_paths);

  const Decoded only_filter = decode("auth {\n filter { }\n}");
  ASSERT_EQ(only_filter.error, "");
  EXPECT_FALSE(server_auth(only_filter.arguments));
}

TEST(HttpBlock, TlsArgumentsReachTheServer) {
  const Decoded decoded = decode(
      "tls {\n cert_file = \"c\"\n key_file = \"k\"\n client_ca_file = \"a\"\n"
      " client_auth_type = \"RequireAndVerifyClientCert\"\n"
      " cipher_suites = [\"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\"]\n curve_preferences = [\"X25519\", "
      "\"CurveP256\"]\n"
      " min_version = \"TLS12\"\n max_version = \"TLS13\"\n}");
  ASSERT_EQ(decoded.error, "");
  const auto tls = server_tls(decoded.arguments);
  EXPECT_EQ(tls->cert_file, "c");
  EXPECT_EQ(tls->key_file, "k");
  EXPECT_EQ(tls->client_ca_file, "a");
  EXPECT_EQ(tls->client_auth_type, "RequireAndVerifyClientCert");
  EXPECT_THAT(tls->cipher_suites, ElementsAre("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"));
  EXPECT_THAT(tls->curve_preferences, ElementsAre("X25519", "CurveP256"));
  EXPECT_EQ(tls->min_version, "TLS12");
  EXPECT_EQ(tls->max_version, "TLS13");

  const auto inlined = decode("tls {\n cert_pem = \"c\"\n key_pem = \"k\"\n}");
  ASSERT_EQ(inlined.error, "");
  EXPECT_EQ(server_tls(inlined.arguments)->key_pem.value, "k");
  EXPECT_EQ(server_tls(inlined.arguments)->client_auth_type, "NoClientCert");
}

TEST(HttpBlock, SaysWhatIsWrong) {
  const std::string files = "tls {\n cert_file = \"c\"\n key_file = \"k\"\n ";
  const struct {
    std::string body, message;
  } rows[] = {
      {"x = 1", "unrecognized attribute name \"x\""},
      {"auth { basic { } }", "missing required attribute \"username\""},
      {"tls { }", "must specify either cert_pem or cert_file"},
      {"tls { cert_pem = \"c\" }", "must specify either key_pem or key_file"},
      {files + "cert_pem = \"c\"\n}", "cannot specify both cert_pem and cert_file"},
      {files + "key_pem = \"k\"\n}", "cannot specify both key_pem and key_file"},
      {files + "client_ca_pem = \"c\"\n client_ca_file = \"c\"\n client_auth_type = \"RequestClientCert\"\n}",
       "cannot specify both client_ca_pem and client_ca_file"},
      {files + "client_ca_pem = \"c\"\n}",
       "cannot specify client_ca_pem or client_ca_file when client_auth_type is NoClientCert"},
      {files + "client_auth_type = \"x\"\n}",
       "\"x\" unknown client auth type \"x\"; it is one of NoClientCert, RequestClientCert, "
       "RequireAnyClientCert, "
       "VerifyClientCertIfGiven and RequireAndVerifyClientCert"},
      {files + "cipher_suites = [\"x\"]\n}", "\"x\" unknown cipher \"x\""},
      {files + "curve_preferences = [\"x\"]\n}",
       "\"x\" unknown curve \"x\"; it is one of CurveP256, CurveP384, CurveP521 and X25519"},
      {files + "min_version = \"x\"\n}",
       "\"x\" unknown TLS version \"x\"; it is one of TLS10, TLS11, TLS12 and TLS13"},
      {files + "max_version = \"TLS14\"\n}",
       "\"TLS14\" unknown TLS version \"TLS14\"; it is one of TLS10, TLS11, TLS12 and TLS13"},
      {"tls {\n windows_certificate_filter {\n  server {\n   store = \"My\"\n  }\n }\n}",
       "windows_certificate_filter exists on Windows only"},
  };
  for (const auto& row : rows) EXPECT_EQ(decode(row.body).error, row.message) << row.body;
}

}  // namespace
}  // namespace invar::services
