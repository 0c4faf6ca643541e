#include "delivery/push_request.h"

#include <gmock/gmock.h>

#include <cstdio>

#include "base/strings.h"
#include "codec/gzip.h"
#include "fs/testing/temp_dir.h"
#include "http/testing/fake_transport.h"
#include "pprof/profile.h"

namespace invar::delivery {
namespace {

using http::testing::body_of;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

pipeline::Profile profile_of(std::string body) {
  pipeline::Profile profile;
  profile.labels = Labels{{"__name__", "cpu"}};
  profile.body = share(std::move(body));
  profile.taken_unix_ns = 1'789'000'000'000'000'000;
  return profile;
}

TEST(PushRequest, HasTheDocumentedBytes) {
  const auto profile = profile_of("\x1f\x8b");
  const http::Request request =
      push_request(make_push(profile, profile.labels, profile.lacks_time), "http://h:4040", {}, seconds(10));
  EXPECT_EQ(invar::hex(body_of(request)),
            "0a170a0f0a085f5f6e616d655f5f1203637075"
            "12040a021f8b");
  EXPECT_EQ(request.body, profile.body);  // shared, not copied
}

TEST(PushRequest, KeepsTheSampleId) {
  auto profile = profile_of("\x1f\x8b");
  profile.id = "id-1";
  EXPECT_EQ(invar::hex(body_of(push_request(make_push(profile, profile.labels, profile.lacks_time),
                                            "http://h", {}, seconds(10)))),
            "0a1d0a0f0a085f5f6e616d655f5f1203637075"
            "120a0a021f8b"
            "120469642d31");
}

TEST(PushRequest, HeadersHaveTheirPrecedence) {
  EndpointHeaders headers;
  headers.headers = {{"X-Scope-OrgID", "squad-1"},   {"user-agent", "mine"},
                     {"Content-Type", "text/plain"}, {"Host", "other"},
                     {"x-invar-id", "forged"},       {"Connect-Timeout-Ms", "1"},
                     {"Accept-Encoding", "br"},      {"Connect-Protocol-Version", "9"}};
  headers.user_agent = "invar/v1 (linux; binary)";
  headers.instance_uid = "uid-1";
  const http::Request request = push_request(make_push(profile_of("x"), Labels{{"a", "b"}}, false),
                                             "http://h:4040/p//", headers, seconds(10));
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "http://h:4040/p/push.v1.PusherService/Push");
  EXPECT_EQ(request.timeout, Duration(seconds(10)));
  const std::pair<const char*, const char*> expected[] = {
      {"X-Scope-OrgID", "squad-1"},
      {"User-Agent", "invar/v1 (linux; binary)"},
      {"Content-Type", "application/proto"},
      {"Host", "other"},
      {"X-Invar-Id", "uid-1"},
      {"Connect-Timeout-Ms", "9999"},
      {"Accept-Encoding", "gzip"},
      {"Connect-Protocol-Version", "1"},
  };
  EXPECT_EQ(request.headers.size(), std::size(expected));
  for (const auto& [name, value] : expected) EXPECT_EQ(request.headers.get(name), value) << name;
  EXPECT_FALSE(request.headers.has("Content-Encoding"));
  EXPECT_FALSE(request.headers.has("traceparent"));
}

TEST(PushRequest, ATimeoutThatTheHeaderCannotSayIsLeftOut) {
  const auto header = [](Duration timeout) {
    return std::string(push_request(make_push(profile_of("x"), {}, false), "http://h", {}, timeout)
                           .headers.get("Connect-Timeout-Ms"));
  };
  EXPECT_EQ(header(milliseconds(2)), "1");
  EXPECT_EQ(header(milliseconds(1)), "");
  EXPECT_EQ(header(std::chrono::hours(2'000'000)), "");  // more than ten digits
}

TEST(PushRequest, ATimeIsAddedOnceToAProfileWithoutOne) {
  pprof::Profile data;
  data.sample_types = {{"cpu", "nanoseconds"}};
  data.samples = {{{}, {7}, {}}};
  const std::string raw = pprof::serialize(data);
  std::string packed;
  codec::Deflater().gzip(raw, packed);
  for (const std::string& body : {raw, packed}) {
    auto profile = profile_of(body);
    profile.lacks_time = true;
    const Outgoing outgoing = make_push(profile, profile.labels, profile.lacks_time);
    const std::string stamped = body + time_suffix(codec::is_gzip(body), profile.taken_unix_ns);
    EXPECT_TRUE(body_of(push_request(outgoing, "http://h", {}, seconds(1))).ends_with(stamped));
    std::string scratch;
    const auto summary = pprof::validate_body(stamped, "", 1 << 20, scratch);
    ASSERT_TRUE(summary) << summary.error().message;
    EXPECT_EQ(summary->time_unix_ns, profile.taken_unix_ns);
    EXPECT_EQ(summary->samples, 1u);
  }
}

TEST(PushRequest, GoReadsAStampedProfile) {
  if (std::system("command -v go >/dev/null 2>&1") != 0) GTEST_SKIP() << "go is not installed";
  pprof::Profile data;
  data.sample_types = {{"cpu", "nanoseconds"}};
  data.functions = {{1, "main.work", "", "", 0}};
  data.locations = {{1, 0, 0, {{1, 0, 0}}, false}};
  data.samples = {{{1}, {7}, {}}};
  std::string packed;
  codec::Deflater().gzip(pprof::serialize(data), packed);
  const fs::testing::TempDir dir;
  const std::string path = dir.write("stamped", packed + time_suffix(true, 1'789'000'000'000'000'000));
  std::FILE* pipe = ::popen(("TZ=UTC go tool pprof -raw " + path + " 2>&1").c_str(), "r");
  std::string out(65536, '\0');
  out.resize(std::fread(out.data(), 1, out.size(), pipe));
  EXPECT_EQ(::pclose(pipe), 0);
  EXPECT_THAT(out, HasSubstr("main.work"));
  EXPECT_THAT(out, HasSubstr("2026-09-10"));
}

TEST(IngestRequest, KeepsEverythingButTheName) {
  pipeline::Profile profile = profile_of("raw body");
  profile.kind = pipeline::BodyKind::kIngest;
  profile.ingest = std::make_shared<const pipeline::IngestInfo>(
      pipeline::IngestInfo{"/ingest",
                           "until=2&name=old%7Ba%3Db%7D&from=1&units=a+b&from=0&broken=%zz",
                           {"multipart/form-data; boundary=b", "second"}});
  EndpointHeaders headers;
  headers.headers = {{"X-Scope-OrgID", "t"}, {"Content-Type", "text/plain"}, {"host", "other"}};
  headers.user_agent = "invar/v1";
  headers.instance_uid = "uid-1";
  const Outgoing outgoing =
      make_ingest(profile, Labels{{"__name__", "svc"}, {"env", "prod"}, {"region", "eu"}});
  const http::Request request = ingest_request(outgoing, "http://h:4040/p/", headers, seconds(10));
  EXPECT_EQ(request.url,
            "http://h:4040/p/ingest?from=1&from=0&name=svc%7Benv%3Dprod%2Cregion%3Deu%7D&units=a+b&until=2");
  EXPECT_EQ(body_of(request), "raw body");
  std::vector<std::string> types;
  for (const auto& [name, value] : request.headers)
    if (name == "Content-Type") types.push_back(value);
  EXPECT_EQ(types, profile.ingest->content_types);
  EXPECT_EQ(request.headers.get("User-Agent"), "invar/v1");
  EXPECT_EQ(request.headers.get("X-Invar-Id"), "uid-1");
  EXPECT_FALSE(request.headers.has("Host"));
  EXPECT_FALSE(request.headers.has("Connect-Protocol-Version"));

  pipeline::Profile plain = profile;
  plain.ingest = std::make_shared<const pipeline::IngestInfo>(pipeline::IngestInfo{"/ingest", "", {}});
  const http::Request untyped = ingest_request(make_ingest(plain, {}), "http://h", {}, seconds(1));
  EXPECT_FALSE(untyped.headers.has("Content-Type"));
  EXPECT_EQ(untyped.url, "http://h/ingest?name=%7B%7D");
}

TEST(IngestRequest, PathsAreJoinedClean) {
  EXPECT_EQ(join_path("/p/", "/ingest"), "/p/ingest");
  EXPECT_EQ(join_path("", "/ingest"), "/ingest");
  EXPECT_EQ(join_path("/a/b", "/../../../x"), "/x");
  EXPECT_EQ(join_path("/", "/"), "/");
}

}  // namespace
}  // namespace invar::delivery
