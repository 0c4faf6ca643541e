// The pure parts: the name of /ingest, the two codecs of Push, and what Connect says about headers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codec/gzip.h"
#include "codec/wire.h"
#include "components/pyroscope/receive_http/connect.h"
#include "components/pyroscope/receive_http/grpc.h"
#include "components/pyroscope/receive_http/ingest_name.h"
#include "components/pyroscope/receive_http/push_decode.h"

namespace invar::components::pyroscope_receive_http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string parsed(std::string_view name) {
  const auto labels = parse_ingest_name(name);
  return labels ? labels->to_string() : "error: " + labels.error().message;
}

TEST(IngestName, ReadsWhatPyroscopeReads) {
  const struct {
    const char* name;
    const char* want;
  } rows[] = {
      {"app", "{__name__=\"app\"}"},
      {" app ", "{__name__=\"app\"}"},
      {"test.app{env=prod}", "{__name__=\"test.app\", env=\"prod\"}"},
      {"a-b/c_d.cpu{}", "{__name__=\"a-b/c_d.cpu\"}"},
      {"app{ env = prod , region = eu }", "{__name__=\"app\", env=\"prod\", region=\"eu\"}"},
      {"app{k=v=w,x={y}", "{__name__=\"app\", k=\"v=w\", x=\"{y\"}"},
      {"app{k=1,k=2}", "{__name__=\"app\", k=\"2\"}"},
      {"app{k=v}rest", "{__name__=\"app\", k=\"v\"}"},
      {"app{k=v,lost=x", "{__name__=\"app\", k=\"v\"}"},
      {"app{k=v,nothing}", "{__name__=\"app\", k=\"v\"}"},
      {"app{k=v,}", "{__name__=\"app\", k=\"v\"}"},
      {"app{k=}", "{__name__=\"app\"}"},
      {"app{otel.scope.name=x}", "{\"__name__\"=\"app\", \"otel.scope.name\"=\"x\"}"},
      {"", "error: service name is required"},
      {"{k=v}", "error: service name is required"},
      {"app name", "error: invalid service name: app name: character is not allowed: ' '"},
      {"app{no,k=v}", "error: invalid label name: no,k: a comma ends a label, and \"no\" has no value"},
      {"app{=v}", "error: invalid label name: label name is required"},
      {"app{a-b=v}", "{\"__name__\"=\"app\", \"a-b\"=\"v\"}"},
      {"app{a\xff=v}", "error: invalid label name: \"a\\xff\" is not UTF-8"},
  };
  for (const auto& row : rows) {
    std::string want = row.want;
    if (want.starts_with("{\"__name__\"")) want.replace(1, 10, "__name__");
    EXPECT_EQ(parsed(row.name), want) << row.name;
  }
}

TEST(IngestName, TheServiceIsTheApplicationUnlessTheClientNamesOne) {
  const auto with = [](std::string_view name) {
    return with_service_name(*parse_ingest_name(name)).to_string();
  };
  EXPECT_EQ(with("test.app{env=prod}"), "{__name__=\"test.app\", env=\"prod\", service_name=\"test.app\"}");
  EXPECT_EQ(with("test.app{service_name=my}"),
            "{__name__=\"test.app\", app_name=\"test.app\", service_name=\"my\"}");
  EXPECT_EQ(with("a{service_name=my,app_name=own}"), "{__name__=\"a\", app_name=\"a\", service_name=\"my\"}");
  EXPECT_EQ(with("test.app{service_name=}"), "{__name__=\"test.app\", service_name=\"test.app\"}");
}

TEST(FormValue, BrokenParametersCountAsAbsentOneByOne) {
  EXPECT_EQ(form_value("from=1&name=a%7Bk%3Dv%7D&name=b", "name"), "a{k=v}");
  EXPECT_EQ(form_value("name=app;x=1", "name"), std::nullopt);
  EXPECT_EQ(form_value("name=%zz&name=b", "name"), "b");
  EXPECT_EQ(form_value("x=%zz&name=a+b", "name"), "a b");
  EXPECT_EQ(form_value("name", "name"), "");
  EXPECT_EQ(form_value("", "name"), std::nullopt);
}

// ---- Push

std::string field(std::uint32_t number, std::string_view bytes) {
  std::string out;
  codec::wire::append_field(out, number, bytes);
  return out;
}

std::string described(const Result<std::vector<PushedSeries>>& decoded) {
  if (!decoded) return "error: " + decoded.error().message;
  std::string out;
  for (const PushedSeries& series : *decoded) {
    out += "[";
    for (const Label& label : series.labels) out += label.name + "=" + label.value + ";";
    for (const PushedSample& sample : series.samples) out += "(" + sample.id + ":" + *sample.body + ")";
    out += "]";
  }
  return out;
}

