// The pure decisions: validation, proxy choice, redirects, token requests, authorization on the server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "async/testing/test_loop.h"
#include "fs/testing/memory_fs.h"
#include "http/file_cache.h"
#include "http/idna.h"
#include "http/oauth2.h"
#include "http/proxy.h"
#include "http/redirect.h"
#include "http/server.h"
#include "http/testing/packed.h"
#include "http/url.h"

namespace invar::http {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// ---- http-client.md 2 (the schema's test goes through the same rows as text)

TEST(Validate, ReservedHeadersAreRefusedInAnyCase) {
  for (const char* name :
       {"Authorization", "Host", "Content-Encoding", "Content-Length", "Content-Type", "User-Agent",
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Www-Authenticate",
        "Accept-Encoding", "X-Prometheus-Remote-Write-Version", "X-Prometheus-Remote-Read-Version",
        "X-Prometheus-Scrape-Timeout-Seconds", "X-Amz-Date", "X-Amz-Security-Token",
        "X-Amz-Content-Sha256"}) {
    for (std::string spelling : {std::string(name), [&] {
                                   std::string lower = name;
                                   for (char& c : lower) c = static_cast<char>(std::tolower(c));
                                   return lower;
                                 }()}) {
      ClientConfig config;
      config.http_headers = {{spelling, {}}};
      const auto r = validate(config);
      ASSERT_FALSE(r) << spelling;
      EXPECT_EQ(r.error().message, "setting header \"" + std::string(name) + "\" is not allowed");
    }
  }
}

TEST(Validate, RulesAreCheckedInTheDocumentedOrder) {
  ClientConfig config;
  config.basic_auth.emplace();
  config.bearer_token = {"t"};
  config.http_headers = {{"Host", {}}};
  config.proxy.no_proxy = "x";
  EXPECT_THAT(validate(config).error().message, HasSubstr("at most one of basic_auth"));
  config.basic_auth.reset();
  EXPECT_THAT(validate(config).error().message, HasSubstr("setting header \"Host\""));
  config.http_headers.clear();
  EXPECT_THAT(validate(config).error().message, HasSubstr("no_proxy"));
  config.proxy = {};
  EXPECT_TRUE(validate(config));
}

TEST(Validate, HeaderValuesWithLineBreaksAreRefused) {
  ClientConfig config;
  config.http_headers = {{"X-A", {{"ok\r\nInjected: yes"}}}};
  EXPECT_THAT(validate(config).error().message, HasSubstr("control character"));
}

// ---- http-client.md 7

TEST(NoProxy, GrammarRowByRow) {
  const struct {
    const char* rules;
    const char* host;
    const char* port;
    bool direct;
  } rows[] = {
      {"*", "anything", "80", true},
      {"x,*,y", "anything", "80", true},
      {"10.0.0.0/8", "10.1.2.3", "4040", true},
      {"10.0.0.0/8", "11.0.0.1", "80", false},
      {"10.0.0.0/8", "ten.example", "80", false},
      {"fd00::/8", "fd12::1", "443", true},
      {"fd00::/8", "fe12::1", "443", false},
      {"0.0.0.0/0", "::1", "80", false},
      {"1.2.3.4", "1.2.3.4", "80", true},
      {"1.2.3.4:80", "1.2.3.4", "80", true},
      {"1.2.3.4:80", "1.2.3.4", "81", false},
      {"::1", "::1", "80", true},
      {"[::1]:80", "::1", "80", true},
      {"[::1]:80", "::1", "81", false},
      {"foo.com", "foo.com", "80", true},
      {"foo.com", "a.foo.com", "80", true},
      {"foo.com", "xfoo.com", "80", false},
      {".foo.com", "foo.com", "80", false},
      {".foo.com", "a.foo.com", "80", true},
      {"*.foo.com", "foo.com", "80", false},
      {"*.foo.com", "a.b.foo.com", "80", true},
      {"foo.com:8080", "foo.com", "8080", true},
      {"foo.com:8080", "a.foo.com", "8080", true},
      {"foo.com:8080", "foo.com", "80", false},
      {" FOO.com , bar ", "foo.COM", "80", true},
      {" FOO.com , bar ", "bar", "80", true},
      {",,", "x", "80", false},
      {"", "x", "80", false},
      {"1.2.3.4/99,x", "1.2.3.4", "80", false},
      {":80", "x", "80", false},
      {"b\xC3\xBC"
       "cher.example",
       "xn--bcher-kva.example", "80", true},
      {"xn--bcher-kva.example",
       "b\xC3\xBC"
       "cher.example",
       "80", true},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(NoProxy(row.rules).matches(row.host, row.port), row.direct)
        << row.rules << " " << row.host << ":" << row.port;
  }
}

ProxyChooser::Environment environment(std::map<std::string, std::string> values) {
  return [values](const char* name) {
    const auto found = values.find(name);
    return found == values.end() ? std::string() : found->second;
  };
}

std::string route(const ProxyConfig& config, const char* url, std::map<std::string, std::string> env = {}) {
  const auto chooser = ProxyChooser::create(config, environment(std::move(env)));
  if (!chooser) return "error: " + chooser.error().message;
  const auto chosen = chooser->choose(*parse_url(url));
  if (!chosen) return "error: " + chosen.error().message;
  if (!*chosen) return "direct";
  const ProxyRoute& r = **chosen;
  return r.scheme + "://" + (r.has_credentials ? r.user + ":" + r.password + "@" : "") + r.host_port;
}

TEST(ProxyChoice, WorkedExamples) {
  ProxyConfig config;
  config.proxy_url = "http://p:3128";
  EXPECT_EQ(route(config, "http://localhost:12345/"), "http://p:3128");
  config.no_proxy = "10.0.0.0/8,.corp.example,api.test:8443";
  const struct {
    const char* url;
    const char* want;
  } rows[] = {
      {"http://10.1.2.3:4040/x", "direct"},
      {"https://a.corp.example/", "direct"},
      {"https://corp.example/", "http://p:3128"},
      {"https://api.test:8443/", "direct"},
      {"https://api.test/", "http://p:3128"},
      {"http://localhost:12345/", "direct"},
      {"http://127.3.2.1/", "direct"},
      {"http://[::1]/", "direct"},
      {"http://db.internal/", "http://p:3128"},
  };
  for (const auto& row : rows) EXPECT_EQ(route(config, row.url), row.want) << row.url;
}

TEST(ProxyChoice, SchemesPortsAndCredentials) {
  const struct {
    const char* proxy;
    const char* want;
  } rows[] = {
      {"http://p", "http://p:80"},
      {"https://p", "https://p:443"},
      {"socks5://p", "socks5h://p:1080"},
      {"socks5h://p:1", "socks5h://p:1"},
      {"http://u%40:s%3A@p:3128", "http://u@:s:@p:3128"},
      {"http://[::1]:3128", "http://[::1]:3128"},
      {" ", "direct"},
  };
  for (const auto& row : rows) {
    ProxyConfig config;
    config.proxy_url = row.proxy;
    EXPECT_EQ(route(config, "http://x/"), row.want);
  }
}

TEST(ProxyChoice, EnvironmentInAllSpellings) {
  ProxyConfig config;
  config.proxy_from_environment = true;
  const struct {
    std::map<std::string, std::string> env;
    const char* url;
    const char* want;
  } rows[] = {
      {{}, "http://x/", "direct"},
      {{{"HTTP_PROXY", "http://up:1"}, {"http_proxy", "http://low:1"}}, "http://x/", "http://up:1"},
      {{{"HTTP_PROXY", ""}, {"http_proxy", "http://low:1"}}, "http://x/", "http://low:1"},
      {{{"HTTP_PROXY", "http://p:1"}}, "https://x/", "direct"},
      {{{"https_proxy", "p:3128"}}, "https://x/", "http://p:3128"},
      {{{"HTTPS_PROXY", "10.0.0.1"}}, "https://x/", "http://10.0.0.1:80"},
      {{{"HTTPS_PROXY", "socks5://s"}}, "https://x/", "socks5h://s:1080"},
      {{{"HTTP_PROXY", "p:1"}, {"NO_PROXY", "x"}}, "http://x/", "direct"},
      {{{"HTTP_PROXY", "p:1"}, {"no_proxy", ".x"}}, "http://a.x/", "direct"},
      {{{"HTTP_PROXY", "p:1"}}, "http://localhost/", "direct"},
      {{{"HTTPS_PROXY", "p:1"}, {"REQUEST_METHOD", "GET"}}, "https://x/", "http://p:1"},
  };
  for (const auto& row : rows) EXPECT_EQ(route(config, row.url, row.env), row.want) << row.url;
  EXPECT_THAT(route(config, "http://x/", {{"HTTP_PROXY", "p:1"}, {"REQUEST_METHOD", "GET"}}),
              HasSubstr("error: HTTP_PROXY"));
}

TEST(Idna, NamesBecomeAscii) {
  EXPECT_EQ(to_ascii_host("b\xC3\xBC"
                          "cher.example"),
            "xn--bcher-kva.example");
  EXPECT_EQ(to_ascii_host(".b\xC3\xBC"
                          "cher.example"),
            ".xn--bcher-kva.example");
  EXPECT_EQ(to_ascii_host("M\xC3\x9CNCHEN.de"), "xn--mnchen-3ya.de");
  EXPECT_EQ(to_ascii_host("\xE4\xBE\x8B\xE3\x81\x88.\xE3\x83\x86\xE3\x82\xB9\xE3\x83\x88"),
            "xn--r8jz45g.xn--zckzah");
  EXPECT_EQ(to_ascii_host("bu\xCC\x88"
                          "cher.Plain_1"),
            "xn--bcher-kva.Plain_1")
      << "decomposed letters; other labels stay as they are";
  EXPECT_EQ(to_ascii_host("\xFF.example"), "\xFF.example");
  EXPECT_EQ(to_ascii_host("plain.example"), "plain.example");
}

// ---- http-client.md 6

TEST(Redirect, SameSiteIsTheHostAndItsSubdomains) {
  EXPECT_TRUE(same_site("a.example", "A.example"));
  EXPECT_TRUE(same_site("a.example", "b.a.example"));
  EXPECT_FALSE(same_site("a.example", "xa.example"));
  EXPECT_FALSE(same_site("b.a.example", "a.example"));
  EXPECT_TRUE(same_site("::1", "::1"));
  EXPECT_FALSE(same_site("1", "fe80::.1"));
}

TEST(Redirect, MethodAndBodyByStatus) {
  const struct {
    int status;
    const char* method;
    const char* want;  // method, body kept
  } rows[] = {
      {301, "POST", "GET -"}, {302, "POST", "GET -"},  {303, "PUT", "GET -"}, {301, "HEAD", "HEAD -"},
      {301, "GET", "GET -"},  {307, "POST", "POST b"}, {308, "PUT", "PUT b"}, {300, "GET", "final"},
      {304, "GET", "final"},  {305, "GET", "final"},   {200, "GET", "final"},
  };
  for (const auto& row : rows) {
    RedirectChain chain{"h", 1, false};
    const auto hop = next_hop(chain, *parse_url("http://h/a"), row.method, row.status, "/b");
    ASSERT_TRUE(hop);
    EXPECT_EQ(*hop ? (*hop)->method + ((*hop)->keep_body ? " b" : " -") : "final", row.want)
        << row.status << row.method;
  }
}

TEST(Redirect, NoLocationIsFinalAndNonsenseIsAFailure) {
  RedirectChain chain{"h", 1, false};
  EXPECT_EQ(*next_hop(chain, *parse_url("http://h/"), "GET", 302, ""), std::nullopt);
  const auto bad = next_hop(chain, *parse_url("http://h/"), "GET", 302, "http://[x");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().kind, FailureKind::kRedirect);
  EXPECT_EQ(bad.error().message, "h:80 answered 302 with an unusable Location: missing ']' in host");
  EXPECT_THAT(next_hop(chain, *parse_url("http://h/"), "GET", 302, "ftp://h/x").error().message,
              HasSubstr("unsupported protocol scheme"));
}

