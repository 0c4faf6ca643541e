#include "http/url.h"

#include <gtest/gtest.h>

namespace invar::http {
namespace {

TEST(Url, PartsAreFoundAndKeptAsWritten) {
  const struct {
    const char* text;
    const char* want;  // scheme|user|host|port|path|query|fragment|host_port
  } rows[] = {
      {"http://h",
       "http||h||||"
       "|h:80"},
      {"HTTPS://Host:8443/a%2Fb?x=1&y#f", "https||Host|8443|/a%2Fb|x=1&y|f|Host:8443"},
      {"http://u:p%40@h:1/",
       "http|u:p%40|h|1|/||"
       "|h:1"},
      {"http://[::1]:8080/x",
       "http||::1|8080|/x||"
       "|[::1]:8080"},
      {"https://[fe80::1]?q", "https||fe80::1|||q||[fe80::1]:443"},
      {"http://h/a b\xC3\xA9",
       "http||h||/a%20b%C3%A9||"
       "|h:80"},
      {"socks5://p",
       "socks5||p||||"
       "|p:1080"},
      {"http://h:/x",
       "http||h||/x||"
       "|h:80"},
      {"http://a@b@c/",
       "http|a@b|c||/||"
       "|c:80"},
  };
  for (const auto& row : rows) {
    const auto url = parse_url(row.text);
    ASSERT_TRUE(url) << row.text << ": " << url.error().message;
    EXPECT_EQ(url->scheme + "|" + url->user_info + "|" + url->host + "|" + url->port + "|" + url->path + "|" +
                  url->query + "|" + url->fragment + "|" + url->host_port(),
              row.want)
        << row.text;
  }
}

TEST(Url, WhatIsWrongIsSaid) {
  const struct {
    const char* text;
    const char* want;
  } rows[] = {
      {"", "the URL is empty"},
      {"/path", "missing protocol scheme: a URL begins with http:// or https:// and a host"},
      {"127.0.0.1:80", "missing protocol scheme: write http://127.0.0.1:80"},
      {"pyroscope:4040", "missing protocol scheme: write http://pyroscope:4040"},
      {"pyroscope.example.org/x?y", "missing protocol scheme: write http://pyroscope.example.org/x?y"},
      {"::1", "missing protocol scheme: write http://[::1]"},
      {"fd00::1", "missing protocol scheme: write http://[fd00::1]"},
      {"http://::1/x", "an IPv6 address stands in brackets: write [::1]"},
      {"http://fd00::1", "an IPv6 address stands in brackets: write [fd00::1]"},
      {"http:", "no host in URL: write http://HOST"},
      {"http:/h", "no host in URL: write http://HOST"},
      {"http:///x", "no host in URL"},
      {"http://:80/", "no host in URL"},
      {"http://h:http/", "invalid port \":http\" after host"},
      {"http://h:65536/", "invalid port \":65536\" after host"},
      {"http://h:1:2/", "invalid port \":1:2\" after host"},
      {"http://[::1", "missing ']' in host"},
      {"http://[::1]x/", "invalid port \"x\" after host"},
      {"http://[x]/", "invalid IPv6 address \"[x]\" in host"},
      {"http://[[]:1/", "invalid IPv6 address \"[[]\" in host"},
      {"http://a%3Ab/", "invalid character \":\" in host name"},
      {"http://a b/", "invalid character \" \" in host name"},
      {"http://h/%zz", "invalid URL escape \"%zz\""},
      {"http://h/\r\nX: y", "invalid control character in URL"},
      {"http://%zz/", "invalid URL escape in host \"%zz\""},
  };
  for (const auto& row : rows) {
    const auto url = parse_url(row.text);
    ASSERT_FALSE(url) << row.text;
    EXPECT_EQ(url.error().message, row.want) << row.text;
  }
}

TEST(Url, AddressesThatAreSomethingElse) {
  EXPECT_EQ(address_mistake("h"), "");
  EXPECT_EQ(address_mistake("h:80"), "");
  EXPECT_EQ(address_mistake("[::1]:80"), "");
  EXPECT_EQ(address_mistake(":80"), "");
  EXPECT_EQ(address_mistake("http://h"), "\"http://h\" is a URL; write h:80");
  EXPECT_EQ(address_mistake("https://h:1/x"), "\"https://h:1/x\" is a URL; write h:1");
  EXPECT_EQ(address_mistake("://"), "\"://\" is a URL instead of host:port");
  EXPECT_EQ(address_mistake("h:1/path?query"), "\"h:1/path?query\" holds more than host and port; write h:1");
  EXPECT_EQ(address_mistake("::1"), "an IPv6 address stands in brackets: write [::1]");
}

TEST(Url, WireFormHasNoUserInfoAndNoFragment) {
  EXPECT_EQ(wire_url(*parse_url("http://u:p@h")), "http://h/");
  EXPECT_EQ(wire_url(*parse_url("https://[::1]:1/a?b#c")), "https://[::1]:1/a?b");
  EXPECT_EQ(wire_url(*parse_url("http://[fe80::1%25eth0]/")), "http://[fe80::1%25eth0]/");
}

TEST(Url, PasswordsAreRedacted) {
  EXPECT_EQ(redact_url("http://u:p@h/x?y"), "http://u:xxxxx@h/x?y");
  EXPECT_EQ(redact_url("http://u@h:1/"), "http://u@h:1/");
  EXPECT_EQ(redact_url("http://h:1/a@b"), "http://h:1/a@b");
  EXPECT_EQ(redact_url("http://u:p@x@h"), "http://u:xxxxx@h");
  EXPECT_EQ(redact_url("no url"), "no url");
}

TEST(Url, ReferencesResolveAsRfc3986Says) {
  const Url base = *parse_url("http://a/b/c/d;p?q");
  const struct {
    const char* reference;
    const char* want;
  } rows[] = {
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "//g"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q"},
      {"g#s", "http://a/b/c/g"},
      {";x", "http://a/b/c/;x"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {"./g/.", "http://a/b/c/g/"},
      {"g/../h", "http://a/b/c/h"},
      {"http://x/y", "http://x/y"},
      {"HTTPS://x/y", "HTTPS://x/y"},
  };
  for (const auto& row : rows) {
    const auto got = resolve_reference(base, row.reference);
    ASSERT_TRUE(got) << row.reference << ": " << got.error().message;
    const std::string want = std::string(row.want) == "//g" ? "http://g" : row.want;
    EXPECT_EQ(*got, want) << row.reference;
  }
  EXPECT_FALSE(resolve_reference(base, "ftp://x/"));
  EXPECT_FALSE(resolve_reference(base, "http://[bad"));
  EXPECT_FALSE(resolve_reference(base, std::string_view("/a\0b", 4)));
}

TEST(Url, EscapesAreThoseOfTheOriginal) {
  EXPECT_EQ(query_escape("p@ss/w&rd +~"), "p%40ss%2Fw%26rd+%2B~");
  EXPECT_EQ(path_escape("a b/c:d@e+f?"), "a%20b%2Fc:d@e+f%3F");
  EXPECT_EQ(percent_decode("a%20b+c", false), "a b+c");
  EXPECT_EQ(percent_decode("a%20b+c", true), "a b c");
  EXPECT_EQ(percent_decode("%4", false), std::nullopt);
  EXPECT_EQ(percent_decode("%4x", false), std::nullopt);
}

TEST(Url, UserInfoIsDecoded) {
  EXPECT_EQ(url_credentials(*parse_url("http://h/")), std::nullopt);
  EXPECT_EQ(*url_credentials(*parse_url("http://a%3A:b%40c:d@h/")),
            (std::pair<std::string, std::string>("a:", "b@c:d")));
  EXPECT_EQ(*url_credentials(*parse_url("http://only@h/")),
            (std::pair<std::string, std::string>("only", "")));
}

TEST(HeaderNames, AreCanonicalTokens) {
  EXPECT_EQ(canonical_header_name("x-scope-ORGID"), "X-Scope-Orgid");
  EXPECT_EQ(canonical_header_name("te"), "Te");
  EXPECT_TRUE(is_header_token("X-A_b.1"));
  EXPECT_FALSE(is_header_token(""));
  EXPECT_FALSE(is_header_token("a b"));
  EXPECT_FALSE(is_header_token("a:"));
  EXPECT_FALSE(is_header_value("a\r\nB: c"));
  EXPECT_TRUE(is_header_value("a\tb \xFF"));
}

TEST(HostPort, AddressesOfAllForms) {
  const auto text = [](std::string_view in) {
    const auto parts = split_host_port(in);
    return parts ? parts->host + "|" + parts->port : "none";
  };
  EXPECT_EQ(text("h:1"), "h|1");
  EXPECT_EQ(text("[::1]:1"), "::1|1");
  EXPECT_EQ(text("[::1]"), "::1|");
  EXPECT_EQ(text("::1"), "::1|");
  EXPECT_EQ(text("h"), "h|");
  EXPECT_EQ(text(":80"), "|80");
  EXPECT_EQ(text("[::1"), "none");
  EXPECT_EQ(text("[::1]x"), "none");
}

}  // namespace
}  // namespace invar::http