TEST(PushProto, ReadsSeriesSamplesAndIds) {
  const std::string label = field(1, "__name__") + field(2, "cpu");
  const std::string sample = field(1, "body") + field(2, "id-1");
  const std::string series = field(1, label) + field(2, sample) + field(2, field(1, "two"));
  EXPECT_EQ(described(decode_push_proto(field(1, series) + field(1, ""))),
            "[__name__=cpu;(id-1:body)(:two)][]");
  EXPECT_EQ(described(decode_push_proto("")), "");
}

TEST(PushProto, UnknownFieldsAndOtherWireTypesAreNotMinded) {
  std::string message;
  codec::wire::append_field(message, 1, std::uint64_t{7});  // series as a number
  codec::wire::append_field(message, 99, std::uint64_t{7});
  message += field(98, "x") + field(1, field(3, "annotation") + field(2, field(1, "a") + field(1, "b")));
  EXPECT_EQ(described(decode_push_proto(message)), "[(:b)]") << "of a repeated field the last one counts";
}

TEST(PushProto, SaysWhatIsWrong) {
  const std::string prefix = "error: unmarshal message: unmarshal into *pushv1.PushRequest: proto: ";
  EXPECT_EQ(described(decode_push_proto("\x0a\x05")), prefix + "cannot parse invalid wire-format data");
  EXPECT_EQ(described(decode_push_proto("hello world")), prefix + "cannot parse invalid wire-format data");
  EXPECT_EQ(described(decode_push_proto(field(1, field(1, field(1, "\xff"))))),
            prefix + "string field contains invalid UTF-8");
  EXPECT_EQ(described(decode_push_proto(field(1, field(2, field(2, "\xc3"))))),
            prefix + "string field contains invalid UTF-8");
}

TEST(PushJson, ReadsBothFieldNamesAndEveryBase64) {
  EXPECT_EQ(
      described(decode_push_json(
          R"({"series":[{"labels":[{"name":"__name__","value":"cpu"}],"samples":[{"rawProfile":"Ym9keQ==","ID":"i"}]}]})")),
      "[__name__=cpu;(i:body)]");
  for (const char* text : {"Pj8/", "Pj8_", "Pj8_\",\"x\":\""})
    EXPECT_EQ(described(decode_push_json(std::string(R"({"series":[{"samples":[{"raw_profile":")") + text +
                                         "\"}]}]}")),
              std::string("[(:>?") + "?)]")
        << text;
  EXPECT_EQ(described(decode_push_json(R"({"series":[{"samples":[{"rawProfile":"Ym9keQ"}]}]})")),
            "[(:body)]");
}

TEST(PushJson, NullIsAbsentAndUnknownFieldsAreIgnored) {
  EXPECT_EQ(described(decode_push_json(R"({"series":null,"more":{"a":[1]}})")), "");
  EXPECT_EQ(
      described(decode_push_json(R"({"series":[{"labels":null,"samples":[{"id":"small","ID":null}]}]})")),
      "[(:)]");
  EXPECT_EQ(described(decode_push_json("{}")), "");
  EXPECT_EQ(
      described(decode_push_json(
          R"( { "a":-1.5e+3, "b":[true,false,null,0,{}], "series":[{"labels":[{"name":"\u00e4\ud83d\ude00\n"}]}] } )")),
      "[\u00e4\U0001F600\n=;]");
  const std::string deep(2000, '[');
  EXPECT_THAT(described(decode_push_json("{\"x\":" + deep)), HasSubstr("exceeded max depth"));
}