TEST(Redirect, TheTenthIsTooMuch) {
  RedirectChain chain{"h", 1, false};
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(*next_hop(chain, *parse_url("http://h/"), "GET", 302, "/x"));
  const auto last = next_hop(chain, *parse_url("http://h/"), "GET", 302, "/x");
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().message, "stopped after 10 redirects");
}

TEST(Redirect, LeavingTheFirstHostIsRememberedForTheWholeChain) {
  RedirectChain chain{"a.example", 1, false};
  Url at = *parse_url("https://a.example/");
  const struct {
    const char* to;
    bool crossed;
  } hops[] = {{"https://b.a.example/", false},
              {"https://b.a.example:8443/x", false},
              {"https://other.example/", true},
              {"https://a.example/", true}};
  for (const auto& hop : hops) {
    const auto next = next_hop(chain, at, "GET", 302, hop.to);
    ASSERT_TRUE(next && *next);
    EXPECT_EQ(chain.crossed, hop.crossed) << hop.to;
    at = *parse_url((*next)->url);
  }
}

TEST(Redirect, RefererIsTheLastPageButNotFromHttpsToHttp) {
  RedirectChain chain{"a", 1, false};
  EXPECT_EQ((*next_hop(chain, *parse_url("https://u:p@a/x?y#z"), "GET", 302, "https://b/"))->referer,
            "https://a/x?y");
  EXPECT_EQ((*next_hop(chain, *parse_url("https://a/x"), "GET", 302, "http://a/"))->referer, "");
}

