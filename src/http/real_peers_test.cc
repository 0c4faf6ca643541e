// The client against programs that are not ours: nginx, squid, tinyproxy, microsocks, openssl; and curl against our server.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "base/strings.h"
#include "fs/testing/temp_dir.h"
#include "http/client.h"
#include "http/server.h"
#include "http/testing/certificates.h"
#include "http/testing/harness.h"
#include "http/testing/plain_peer.h"
#include "http/testing/real_program.h"

namespace invar::http {
namespace {

using namespace std::chrono_literals;
using fs::testing::TempDir;
using ::testing::AnyOf;
using testing::Authority;
using testing::failure_text;
using testing::free_port;
using testing::Harness;
using ::testing::HasSubstr;
using testing::Outcome;
using testing::PlainPeer;
using testing::RealProgram;
using ::testing::StartsWith;

std::string replace_all(std::string text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
  return text;
}

// Certificates of one authority, in files that every program of the test may read.
struct Files {
  Files()
      : authority("Invar Test CA"),
        server(authority.issue({"server", {"localhost"}, {"127.0.0.1"}})),
        client(authority.issue({"client"})) {
    chmod(dir.root().c_str(), 0777);
    dir.write("ca.pem", authority.pem());
    dir.write("server.pem", server.certificate_pem);
    dir.write("server.key", server.key_pem);
    dir.write("client.pem", client.certificate_pem);
    dir.write("client.key", client.key_pem);
  }
  TempDir dir;
  Authority authority;
  testing::CertificatePair server, client;
};
Files& files() {
  static Files f;
  return f;
}

ClientConfig trusting() {
  ClientConfig config;
  config.tls.emplace();
  config.tls->ca_file = files().dir.path("ca.pem");
  return config;
}

class RealPeers : public ::testing::Test {
 protected:
  std::string ask(const ClientConfig& config, const std::string& url, Duration timeout = 10s) {
    auto client = h.client(config);
    const Outcome r = h.get(*client, url, timeout);
    return r ? std::to_string(r->status) + " " + r->body : failure_text(r);
  }
  Harness h;
};

// ---- nginx

constexpr const char* kNginx = R"(
daemon off; master_process off; pid DIR/nginx.pid; error_log DIR/error.log;
events { worker_connections 1000; }
http {
  access_log off; client_body_temp_path DIR/t1; proxy_temp_path DIR/t2; fastcgi_temp_path DIR/t3; uwsgi_temp_path DIR/t4; scgi_temp_path DIR/t5;
  ssl_certificate DIR/server.pem; ssl_certificate_key DIR/server.key;
  server {
    listen 127.0.0.1:P1; listen 127.0.0.1:P2 ssl http2; root DIR/www; ssl_protocols TLSv1.2 TLSv1.3;
    location /proto { return 200 "$server_protocol $ssl_protocol"; }
    location /basic { auth_basic x; auth_basic_user_file DIR/htpasswd; }
    location /moved { return 302 /proto; }
    location /slow { limit_rate 2k; }
  }
  server { listen 127.0.0.1:P3 ssl; ssl_protocols TLSv1.2; location / { return 200 "$ssl_protocol"; } }
  server { listen 127.0.0.1:P4 ssl; ssl_protocols TLSv1.3; location / { return 200 "$ssl_protocol"; } }
  server { listen 127.0.0.1:P5 ssl; ssl_client_certificate DIR/ca.pem; ssl_verify_client on; location / { return 200 "$ssl_client_s_dn"; } }
}
)";

constexpr std::size_t kLarge = 20'000'000;

class Nginx : public RealPeers {
 protected:
  static void SetUpTestSuite() {
    const TempDir& dir = files().dir;
    std::string config = replace_all(kNginx, "DIR", dir.root());
    for (std::size_t i = 0; i < ports.size(); ++i) {
      ports[i] = free_port();
      config = replace_all(config, "P" + std::to_string(i + 1), std::to_string(ports[i]));
    }
    mkdir(dir.path("www").c_str(), 0777);
    mkdir(dir.path("www/basic").c_str(), 0777);
    dir.write("www/basic/index.html", "inside");
    dir.write("www/slow", std::string(100'000, 's'));
    dir.write("www/profile", std::string(300'000, 'p'));
    dir.write("www/large", std::string(kLarge, 'l'));
    dir.write("htpasswd", "user:{PLAIN}pa ss\n");
    dir.write("nginx.conf", config);
    program = std::make_unique<RealProgram>(
        std::vector<std::string>{"/usr/sbin/nginx", "-e", dir.path("error.log"), "-p", dir.root(), "-c",
                                 dir.path("nginx.conf")},
        ports[0], dir.path("nginx.out"));
  }
  static void TearDownTestSuite() { program.reset(); }
  static std::string url(int which, const std::string& path, const char* scheme = "https") {
    return std::string(scheme) +
           "://127.0.0.1:" + std::to_string(ports[static_cast<std::size_t>(which - 1)]) + path;
  }
  static inline std::array<std::uint16_t, 5> ports;
  static inline std::unique_ptr<RealProgram> program;
};

TEST_F(Nginx, PlainHttpStaysHttp11) {
  EXPECT_EQ(ask({}, url(1, "/proto", "http")), "200 HTTP/1.1 ");
}

TEST_F(Nginx, Http2IsNegotiatedOverTlsAndCanBeSwitchedOff) {
  ClientConfig config = trusting();
  EXPECT_EQ(ask(config, url(2, "/proto")), "200 HTTP/2.0 TLSv1.3");
  config.enable_http2 = false;
  EXPECT_EQ(ask(config, url(2, "/proto")), "200 HTTP/1.1 TLSv1.3");
}

TEST_F(Nginx, ManyRequestsShareOneHttp2Connection) {
  auto client = h.client(trusting(), "h2");
  ASSERT_TRUE(h.get(*client, url(2, "/proto")));
  std::vector<std::unique_ptr<Call>> calls;
  std::size_t bytes = 0;
  for (int i = 0; i < 50; ++i) {
    Request request;
    request.url = url(2, "/profile");
    calls.push_back(client->send(request, [&bytes](Outcome r) { bytes += r ? r->body.size() : 0; }));
  }
  EXPECT_TRUE(h.wait([&] { return bytes == 50 * 300'000; })) << bytes;
  EXPECT_THAT(h.registry().collect(),
              HasSubstr("net_conntrack_dialer_conn_attempted_total{dialer_name=\"h2\"} 1\n"));
}

// The protocols of libcurl's side and our own connection, with a pause after every part.
TEST_F(Nginx, StreamsComeAsFastAsTheyAreTaken) {
  ClientConfig http1 = trusting();
  http1.enable_http2 = false;
  const std::vector<std::pair<ClientConfig, std::string>> ways = {
      {ClientConfig(), url(1, "/large", "http")}, {http1, url(2, "/large")}, {trusting(), url(2, "/large")}};
  for (const auto& [config, address] : ways) {
    auto client = h.client(config);
    std::unique_ptr<Call> call;
    std::size_t size = 0;
    bool paused = false;
    std::optional<Outcome> outcome;
    Request request;
    request.url = address;
    request.timeout = kNoTimeout;
    request.idle_timeout = 10s;
    request.on_body = [&](std::string_view part) {
      EXPECT_FALSE(paused);
      size += part.size();
      call->pause();
      paused = true;
      h.loop().post([&] {
        paused = false;
        call->resume();
      });
    };
    call = client->send(std::move(request), [&](Outcome o) { outcome = std::move(o); });
    ASSERT_TRUE(h.wait([&] { return outcome.has_value(); }, 30s)) << address << " " << size;
    EXPECT_TRUE(*outcome) << failure_text(*outcome);
    EXPECT_EQ(size, kLarge);
  }
}

TEST_F(Nginx, AStreamThatIsDroppedLeavesItsHttp2ConnectionToTheOthers) {
  auto client = h.client(trusting(), "h2-dropped");
  std::unique_ptr<Call> dropped;
  bool began = false;
  Request request;
  request.url = url(2, "/large");
  request.on_body = [&](std::string_view) {
    began = true;
    dropped.reset();
  };
  dropped = client->send(request, [](const Outcome&) {});
  std::size_t size = 0;
  request.url = url(2, "/profile");
  request.on_body = [&](std::string_view part) { size += part.size(); };
  const Outcome r = h.send(*client, std::move(request));
  EXPECT_TRUE(r) << failure_text(r);
  EXPECT_EQ(size, 300'000u);
  EXPECT_TRUE(h.wait([&] { return began; }));
  EXPECT_EQ(ask(trusting(), url(2, "/proto")), "200 HTTP/2.0 TLSv1.3");
}

TEST_F(Nginx, TlsVersions) {
  ClientConfig config = trusting();
  EXPECT_EQ(ask(config, url(3, "/")), "200 TLSv1.2");
  EXPECT_EQ(ask(config, url(4, "/")), "200 TLSv1.3");
  config.tls->min_version = "TLS13";
  EXPECT_THAT(ask(config, url(3, "/")), StartsWith("tls: TLS handshake with 127.0.0.1:"));
  EXPECT_EQ(ask(config, url(4, "/")), "200 TLSv1.3");
}

TEST_F(Nginx, MutualTls) {
  ClientConfig config = trusting();
  EXPECT_THAT(ask(config, url(5, "/")), StartsWith("400 "));  // nginx says it in HTTP
  config.tls->cert_file = files().dir.path("client.pem");
  config.tls->key_file = files().dir.path("client.key");
  EXPECT_EQ(ask(config, url(5, "/")), "200 CN=client");
}

TEST_F(Nginx, BasicAuth) {
  EXPECT_THAT(ask({}, url(1, "/basic/", "http")), StartsWith("401 "));
  ClientConfig config;
  config.basic_auth = BasicAuth{"user", "", {"pa ss"}};
  EXPECT_EQ(ask(config, url(1, "/basic/", "http")), "200 inside");
  config.basic_auth->password.value = "wrong";
  EXPECT_THAT(ask(config, url(1, "/basic/", "http")), StartsWith("401 "));
}

TEST_F(Nginx, RedirectsAreFollowed) {
  EXPECT_EQ(ask({}, url(1, "/moved", "http")), "200 HTTP/1.1 ");
}

TEST_F(Nginx, SlowBodiesEndAtTheDeadline) {
  EXPECT_THAT(ask({}, url(1, "/slow", "http"), 1s),
              StartsWith("timeout: timed out after 1s receiving the answer from 127.0.0.1:"));
}

TEST_F(Nginx, OtherHostsOfOneAuthorityAreNotAccepted) {
  const std::string port = url(2, "").substr(17);
  EXPECT_EQ(ask(trusting(), "https://localhost" + port + "/proto"), "200 HTTP/2.0 TLSv1.3");
  EXPECT_THAT(ask(trusting(), "https://127.0.0.2" + port + "/proto"), StartsWith("connect: "));
}

// ---- proxies

class Proxies : public RealPeers {
 protected:
  static void SetUpTestSuite() {
    const TempDir& dir = files().dir;
    squid_port = free_port();
    dir.write(
        "helper",
        "#!/bin/sh\nwhile read line; do\n case \"$line\" in \"u p%40ss\"|\"u p@ss\") echo OK;; *) echo ERR;; "
        "esac\ndone\n");
    chmod(dir.path("helper").c_str(), 0755);
    dir.write("squid.conf", replace_all("http_port 127.0.0.1:" + std::to_string(squid_port) + R"(
pid_filename none
access_log none
cache_log DIR/squid.log
cache deny all
coredump_dir DIR
netdb_filename none
pinger_enable off
visible_hostname proxy.test
shutdown_lifetime 0 seconds
auth_param basic program DIR/helper
auth_param basic children 1
auth_param basic realm test
acl known proxy_auth REQUIRED
acl forbidden dstdomain forbidden.test
acl plain url_regex ^http://
http_access deny forbidden
http_access allow known
http_access deny all
)",
                                        "DIR", dir.root()));
    squid = std::make_unique<RealProgram>(
        std::vector<std::string>{"/usr/sbin/squid", "-N", "-f", dir.path("squid.conf")}, squid_port,
        dir.path("squid.out"));
    tiny_port = free_port();
    dir.write(
        "tiny.conf",
        "Port " + std::to_string(tiny_port) +
            "\nListen 127.0.0.1\nTimeout 60\nMaxClients 20\nLogLevel Critical\nViaProxyName \"tiny\"\n");
    tiny = std::make_unique<RealProgram>(
        std::vector<std::string>{"tinyproxy", "-d", "-c", dir.path("tiny.conf")}, tiny_port,
        dir.path("tiny.out"));
  }
  static void TearDownTestSuite() {
    squid.reset();
    tiny.reset();
  }
  Server& echo_server(bool with_tls) {
    ServerOptions options;
    if (with_tls) {
      options.tls.emplace();
      options.tls->cert_pem = files().server.certificate_pem;
      options.tls->key_pem = {files().server.key_pem};
    }
    return h.serve(
        [](ServerRequest request, ResponderPtr r) {
          std::string text = request.target + "\n";
          for (const auto& [name, value] : request.headers) text += name + ": " + value + "\n";
          r->send({200, {}, std::move(text)});
        },
        options);
  }
  static ClientConfig through(std::uint16_t port, const std::string& user = "") {
    ClientConfig config = trusting();
    config.proxy.proxy_url = "http://" + user + "127.0.0.1:" + std::to_string(port);
    return config;
  }
  static inline std::uint16_t squid_port = 0, tiny_port = 0;
  static inline std::unique_ptr<RealProgram> squid, tiny;
};

TEST_F(Proxies, SquidForwardsPlainRequestsWithCredentials) {
  Server& server = echo_server(false);
  const std::string url = "http://" + server.address() + "/x";
  const std::string good = ask(through(squid_port, "u:p%40ss@"), url);
  EXPECT_THAT(good, StartsWith("200 /x\n"));
  EXPECT_THAT(good, HasSubstr("Via: "));
  EXPECT_EQ(good.find("Proxy-"), std::string::npos) << good;
  EXPECT_THAT(ask(through(squid_port), url), StartsWith("407 "));
}

TEST_F(Proxies, SquidTunnelsTlsWithCredentials) {
  Server& server = echo_server(true);
  const std::string url = "https://" + server.address() + "/x";
  const std::string good = ask(through(squid_port, "u:p%40ss@"), url);
  EXPECT_THAT(good, StartsWith("200 /x\n"));
  EXPECT_EQ(good.find("Via: "), std::string::npos) << good;
  EXPECT_EQ(good.find("Proxy-Authorization"), std::string::npos) << good;
  EXPECT_EQ(ask(through(squid_port), url), "proxy: proxy 127.0.0.1:" + std::to_string(squid_port) +
                                               " refused the connection to " + server.address() +
                                               ": 407 Proxy Authentication Required");
  EXPECT_THAT(ask(through(squid_port, "u:wrong@"), url), HasSubstr("407 Proxy Authentication Required"));
}

TEST_F(Proxies, CredentialsMayComeFromConnectHeaders) {
  Server& server = echo_server(true);
  ClientConfig config = through(squid_port);
  config.proxy.proxy_connect_header = {{"proxy-authorization", {{"Basic dTpwQHNz"}}}};
  EXPECT_THAT(ask(config, "https://" + server.address() + "/x"), StartsWith("200 /x\n"));
}

TEST_F(Proxies, RefusalsOfTheProxyAreToldApartFromTheTarget) {
  EXPECT_EQ(ask(through(squid_port, "u:p%40ss@"), "https://forbidden.test/"),
            "proxy: proxy 127.0.0.1:" + std::to_string(squid_port) +
                " refused the connection to forbidden.test:443: 403 Forbidden");
  EXPECT_THAT(ask(through(squid_port, "u:p%40ss@"), "https://127.0.0.1:1/"),
              HasSubstr("refused the connection to 127.0.0.1:1: 50"));
  EXPECT_EQ(ask(through(1), "http://127.0.0.1:2/"), "proxy: proxy: connection refused by 127.0.0.1:1");
  ClientConfig nowhere;
  nowhere.proxy.proxy_url = "http://nowhere.invalid:3128";
  EXPECT_EQ(ask(nowhere, "http://127.0.0.1:2/"), "proxy: no address found for proxy \"nowhere.invalid\"");
}

TEST_F(Proxies, NoProxyGoesDirect) {
  Server& server = echo_server(false);
  ClientConfig config = through(1);
  EXPECT_THAT(ask(config, "http://" + server.address() + "/"), StartsWith("proxy: "));
  config.proxy.no_proxy = "unrelated.test";  // with rules, loopback is always direct
  EXPECT_THAT(ask(config, "http://" + server.address() + "/"), StartsWith("200 "));
}

TEST_F(Proxies, TinyproxyForwardsAndTunnels) {
  Server& plain = echo_server(false);
  EXPECT_THAT(ask(through(tiny_port), "http://" + plain.address() + "/y"), StartsWith("200 /y\n"));
  Server& tls = echo_server(true);
  EXPECT_THAT(ask(through(tiny_port), "https://" + tls.address() + "/y"), StartsWith("200 /y\n"));
}

// Credentials for the target never reach the proxy in a CONNECT; only what belongs to the proxy does.
TEST_F(Proxies, ConnectCarriesNothingOfTheRequest) {
  std::string connect;
  PlainPeer proxy(h.loop(), [&connect](const std::string& received) -> PlainPeer::Step {
    if (received.find("\r\n\r\n") == std::string::npos) return {};
    connect = received;
    return {"HTTP/1.1 502 No Way Through\r\nContent-Length: 0\r\n\r\n", false};
  });
  ClientConfig config;
  config.bearer_token = {"secret"};
  config.http_headers = {{"X-Scope-OrgID", {{"t"}}}};
  config.proxy.proxy_url = "http://u:p@" + proxy.address();
  config.proxy.proxy_connect_header = {{"X-Via", {{"1"}, {"2"}}}};
  EXPECT_EQ(
      ask(config, "https://target.test/x"),
      "proxy: proxy " + proxy.address() + " refused the connection to target.test:443: 502 No Way Through");
  EXPECT_EQ(connect,
            "CONNECT target.test:443 HTTP/1.1\r\nHost: target.test:443\r\nProxy-Authorization: Basic "
            "dTpw\r\nX-Via: 1\r\nX-Via: 2\r\n\r\n");
}

TEST_F(Proxies, Socks5ResolvesNamesAtTheProxy) {
  std::vector<std::string> steps;
  PlainPeer proxy(h.loop(), [&steps](const std::string& received) -> PlainPeer::Step {
    steps.push_back(received);
    if (steps.size() == 1) return {std::string("\x05\x00", 2)};
    if (steps.size() == 2) return {std::string("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", 10)};
    return {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"};
  });
  ClientConfig config;
  config.proxy.proxy_url = "socks5://" + proxy.address();
  EXPECT_EQ(ask(config, "http://only.the.proxy.knows:81/"), "200 ok");
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[1], std::string("\x05\x01\x00\x03\x14only.the.proxy.knows\x00\x51", 27));
  EXPECT_THAT(steps[2], StartsWith("GET / HTTP/1.1\r\n"));
}

TEST_F(Proxies, MicrosocksCarriesPlainAndTls) {
  const std::uint16_t open_port = free_port();
  const RealProgram open_proxy({"microsocks", "-i", "127.0.0.1", "-p", std::to_string(open_port)}, open_port,
                               files().dir.path("socks.out"));
  const std::uint16_t port = free_port();
  const RealProgram guarded(
      {"microsocks", "-i", "127.0.0.1", "-p", std::to_string(port), "-u", "user", "-P", "pa ss"}, port,
      files().dir.path("socks.out"));
  Server& plain = echo_server(false);
  Server& tls = echo_server(true);
  const std::string port_of_plain = plain.address().substr(plain.address().rfind(':'));
  const auto via = [](const std::string& proxy, std::uint16_t p) {
    ClientConfig config = trusting();
    config.proxy.proxy_url = proxy + "127.0.0.1:" + std::to_string(p);
    return config;
  };
  for (const char* scheme : {"socks5://", "socks5h://"}) {
    EXPECT_THAT(ask(via(scheme, open_port), "http://" + plain.address() + "/s"), StartsWith("200 /s\n"));
    EXPECT_THAT(ask(via(scheme, open_port), "https://" + tls.address() + "/s"), StartsWith("200 /s\n"));
    EXPECT_THAT(ask(via(scheme, open_port), "http://localhost" + port_of_plain + "/s"),
                StartsWith("200 /s\n"));
    EXPECT_THAT(ask(via(scheme + std::string("user:pa%20ss@"), port), "http://" + plain.address() + "/s"),
                StartsWith("200 /s\n"));
  }
  const std::string proxy = "proxy: proxy 127.0.0.1:" + std::to_string(port) + " did not connect to ";
  for (const char* wrong : {"socks5://user:wrong@", "socks5://"}) {
    const std::string said = ask(via(wrong, port), "http://" + plain.address() + "/s");
    EXPECT_THAT(said, StartsWith(proxy + plain.address() + ": ")) << wrong;
    EXPECT_THAT(said, ::testing::Not(HasSubstr("wrong")));
  }
  EXPECT_THAT(ask(via("socks5://", open_port), "http://127.0.0.1:1/"),
              StartsWith("proxy: proxy 127.0.0.1:" + std::to_string(open_port) +
                         " did not connect to 127.0.0.1:1: "));
}

TEST_F(Proxies, HttpsProxiesAreVerifiedWithTheSameSettings) {
  Server& proxy =
      h.serve([](ServerRequest request, ResponderPtr r) { r->send({200, {}, "seen: " + request.target}); },
              [] {
                ServerOptions options;
                options.tls.emplace();
                options.tls->cert_pem = files().server.certificate_pem;
                options.tls->key_pem = {files().server.key_pem};
                return options;
              }());
  ClientConfig config = trusting();
  config.proxy.proxy_url = "https://" + proxy.address();
  EXPECT_EQ(ask(config, "http://target.test/x"), "200 seen: http://target.test/x");
  config.tls.reset();
  EXPECT_THAT(ask(config, "http://target.test/x"), StartsWith("proxy: proxy: the certificate of 127.0.0.1:"));
}

// ---- openssl s_server and curl

TEST_F(RealPeers, OpensslServerThatWantsACertificate) {
  const TempDir& dir = files().dir;
  const std::uint16_t port = free_port();
  RealProgram server({"openssl", "s_server", "-accept", "127.0.0.1:" + std::to_string(port), "-cert",
                      dir.path("server.pem"), "-key", dir.path("server.key"), "-Verify", "1",
                      "-verify_return_error", "-CAfile", dir.path("ca.pem"), "-www", "-quiet"},
                     port, dir.path("s_server.out"));
  const std::string url = "https://127.0.0.1:" + std::to_string(port) + "/";
  ClientConfig config = trusting();
  EXPECT_EQ(ask(config, url), "tls: 127.0.0.1:" + std::to_string(port) + " wants a client certificate");
  config.tls->cert_file = dir.path("client.pem");
  config.tls->key_file = dir.path("client.key");
  EXPECT_THAT(ask(config, url), StartsWith("200 "));
}

std::string output_of(Harness& h, const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  fcntl(fileno(pipe), F_SETFL, O_NONBLOCK);
  std::string text;
  bool ended = false;
  h.wait(
      [&] {
        char buffer[4096];
        const ssize_t n = read(fileno(pipe), buffer, sizeof buffer);
        if (n > 0) text.append(buffer, static_cast<std::size_t>(n));
        ended = n == 0;
        return ended;
      },
      20s);
  pclose(pipe);
  return text;
}

TEST_F(RealPeers, CurlTalksToOurServer) {
  const TempDir& dir = files().dir;
  ServerOptions options;
  options.tls.emplace();
  options.tls->cert_file = dir.path("server.pem");
  options.tls->key_file = dir.path("server.key");
  options.auth = ServerAuth{"u", {"p"}, std::nullopt};
  Server& server = h.serve(
      [](ServerRequest request, ResponderPtr r) {
        r->send({200, {}, request.method + " " + request.path + " " + std::to_string(request.body.size())});
      },
      options);
  dir.write("upload", std::string(3'000'000, 'u'));
  const std::string curl = "curl -s --cacert " + dir.path("ca.pem") + " ";
  const std::string url = "https://" + server.address();
  EXPECT_EQ(output_of(h, curl + "-u u:p " + url + "/a/b"), "GET /a/b 0");
  EXPECT_EQ(output_of(h, curl + "-u u:p --http2 " + url + "/"), "GET / 0");
  EXPECT_EQ(output_of(h, curl + "-u u:p -T " + dir.path("upload") + " " + url + "/up"), "PUT /up 3000000");
  EXPECT_EQ(output_of(h, curl + "-u u:p --data-binary @" + dir.path("upload") + " " + url + "/post"),
            "POST /post 3000000");
  EXPECT_EQ(output_of(h, curl + "-o /dev/null -w '%{http_code}' " + url), "401");
  EXPECT_EQ(output_of(h, curl + "-o /dev/null -w '%{http_code}' http://" + server.address()), "400");
}

}  // namespace
}  // namespace invar::http