TEST(PushJson, SaysWhatIsWrong) {
  EXPECT_EQ(described(decode_push_json("")),
            "error: unmarshal message: zero-length payload is not a valid JSON object");
  const struct {
    const char* message;
    const char* want;
  } rows[] = {
      {R"({"series":[],"series":[]})", "proto: (line 1:14): duplicate field \"series\""},
      {R"({"series":null,"series":[]})", "(line 1:16): duplicate field \"series\""},
      {"{\n \"\u00e4\": 1, \"series\": [],\n\t\"series\": []}", "(line 3:2): duplicate field \"series\""},
      {"{\n \"\u00e4\": 1, \"series\": 1}", "(line 2:20): array expected, not number"},
      {R"({"series":[{"samples":[{"rawProfile":"","raw_profile":""}]}]})",
       "(line 1:41): duplicate field \"raw_profile\""},
      {R"({"series":[{"labels":[{"name":1}]}]})", "(line 1:31): string expected, not number"},
      {R"({"series":[{"labels":[{"value":{"a":[]}}]}]})", "(line 1:32): string expected, not object"},
      {R"({"series":[{"samples":[{"rawProfile":"*"}]}]})",
       "(line 1:38): invalid value for bytes field rawProfile: it is not base64"},
      {R"({"series":[{"samples":[{"rawProfile":true}]}]})", "(line 1:38): string expected, not bool"},
      {R"({"series":{}})", "(line 1:11): array expected, not object"},
      {R"({"series":[null]})", "(line 1:12): object expected, not null"},
      {R"({"series":[],})", "(line 1:14): invalid character '}' looking for beginning of object key string"},
      {R"({"series":[{}{}]})", "(line 1:14): invalid character '{' after array element"},
      {R"({"series" []})", "(line 1:11): invalid character '[' after object key"},
      {R"({series:[]})", "(line 1:2): invalid character 's' looking for beginning of object key string"},
      {R"({"more":01})", "(line 1:10): invalid character '1' after object key:value pair"},
      {R"({"more":tru})", "(line 1:12): invalid character '}' in literal true (expecting 'e')"},
      {"[]", "(line 1:1): object expected, not array"},
      {"null", "(line 1:1): object expected, not null"},
      {"{} x", "(line 1:4): invalid character 'x' after top-level value"},
      {"{", "(line 1:2): unexpected end of JSON input"},
      {R"({"series":[{"labels":[{"name":"a)", "(line 1:33): unexpected end of JSON input"},
      {"{\"more\":\"a\tb\"}", "(line 1:11): invalid character '\\t' in string literal"},
      {"{\"series\":[{\"labels\":[{\"name\":\"\xff\"}]}]}", "(line 1:31): invalid UTF-8 in string"},
      {R"({"more":"\ud800"})", "(line 1:10): invalid escape code \"\\\\ud800\" in string"},
      {R"({"more":"\x"})", "(line 1:11): invalid character 'x' in string escape code"}};
  for (const auto& row : rows) EXPECT_THAT(described(decode_push_json(row.message)), HasSubstr(row.want));
}

// ---- Connect

http::ServerResponse refused(const http::Headers& headers) {
  const auto call = open_connect_call(headers);
  return call ? http::ServerResponse{200, {}, ""} : call.error();
}

TEST(Connect, ContentTypesAreComparedWithoutCase) {
  for (const char* type : {"application/proto", "APPLICATION/Proto", "application/json",
                           "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"})
    EXPECT_EQ(refused({{"Content-Type", type}}).status, 200) << type;
  for (const char* type :
       {"", "text/plain", "application/proto; charset=utf-8", "application/connect+proto",
        "application/grpc-web-text", "application/grpc+thrift", "application/json; charset=latin1"}) {
    const auto answer = refused({{"Content-Type", type}});
    EXPECT_EQ(answer.status, 415) << type;
    EXPECT_EQ(answer.body, "");
    EXPECT_EQ(answer.headers.get("Accept-Post"),
              "application/grpc, application/grpc+json, application/grpc+proto, application/grpc-web, "
              "application/grpc-web+json, application/grpc-web+proto, application/json, application/json; "
              "charset=utf-8, application/proto");
  }
}

TEST(Grpc, CallsAreKnownByTheirType) {
  const auto opened = [](const char* type) { return *open_connect_call({{"Content-Type", type}}); };
  EXPECT_EQ(opened("application/grpc").protocol, RpcProtocol::kGrpc);
  EXPECT_FALSE(opened("application/grpc+proto").json);
  EXPECT_TRUE(opened("application/grpc+json").json);
  EXPECT_EQ(opened("Application/gRPC-Web").protocol, RpcProtocol::kGrpcWeb);
  EXPECT_TRUE(opened("application/grpc-web+json").json);
}

TEST(Grpc, HeadersThatAreWrongSaySoInTheStatus) {
  const auto with = [](const char* name, const char* value) {
    const auto answer = refused({{"Content-Type", "application/grpc-web+proto"}, {name, value}});
    EXPECT_EQ(answer.status, 200);
    return std::string(answer.headers.get("Grpc-Status")) + " " +
           std::string(answer.headers.get("Grpc-Message"));
  };
  EXPECT_EQ(with("Grpc-Encoding", "zstd"), "12 unknown compression \"zstd\": supported encodings are gzip");
  EXPECT_EQ(with("Grpc-Timeout", "0m"), "4 context deadline exceeded");
  for (const char* bad : {"10", "S", "123456789S", "1x", "-1S"})
    EXPECT_EQ(with("Grpc-Timeout", bad), std::string("3 protocol error: invalid timeout \"") + bad + "\"");
  EXPECT_EQ(with("Grpc-Timeout", "99999999n"), " ");
}

