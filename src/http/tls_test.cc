// TLS end to end between our client and our server: every option of both sides, rotation, and failures in words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fs/testing/temp_dir.h"
#include "http/client.h"
#include "http/server.h"
#include "http/testing/certificates.h"
#include "http/testing/harness.h"
#include "http/testing/plain_peer.h"

namespace invar::http {
namespace {

using namespace std::chrono_literals;
using fs::testing::TempDir;
using testing::Authority;
using testing::CertificatePair;
using testing::failure_text;
using testing::Harness;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using testing::Outcome;
using ::testing::StartsWith;

const Handler kSaysHello = [](ServerRequest, ResponderPtr r) { r->send({200, {}, "hello"}); };

class TlsTest : public ::testing::Test {
 protected:
  static const Authority& authority() {
    static const Authority a("Invar Test CA");
    return a;
  }
  static const Authority& stranger() {
    static const Authority a("Somebody Else");
    return a;
  }
  static const CertificatePair& good() {
    static const CertificatePair pair = authority().issue({"server", {"localhost", "*.test"}, {"127.0.0.1"}});
    return pair;
  }
  static ServerTls server_tls(const CertificatePair& pair = good()) {
    ServerTls tls;
    tls.cert_pem = pair.certificate_pem;
    tls.key_pem = {pair.key_pem};
    return tls;
  }
  Server& serve(const ServerTls& tls, Handler handler = kSaysHello) {
    EXPECT_TRUE(validate(tls));
    ServerOptions options;
    options.tls = tls;
    return h.serve(std::move(handler), options);
  }
  static ClientConfig trusting() {
    ClientConfig config;
    config.tls.emplace();
    config.tls->ca_pem = authority().pem();
    return config;
  }
  std::string ask(const ClientConfig& config, const Server& server, std::string host = "127.0.0.1") {
    auto client = h.client(config);
    return ask(*client, server, std::move(host));
  }
  std::string ask(Client& client, const Server& server, const std::string& host = "127.0.0.1") {
    const std::string port = server.address().substr(server.address().rfind(':'));
    const Outcome r = h.get(client, "https://" + host + port + "/");
    return r ? r->body : failure_text(r);
  }
  static Transport::Options quick_files() {
    Transport::Options options;
    options.file_check_interval = 10ms;
    return options;
  }
  Harness h{quick_files()};
  TempDir dir;
};

TEST_F(TlsTest, TrustsTheConfiguredAuthorityByAddressAndName) {
  Server& server = serve(server_tls());
  EXPECT_EQ(ask(trusting(), server), "hello");
  EXPECT_EQ(ask(trusting(), server, "localhost"), "hello");
  ClientConfig from_file;
  from_file.tls.emplace();
  from_file.tls->ca_file = dir.write("ca.pem", authority().pem());
  EXPECT_EQ(ask(from_file, server), "hello");
}

TEST_F(TlsTest, RefusedCertificatesAreExplained) {
  const std::string any = "tls: the certificate of 127\\.0\\.0\\.1:[0-9]+ ";
  const struct {
    const char* why;
    CertificatePair pair;
    std::string want;
  } rows[] = {
      {"expired", authority().issue({"s", {}, {"127.0.0.1"}, -10, -2}),
       any + "expired on 20[0-9-]+ [0-9:]+ UTC"},
      {"not yet", authority().issue({"s", {}, {"127.0.0.1"}, 2, 10}),
       any + "is not valid before 20[0-9-]+ [0-9:]+ UTC"},
      {"wrong name", authority().issue({"s", {"a.example", "*.b.example"}, {"10.0.0.1"}}),
       any + "is not for \"127.0.0.1\": it names \"a.example\", \"\\*.b.example\", 10.0.0.1"},
      {"no name", authority().issue({"old", {}, {}}),
       any + "is not for \"127.0.0.1\": it names only the old-style common name \"old\""},
      {"unknown issuer", stranger().issue({"s", {}, {"127.0.0.1"}}),
       any + "was issued by \"Somebody Else\", which is not trusted here"},
      {"self-signed", testing::self_signed({"me", {}, {"127.0.0.1"}}),
       any + "is signed by its own maker \"me\", which is not trusted here"},
  };
  for (const auto& row : rows) {
    Server& server = serve(server_tls(row.pair));
    EXPECT_THAT(ask(trusting(), server), MatchesRegex(row.want)) << row.why;
    ClientConfig careless;
    careless.tls.emplace();
    careless.tls->insecure_skip_verify = true;
    EXPECT_EQ(ask(careless, server), "hello") << row.why;
  }
}

TEST_F(TlsTest, WithoutAConfiguredAuthorityTheSystemDecides) {
  Server& server = serve(server_tls());
  EXPECT_THAT(ask({}, server), HasSubstr("was issued by \"Invar Test CA\", which is not trusted here"));
}

TEST_F(TlsTest, ServerNameReplacesTheNameToVerify) {
  Server& server = serve(server_tls(authority().issue({"s", {"inside.example"}, {}})));
  EXPECT_THAT(ask(trusting(), server), HasSubstr("is not for \"127.0.0.1\""));
  ClientConfig config = trusting();
  config.tls->server_name = "inside.example";
  EXPECT_EQ(ask(config, server), "hello");
  config.tls->server_name = "outside.example";
  EXPECT_THAT(ask(config, server), HasSubstr("is not for \"outside.example\": it names \"inside.example\""));
  Server& addressed = serve(server_tls(authority().issue({"s", {}, {"10.9.9.9"}})));
  config.tls->server_name = "10.9.9.9";
  EXPECT_EQ(ask(config, addressed), "hello");
}

TEST_F(TlsTest, MutualTlsByAuthType) {
  const auto client_pair = authority().issue({"client"});
  const auto foreign_pair = stranger().issue({"client"});
  const auto with = [](const CertificatePair& pair) {
    ClientConfig config = trusting();
    config.tls->cert_pem = pair.certificate_pem;
    config.tls->key_pem = {pair.key_pem};
    return config;
  };
  const struct {
    const char* type;
    bool none, good, foreign;
  } rows[] = {
      {"NoClientCert", true, true, true},
      {"RequestClientCert", true, true, true},
      {"RequireAnyClientCert", false, true, true},
      {"VerifyClientCertIfGiven", true, true, false},
      {"RequireAndVerifyClientCert", false, true, false},
  };
  for (const std::string version : {"TLS12", "TLS13"}) {
    for (const auto& row : rows) {
      ServerTls tls = server_tls();
      tls.client_auth_type = row.type;
      tls.max_version = version;
      if (std::string_view(row.type) != "NoClientCert") tls.client_ca_pem = authority().pem();
      Server& server = serve(tls);
      const std::string none = ask(trusting(), server);
      if (row.none) {
        EXPECT_EQ(none, "hello") << row.type << version;
      } else {
        EXPECT_EQ(none, "tls: " + server.address() + " wants a client certificate") << row.type << version;
      }
      EXPECT_EQ(ask(with(client_pair), server), "hello") << row.type << version;
      const std::string foreign = ask(with(foreign_pair), server);
      if (row.foreign) {
        EXPECT_EQ(foreign, "hello") << row.type << version;
      } else {
        EXPECT_EQ(foreign, "tls: " + server.address() + " refused our client certificate")
            << row.type << version;
      }
    }
  }
}

TEST_F(TlsTest, VersionsOfBothSides) {
  const struct {
    const char* server_min;
    const char* server_max;
    const char* client_min;
    bool works;
  } rows[] = {
      {"", "", "", true},
      {"TLS13", "", "", true},
      {"", "TLS12", "TLS13", false},
      {"TLS13", "TLS13", "TLS13", true},
      {"TLS10", "TLS11", "", false},
      {"TLS10", "TLS10", "TLS10", true},
      {"TLS10", "TLS11", "TLS11", true},
      {"", "TLS12", "TLS12", true},
  };
  for (const auto& row : rows) {
    ServerTls tls = server_tls();
    tls.min_version = row.server_min;
    tls.max_version = row.server_max;
    Server& server = serve(tls);
    ClientConfig config = trusting();
    config.tls->min_version = row.client_min;
    const std::string got = ask(config, server);
    if (row.works) {
      EXPECT_EQ(got, "hello") << row.server_min << row.server_max << row.client_min;
    } else {
      EXPECT_THAT(got, StartsWith("tls: TLS handshake with 127.0.0.1:"))
          << row.server_min << row.server_max << row.client_min;
    }
  }
}

TEST_F(TlsTest, CipherSuitesAndCurvesAreTakenByTheirIanaNames) {
  ServerTls tls = server_tls();
  tls.max_version = "TLS12";
  tls.cipher_suites = {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"};
  tls.curve_preferences = {"CurveP384"};
  EXPECT_EQ(ask(trusting(), serve(tls)), "hello");
  tls.cipher_suites = {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"};  // no suite for an ECDSA key is left
  EXPECT_THAT(ask(trusting(), serve(tls)), StartsWith("tls: "));
}

TEST_F(TlsTest, PlainHttpOnTheTlsPortIsToldSo) {
  Server& server = serve(server_tls());
  const Outcome r = h.get(*h.client(), "http://" + server.address() + "/");
  ASSERT_TRUE(r) << failure_text(r);
  EXPECT_EQ(r->status, 400);
  EXPECT_EQ(r->body, "Client sent an HTTP request to an HTTPS server.\n");
}

TEST_F(TlsTest, APeerThatSaysFarewellIsNoticedWhileTheHandlerWorks) {
  ResponderPtr held;
  bool gone = false;
  Server& server = serve(server_tls(), [&](ServerRequest, ResponderPtr responder) {
    responder->on_change([&](Responder::Change change) { gone = change == Responder::Change::kGone; });
    held = std::move(responder);
  });
  auto client = h.client(trusting());
  Request request;
  request.url = "https://" + server.address() + "/";
  auto call = client->send(std::move(request), [](Outcome) {});
  ASSERT_TRUE(h.wait([&] { return held != nullptr; }));
  EXPECT_TRUE(held->alive());
  call.reset();
  EXPECT_TRUE(h.wait([&] { return gone; }));
  EXPECT_FALSE(held->alive());
}

TEST_F(TlsTest, OneConnectionAnswersManyRequestsThatComeEarlyOrLate) {
  std::vector<ResponderPtr> held;
  Server& server = serve(
      server_tls(), [&](ServerRequest, ResponderPtr responder) { held.push_back(std::move(responder)); });
  auto client = h.client(trusting());
  for (int i = 0; i < 3; ++i) {
    std::optional<Outcome> outcome;
    Request request;
    request.url = "https://" + server.address() + "/";
    const auto call = client->send(std::move(request), [&](Outcome got) { outcome = std::move(got); });
    ASSERT_TRUE(h.wait([&] { return held.size() == static_cast<std::size_t>(i) + 1; }));
    held.back()->send({200, {}, "hello"});
    ASSERT_TRUE(h.wait([&] { return outcome.has_value(); }));
    ASSERT_TRUE(*outcome) << failure_text(*outcome);
    EXPECT_EQ((*outcome)->body, "hello");
  }
  EXPECT_EQ(server.connections(), 1u);
}

TEST_F(TlsTest, TlsToAPlainPortIsToldSo) {
  Server& server = h.serve(kSaysHello);
  EXPECT_EQ(ask(trusting(), server),
            "tls: " + server.address() + " does not speak TLS (plain HTTP on this port?)");
}

TEST_F(TlsTest, UnusableMaterialFailsTheBuildInTheDocumentedWords) {
  const auto pair = authority().issue({"client"});
  const auto other = authority().issue({"other"});
  const std::string missing = dir.path("missing");
  const std::string junk = dir.write("junk", "no pem");
  const auto text = [&](auto change) {
    ClientConfig config;
    config.tls.emplace();
    change(*config.tls);
    const auto client = h.transport().make_client(config, "d");
    return client ? std::string() : client.error().message;
  };
  EXPECT_EQ(text([&](auto& t) { t.ca_file = missing; }),
            "unable to read CA cert: unable to read file " + missing + ": no such file or directory");
  EXPECT_EQ(text([&](auto& t) { t.ca_pem = "x"; }), "unable to use specified CA cert inline");
  EXPECT_EQ(text([&](auto& t) { t.ca_file = junk; }), "unable to use specified CA cert file " + junk);
  EXPECT_EQ(
      text([&](auto& t) {
        t.cert_file = missing;
        t.key_pem = {pair.key_pem};
      }),
      "unable to read specified client cert: unable to read file " + missing + ": no such file or directory");
  EXPECT_EQ(
      text([&](auto& t) {
        t.cert_pem = pair.certificate_pem;
        t.key_file = missing;
      }),
      "unable to read specified client key: unable to read file " + missing + ": no such file or directory");
  EXPECT_EQ(text([&](auto& t) {
              t.cert_pem = pair.certificate_pem;
              t.key_pem = {other.key_pem};
            }),
            "unable to use specified client cert (inline) & key (inline): the private key does not belong to "
            "the certificate");
  EXPECT_THAT(
      text([&](auto& t) {
        t.cert_file = junk;
        t.key_pem = {pair.key_pem};
      }),
      StartsWith("unable to use specified client cert (file " + junk + ") & key (inline): no certificate"));
}

TEST_F(TlsTest, ClientFilesRotateWithoutRestart) {
  const auto old_pair = stranger().issue({"client"});
  const auto new_pair = authority().issue({"client"});
  ServerTls tls = server_tls();
  tls.client_auth_type = "RequireAndVerifyClientCert";
  tls.client_ca_pem = authority().pem();
  Server& server = serve(tls);
  ClientConfig config = trusting();
  config.tls->cert_file = dir.write("cert", old_pair.certificate_pem);
  config.tls->key_file = dir.write("key", old_pair.key_pem);
  auto client = h.client(config);
  EXPECT_THAT(ask(*client, server), HasSubstr("refused our client certificate"));
  dir.write("cert", new_pair.certificate_pem);
  dir.write("key", new_pair.key_pem);
  std::string got;
  for (const auto end = h.loop().now() + 5s; got != "hello" && h.loop().now() < end;)
    got = ask(*client, server);
  EXPECT_EQ(got, "hello");
  // Garbage later keeps what works; a missing file fails the request.
  dir.write("cert", "garbage");
  for (const auto end = h.loop().now() + 100ms; h.loop().now() < end;)
    ASSERT_EQ(ask(*client, server), "hello");
  ASSERT_EQ(std::remove(dir.path("cert").c_str()), 0);
  for (const auto end = h.loop().now() + 5s; got == "hello" && h.loop().now() < end;)
    got = ask(*client, server);
  EXPECT_THAT(got, HasSubstr("unable to read client cert: unable to read file " + dir.path("cert")));
}

TEST_F(TlsTest, ServerFilesAreReadAtEachHandshakeWhenTheyChanged) {
  const auto other = authority().issue({"s", {}, {"10.0.0.1"}});
  ServerTls tls;
  tls.cert_file = dir.path("cert");  // missing: not an error yet
  tls.key_file = dir.path("key");
  Server& server = serve(tls);
  EXPECT_THAT(ask(trusting(), server), StartsWith("tls: TLS handshake with"));
  dir.write("cert", other.certificate_pem);
  dir.write("key", other.key_pem);
  EXPECT_THAT(ask(trusting(), server), HasSubstr("it names 10.0.0.1"));
  dir.write("cert", good().certificate_pem);
  EXPECT_THAT(ask(trusting(), server), HasSubstr("it names 10.0.0.1"));  // half a rotation
  dir.write("key", good().key_pem);
  EXPECT_EQ(ask(trusting(), server), "hello");
}

TEST_F(TlsTest, LargeStreamsPassInBothDirections) {
  Server& server = serve(server_tls(), [](ServerRequest request, ResponderPtr r) {
    r->start({200, {}, ""});
    for (std::size_t at = 0; at < request.body.size(); at += 100'000)
      r->write(request.body.substr(at, 100'000));
    r->finish();
  });
  Request request;
  request.method = "POST";
  request.url = "https://" + server.address() + "/";
  request.body = share(std::string(5'000'000, 'z'));
  auto client = h.client(trusting());
  for (int i = 0; i < 3; ++i) {
    const Outcome r = h.send(*client, request);
    ASSERT_TRUE(r) << failure_text(r);
    EXPECT_EQ(r->body, *request.body);
  }
  EXPECT_THAT(h.registry().collect(),
              HasSubstr("net_conntrack_dialer_conn_attempted_total{dialer_name=\"test\"} 1\n"));
}

TEST_F(TlsTest, HalfAHandshakeDoesNotLast) {
  Server& server = serve(server_tls());
  // A peer that says nothing is not a connection yet; closing the listener drops it.
  testing::PlainPeer unused(h.loop(), testing::answer_with(""));
  EXPECT_EQ(ask(trusting(), server), "hello");
  server.close_listener();
  EXPECT_THAT(ask(trusting(), server), StartsWith("connect: connection refused"));
}

}  // namespace
}  // namespace invar::http