// ---- http-client.md 4, 11

OAuth2 worked_example() {
  OAuth2 config;
  config.client_id = "agent:1";
  config.client_secret = {"p@ss/w&rd"};
  config.scopes = {"write", "read"};
  config.endpoint_params = {{"audience", "https://pyro"}};
  config.token_url = "https://idp.example/token";
  return config;
}

TEST(OAuth2Request, WorkedExampleByteForByte) {
  const auto header = make_token_request(worked_example(), "p@ss/w&rd", AuthStyle::kHeader, "");
  ASSERT_TRUE(header);
  EXPECT_EQ(header->headers.get("Authorization"), "Basic YWdlbnQlM0ExOnAlNDBzcyUyRnclMjZyZA==");
  EXPECT_EQ(header->headers.get("Content-Type"), "application/x-www-form-urlencoded");
  EXPECT_FALSE(header->headers.has("User-Agent"));
  EXPECT_EQ(header->body, "audience=https%3A%2F%2Fpyro&grant_type=client_credentials&scope=write+read");
  const auto body = make_token_request(worked_example(), "p@ss/w&rd", AuthStyle::kBody, "ua/1");
  EXPECT_FALSE(body->headers.has("Authorization"));
  EXPECT_EQ(body->headers.get("User-Agent"), "ua/1");
  EXPECT_EQ(body->body,
            "audience=https%3A%2F%2Fpyro&client_id=agent%3A1&client_secret=p%40ss%2Fw%26rd&grant_type=client_"
            "credentials&"
            "scope=write+read");
}