TEST(Grpc, OneMessageStandsInOneFrame) {
  using std::string_literals::operator""s;
  const auto read = [](const std::string& body) {
    const auto message = read_grpc_message(body);
    return message ? std::string(message->bytes) + (message->packed ? " packed" : "")
                   : message.error().message;
  };
  EXPECT_EQ(read("\0\0\0\0\2ab"s), "ab");
  EXPECT_EQ(read("\1\0\0\0\2ab"s), "ab packed");
  EXPECT_EQ(read("\0\0\0\0\0"s), "");
  EXPECT_EQ(read(""), "protocol error: the call has no message");
  EXPECT_EQ(read("\0\0\0"s), "protocol error: incomplete frame");
  EXPECT_EQ(read("\0\0\0\0\3ab"s), "protocol error: promised 3 bytes in the frame, got 2");
  EXPECT_EQ(read("\0\xff\xff\xff\xff"s), "protocol error: promised 4294967295 bytes in the frame, got 0");
  EXPECT_EQ(read("\0\0\0\0\1a\0\0\0\0\0"s), "protocol error: a unary call has one message");
  EXPECT_EQ(read("\x80\0\0\0\0"s), "protocol error: unknown frame flags 0x80");
}

TEST(Grpc, AnswersEndWithTheStatus) {
  using std::string_literals::operator""s;
  const auto web = call_empty_answer(*open_connect_call({{"Content-Type", "application/grpc-web+json"}}));
  EXPECT_EQ(web.body, "\0\0\0\0\2{}\x80\0\0\0\x10grpc-status: 0\r\n"s);
  EXPECT_EQ(web.headers.get("Content-Type"), "application/grpc-web+json");
  const ConnectCall call = *open_connect_call({{"Content-Type", "application/grpc"}});
  EXPECT_EQ(call_empty_answer(call).body, "\0\0\0\0\0"s);
  EXPECT_EQ(call_empty_answer(call).trailers.get("Grpc-Status"), "0");
  const auto error = call_error(call, ConnectCode::kUnavailable, "50% of \xc3\xa4\n");
  EXPECT_EQ(error.headers.get("Grpc-Status"), "14");
  EXPECT_EQ(error.headers.get("Grpc-Message"), "50%25 of %C3%A4%0A");
}

TEST(Connect, HeadersThatAreWrongSaySo) {
  const auto with = [](const char* name, const char* value) {
    const auto answer = refused({{"Content-Type", "application/proto"}, {name, value}});
    return std::to_string(answer.status) + " " + answer.body;
  };
  EXPECT_EQ(
      with("Content-Encoding", "zstd"),
      R"(501 {"code":"unimplemented","message":"unknown compression \"zstd\": supported encodings are gzip"})");
  EXPECT_EQ(
      with("Connect-Protocol-Version", "2"),
      R"(400 {"code":"invalid_argument","message":"Connect-Protocol-Version must be \"1\": got \"2\""})");
  EXPECT_EQ(with("Connect-Timeout-Ms", "12345678901"),
            R"(400 {"code":"invalid_argument","message":"parse timeout: \"12345678901\" has >10 digits"})");
  EXPECT_EQ(
      with("Connect-Timeout-Ms", "abc"),
      R"(400 {"code":"invalid_argument","message":"parse timeout: strconv.ParseInt: parsing \"abc\": invalid syntax"})");
  for (const char* spent : {"0", "-5"})
    EXPECT_EQ(with("Connect-Timeout-Ms", spent),
              R"(504 {"code":"deadline_exceeded","message":"context deadline exceeded"})");
  for (const char* good : {"1", "9999999999", "+7"}) EXPECT_EQ(with("Connect-Timeout-Ms", good), "200 ");
  EXPECT_EQ(with("Connect-Protocol-Version", "1"), "200 ");
  EXPECT_EQ(with("Content-Encoding", "identity"), "200 ");
}

TEST(Connect, TheAnswerIsPackedWhenTheClientOffersItOrPackedItself) {
  const auto answered = [](http::Headers headers) {
    headers.add("Content-Type", "application/json");
    return connect_empty_answer(*open_connect_call(headers));
  };
  EXPECT_EQ(answered({}).body, "{}");
  EXPECT_EQ(answered({}).headers.get("Content-Type"), "application/json");
  EXPECT_EQ(
      answered({{"Accept-Encoding", "br"}, {"Content-Encoding", "gzip"}}).headers.get("Content-Encoding"),
      "");
  for (const http::Headers& headers :
       {http::Headers{{"Accept-Encoding", "br, GZIP;q=0.5"}}, http::Headers{{"Content-Encoding", "gzip"}}}) {
    const auto answer = answered(headers);
    EXPECT_EQ(answer.headers.get("Content-Encoding"), "gzip");
    std::string plain;
    EXPECT_TRUE(codec::Inflater().gunzip(answer.body, 100, plain));
    EXPECT_EQ(plain, "{}");
  }
}

}  // namespace
}  // namespace invar::components::pyroscope_receive_http
