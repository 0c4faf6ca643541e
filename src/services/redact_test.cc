#include "services/redact.h"

#include <gtest/gtest.h>

#include "component/http_client_schema.h"

namespace invar::services {
namespace {

struct Endpoint {
  std::string url;
  std::map<std::string, std::string> headers;
  http::ClientConfig client;
  bool operator==(const Endpoint&) const = default;
};
struct Arguments {
  std::vector<Endpoint> endpoints;
  std::map<std::string, std::string> labels;
  bool operator==(const Arguments&) const = default;
};

const syntax::Schema* schema_of(std::string_view name) {
  static const syntax::Schema endpoint = syntax::SchemaBuilder<Endpoint>()
                                             .attribute("url", &Endpoint::url, "Url.")
                                             .attribute("headers", &Endpoint::headers, "Headers.")
                                             .squash(&Endpoint::client, component::http_client_schema())
                                             .build();
  static const syntax::Schema arguments = syntax::SchemaBuilder<Arguments>()
                                              .block("endpoint", &Arguments::endpoints, endpoint, "Endpoint.")
                                              .attribute("labels", &Arguments::labels, "Labels.")
                                              .build();
  return name == "test.write" ? &arguments : nullptr;
}

std::string redact(const std::string& text) {
  return redacted_source("config.alloy", text, schema_of);
}

std::string in_endpoint(const std::string& body) {
  const std::string shown = redact("test.write \"w\" {\n\tendpoint {\n" + body + "\n\t}\n}\n");
  const std::string before = "test.write \"w\" {\n\tendpoint {\n";
  const std::string after = "\n\t}\n}\n";
  EXPECT_TRUE(shown.starts_with(before) && shown.ends_with(after)) << shown;
  return shown.substr(before.size(), shown.size() - before.size() - after.size());
}

TEST(Redact, EveryLiteralBelowASecretArgument) {
  const struct {
    const char* written;
    const char* shown;
  } cases[] = {
      {"bearer_token = \"s3\"", "\t\tbearer_token = \"(secret)\""},
      {"bearer_token = `s3`", "\t\tbearer_token = \"(secret)\""},
      {"bearer_token = \"s\" + sys.env(\"3\")", "\t\tbearer_token = \"(secret)\" + sys.env(\"(secret)\")"},
      {"bearer_token = local.file.x.content", "\t\tbearer_token = local.file.x.content"},
      {"bearer_token = f((\"s3\"), a[\"s3\"].b, -3, {k = \"s3\"}[\"k\"])",
       "\t\tbearer_token = f((\"(secret)\"), a[\"(secret)\"].b, -\"(secret)\", {k = "
       "\"(secret)\"}[\"(secret)\"])"},
      {"http_headers = {\"X-Key\" = [\"s3\", s.y]}", "\t\thttp_headers = {\"X-Key\" = [\"(secret)\", s.y]}"},
      {"proxy_connect_header = {\"X-Key\" = [\"s3\"]}",
       "\t\tproxy_connect_header = {\"X-Key\" = [\"(secret)\"]}"},
      {"basic_auth {\nusername = \"u\"\npassword = \"s3\"\n}",
       "\t\tbasic_auth {\n\t\t\tusername = \"u\"\n\t\t\tpassword = \"(secret)\"\n\t\t}"},
      {"oauth2 {\ntls_config {\nkey_pem = \"s3\"\n}\n}",
       "\t\toauth2 {\n\t\t\ttls_config {\n\t\t\t\tkey_pem = \"(secret)\"\n\t\t\t}\n\t\t}"},
      {"url = \"http://h/\"\nenable_http2 = true",
       "\t\turl          = \"http://h/\"\n\t\tenable_http2 = true"},
      {"headers = {\"X-Scope-OrgID\" = \"1\", \"Authorization\" = \"s3\"}",
       "\t\theaders = {\"X-Scope-OrgID\" = \"1\", \"Authorization\" = \"(secret)\"}"},
  };
  for (const auto& c : cases) EXPECT_EQ(in_endpoint(c.written), c.shown);
}

TEST(Redact, WhatNoSchemaDescribesIsHiddenWhole) {
  EXPECT_EQ(in_endpoint("bearer_tokn = \"s3\""), "\t\tbearer_tokn = \"(secret)\"");
  EXPECT_EQ(in_endpoint("basic_auth = {password = \"s3\"}"), "\t\tbasic_auth = {password = \"(secret)\"}");
  EXPECT_EQ(in_endpoint("basic_aut {\npassword = [\"s3\", 3]\n}"),
            "\t\tbasic_aut {\n\t\t\tpassword = [\"(secret)\", \"(secret)\"]\n\t\t}");
  EXPECT_EQ(redact("remotecfg {\n\turl = \"s3\"\n}\n"), "remotecfg {\n\turl = \"(secret)\"\n}\n");
  EXPECT_EQ(redact("password = \"s3\"\n"), "password = \"(secret)\"\n");
}

TEST(Redact, PasswordsInUrls) {
  EXPECT_EQ(in_endpoint("url = \"http://u:s3@h/p?q\\n\""), "\t\turl = \"http://u:xxxxx@h/p?q\\n\"");
  EXPECT_EQ(in_endpoint("proxy_url = `socks5://u:s3@h:1`"), "\t\tproxy_url = \"socks5://u:xxxxx@h:1\"");
  EXPECT_EQ(in_endpoint("url = `a\\b`"), "\t\turl = `a\\b`");
  const struct {
    const char* text;
    const char* shown;
  } cases[] = {
      {"", ""},
      {"//", "//"},
      {"http://h:80/p@x", "http://h:80/p@x"},
      {"http://u@h:80/", "http://u@h:80/"},
      {"http://u:@h", "http://u:xxxxx@h"},
      {"http://u:s@s:s@h", "http://u:xxxxx@h"},
      {"http://u:s/s@h", "http://u:xxxxx@h"},
      {"http://a:s@b, http://c:s@d x:y@z", "http://a:xxxxx@b, http://c:xxxxx@d x:y@z"},
      {"http://[::1]:80/", "http://[::1]:80/"},
  };
  for (const auto& c : cases) EXPECT_EQ(without_url_passwords(c.text), c.shown);
}

TEST(Redact, QuotedTextInComments) {
  EXPECT_EQ(
      redact("// password = \"s\\\"3\" // `s3`\n/* \"s3 */\n// see http://u:s3@h\n//plain\n"),
      "// password = \"(secret)\" // \"(secret)\"\n/* \"(secret)\"*/\n// see http://u:xxxxx@h\n//plain\n");
}

TEST(Redact, TheRestIsFormattedAndKept) {
  EXPECT_EQ(redact("test.write   \"w\" {\nlabels={\"a\"=\"b\"} // why\n}"),
            "test.write \"w\" {\n\tlabels = {\"a\" = \"b\"} // why\n}\n");
}

TEST(Redact, TextThatDoesNotParseIsLeftOut) {
  const std::string shown = redact("test.write \"w\" {\n\tpassword = \"s3\"\n");
  EXPECT_TRUE(shown.starts_with("// This file does not parse.")) << shown;
  EXPECT_EQ(shown.find("s3"), std::string::npos);
}

}  // namespace
}  // namespace invar::services