TEST(OAuth2Request, ScopeCannotBeOverwrittenButGrantTypeCan) {
  OAuth2 config = worked_example();
  config.endpoint_params = {{"grant_type", "urn:x"}};
  EXPECT_THAT(make_token_request(config, "s", AuthStyle::kHeader, "")->body, HasSubstr("grant_type=urn%3Ax"));
  config.endpoint_params = {{"scope", "x"}};
  EXPECT_EQ(make_token_request(config, "s", AuthStyle::kHeader, "").error().message,
            "oauth2: cannot overwrite parameter \"scope\"");
  config.scopes.clear();
  EXPECT_THAT(make_token_request(config, "s", AuthStyle::kHeader, "")->body, HasSubstr("scope=x"));
}

TEST(OAuth2Answer, RowByRow) {
  const struct {
    int status;
    const char* type;
    const char* body;
    const char* want;
  } rows[] = {
      {200, "application/json", R"({"access_token":"T1","token_type":"bearer","expires_in":"300"})",
       "Bearer T1 300"},
      {200, "application/json; charset=utf-8",
       R"({"access_token":"T","expires_in":12.7,"x":{"y":[1,null,"z"]}})", "Bearer T 12"},
      {200, "", R"({"access_token":"T","token_type":"MAC"})", "MAC T 0"},
      {200, "", R"({"access_token":"T","token_type":"BASIC","expires_in":99999999999})",
       "Basic T 2147483647"},
      {200, "", R"({"access_token":"T","token_type":"Odd"})", "Odd T 0"},
      {200, "text/plain", "access_token=T+1&token_type=bearer&expires_in=60", "Bearer T 1 60"},
      {200, "application/x-www-form-urlencoded", "access_token=T", "Bearer T 0"},
      {200, "", "{}", "error: oauth2: server response missing access_token"},
      {200, "", R"({"access_token":"T","error":"e","error_description":"d","error_uri":"u"})",
       "error: oauth2: \"e\" \"d\" \"u\""},
      {400, "", R"({"error":"invalid_client"})", "error: oauth2: \"invalid_client\""},
      {500, "text/html", "<html>busy",
       "error: oauth2: cannot fetch token: 500 Internal Server Error\nResponse: busy"},
      {403, "", R"({"message":"secret s3 is wrong"})",
       "error: oauth2: cannot fetch token: 403 Forbidden\nResponse: {\"message\":\"secret xxxxx is wrong\"}"},
      {200, "", "nonsense",
       "error: oauth2: cannot parse json: invalid character 'o' in literal null (expecting 'u')"},
      {200, "", "[1]", "error: oauth2: cannot parse json: not an object"},
      {200, "", R"({"access_token":"\u00e9\ud83d\ude00"})", "Bearer \xC3\xA9\xF0\x9F\x98\x80 0"},
      {200, "", "{\"access_token\":\"T\",\"scope\":\"caf\xE9\"}", "Bearer T 0"},
      {200, "", R"({"access_token":1})", "error: oauth2: cannot parse json: access_token is not a string"},
      {200, "", R"({"access_token":"T","expires_in":null})", "Bearer T 0"},
      {200, "", R"({"access_token":"\ud800"})", "Bearer \xEF\xBF\xBD 0"},  // as Go's decoder repairs it
      {200, "", R"({"access_token":"T","expires_in":"soon"})",
       "error: oauth2: cannot parse json: expires_in is not a number"},
      {200, "text/plain", "access_token=%zz", "error: oauth2: cannot parse response: invalid URL escape"},
      {200, "", "{\"access_token\":\"a\\nb\"}", "error: oauth2: the access_token holds a control character"},
  };
  for (const auto& row : rows) {
    Response response;
    response.status = row.status;
    response.status_line = std::to_string(row.status) + " " + std::string(status_text(row.status));
    if (*row.type) response.headers.add("Content-Type", row.type);
    response.body = row.body;
    const auto token = parse_token_response(response, "s3");
    EXPECT_EQ(token ? token->authorization + " " + std::to_string(token->expires_in_seconds)
                    : "error: " + token.error(),
              row.want)
        << row.body;
  }
}

TEST(OAuth2Answer, ComesPackedAndIsShownCleaned) {
  const auto token = parse_token_response(
      testing::packed({.status = 200, .status_line = "200 OK", .body = R"({"access_token":"T"})"}), "");
  ASSERT_TRUE(token) << token.error();
  EXPECT_EQ(token->authorization, "Bearer T");
  const auto refused = parse_token_response(
      testing::packed({.status = 403,
                       .status_line = "403 Forbidden",
                       .body = "you may not\x1b[2J ask with s3cret, not here and not anywhere else"}),
      "s3cret");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error(), HasSubstr("Response: you may not\\x1b[2J ask with xxxxx, not"));
}

TEST(OAuth2Answer, HostileJson) {
  for (const std::string& body :
       {std::string(R"({"access_token":"T"} x)"), std::string(R"({"access_token":"T)"),
        std::string(R"({"access_token":tru})"), std::string(R"({"access_token":"T",})"), std::string(),
        "{\"access_token\":" + std::string(100'000, '[')}) {
    const auto token = parse_token_response({.status = 200, .status_line = "200 OK", .body = body}, "");
    ASSERT_FALSE(token) << body;
    EXPECT_THAT(token.error(), StartsWith("oauth2: cannot parse json: "));
  }
}

// ---- runtime.md 12.3

TEST(ServerAuthorization, FilterDecidesWhichPathsNeedCredentials) {
  ServerAuth all{"u", {"p:q"}, std::nullopt};
  ServerAuth only = all, except = all, empty = all;
  only.filter = ServerAuth::Filter{{"/api", "/x"}, true};
  except.filter = ServerAuth::Filter{{"/-/"}, false};
  empty.filter = ServerAuth::Filter{};
  const std::string good = "Basic dTpwOnE=";  // u:p:q
  const struct {
    const char* why;
    std::optional<ServerAuth> auth;
    const char* path;
    std::string header;
    bool passes;
  } rows[] = {
      {"no auth block", std::nullopt, "/", "", true},
      {"good", all, "/", good, true},
      {"scheme in any case", all, "/", "bAsIc dTpwOnE=", true},
      {"missing", all, "/", "", false},
      {"wrong password", all, "/", "Basic dTpw", false},
      {"wrong user", all, "/", "Basic djpwOnE=", false},
      {"no base64", all, "/", "Basic !!!!", false},
      {"no colon", all, "/", "Basic dQ==", false},
      {"bearer", all, "/", "Bearer dTpwOnE=", false},
      {"filter hits", only, "/api/v0", "", false},
      {"filter misses", only, "/metrics", "", true},
      {"filter hits with credentials", only, "/xyz", good, true},
      {"inverted filter hits", except, "/-/ready", "", true},
      {"inverted filter misses", except, "/metrics", "", false},
      {"empty filter switches authentication off", empty, "/", "", true},
  };
  for (const auto& row : rows) EXPECT_EQ(authorized(row.auth, row.path, row.header), row.passes) << row.why;
}

TEST(ServerTlsValidation, TextsOfTheSpecification) {
  ServerTls good;
  good.cert_file = "/c";
  good.key_file = "/k";
  EXPECT_TRUE(validate(good));
  const auto text = [&good](auto change) {
    ServerTls tls = good;
    change(tls);
    const auto r = validate(tls);
    return r ? "" : r.error().message;
  };
  EXPECT_EQ(text([](auto& t) { t.cert_pem = "x"; }), "cannot specify both cert_pem and cert_file");
  EXPECT_EQ(text([](auto& t) { t.key_pem = {"x"}; }), "cannot specify both key_pem and key_file");
  EXPECT_EQ(text([](auto& t) { t.cert_file = ""; }), "must specify either cert_pem or cert_file");
  EXPECT_EQ(text([](auto& t) { t.key_file = ""; }), "must specify either key_pem or key_file");
  EXPECT_EQ(text([](auto& t) { t.client_ca_pem = t.client_ca_file = "x"; }),
            "cannot specify both client_ca_pem and client_ca_file");
  EXPECT_EQ(text([](auto& t) { t.client_ca_pem = "x"; }),
            "cannot specify client_ca_pem or client_ca_file when client_auth_type is NoClientCert");
  EXPECT_EQ(
      text([](auto& t) { t.client_auth_type = "x"; }),
      "unknown client auth type \"x\"; it is one of NoClientCert, RequestClientCert, RequireAnyClientCert, "
      "VerifyClientCertIfGiven and RequireAndVerifyClientCert");
  EXPECT_EQ(text([](auto& t) { t.cipher_suites = {"x"}; }), "unknown cipher \"x\"");
  EXPECT_EQ(text([](auto& t) {
              t.cipher_suites = {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"};
            }),
            "");
  EXPECT_EQ(text([](auto& t) { t.curve_preferences = {"x"}; }),
            "unknown curve \"x\"; it is one of CurveP256, CurveP384, CurveP521 and X25519");
  EXPECT_EQ(text([](auto& t) { t.curve_preferences = {"CurveP256", "CurveP384", "CurveP521", "X25519"}; }),
            "");
  EXPECT_EQ(text([](auto& t) { t.min_version = "x"; }),
            "unknown TLS version \"x\"; it is one of TLS10, TLS11, TLS12 and TLS13");
  EXPECT_EQ(text([](auto& t) { t.max_version = "TLS9"; }),
            "unknown TLS version \"TLS9\"; it is one of TLS10, TLS11, TLS12 and TLS13");
}

TEST(ServerRequestQuery, FirstValueDecoded) {
  ServerRequest request;
  request.query = "a=1&b=x+y%21&a=2&c";
  EXPECT_EQ(request.query_value("a"), "1");
  EXPECT_EQ(request.query_value("b"), "x y!");
  EXPECT_EQ(request.query_value("c"), "");
  EXPECT_EQ(request.query_value("d"), std::nullopt);
}

}  // namespace
}  // namespace invar::http
