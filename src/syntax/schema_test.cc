#include "syntax/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "syntax/json.h"
#include "syntax/parser.h"
#include "syntax/testing/evaluation.h"

namespace invar::syntax {
namespace {

using namespace std::chrono_literals;
using testing::check_text;
using testing::decode_text;
using ::testing::EndsWith;

struct Auth {
  std::string username;
  OptionalSecretText password;
  bool operator==(const Auth&) const = default;
};
Result<> check_auth(const Auth& auth) {
  if (auth.username == "root") return fail(ErrorCode::kInvalidArgument, "root is not allowed");
  return {};
}
const Schema& auth_schema() {
  static const Schema schema = SchemaBuilder<Auth>()
                                   .attribute("username", &Auth::username, "Name.")
                                   .required()
                                   .attribute("password", &Auth::password, "Password.")
                                   .check(&check_auth)
                                   .build();
  return schema;
}

struct Client {
  std::optional<Auth> auth;
  bool follow = true;
  Duration timeout = 10s;
  bool operator==(const Client&) const = default;
};
Result<> check_client(const Client& client) {
  if (client.timeout <= 0s) return fail(ErrorCode::kInvalidArgument, "timeout must be positive");
  return {};
}
const Schema& client_schema() {
  static const Schema schema = SchemaBuilder<Client>()
                                   .block("basic_auth", &Client::auth, auth_schema(), "Credentials.")
                                   .attribute("follow", &Client::follow, "Follow redirects.")
                                   .attribute("timeout", &Client::timeout, "Limit.")
                                   .check(&check_client)
                                   .build();
  return schema;
}

struct Profile {
  std::string name;
  bool enabled = true;
  bool operator==(const Profile&) const = default;
};
const Schema& profile_schema() {
  static const Schema schema = SchemaBuilder<Profile>()
                                   .label(&Profile::name, "Its name.")
                                   .attribute("enabled", &Profile::enabled, "On.")
                                   .build();
  return schema;
}

struct Limits {
  std::int64_t count = 0;
  bool operator==(const Limits&) const = default;
};
const Schema& limits_schema() {
  static const Schema schema =
      SchemaBuilder<Limits>().attribute("count", &Limits::count, "How many.").build();
  return schema;
}

struct Choice {
  std::vector<std::string> names;
  bool all = true;
  bool operator==(const Choice&) const = default;
};
const Schema& choice_schema() {
  static const Schema schema = SchemaBuilder<Choice>()
                                   .attribute("names", &Choice::names, "Which.")
                                   .attribute("all", &Choice::all, "All of them.")
                                   .shown_from_zero()
                                   .build();
  return schema;
}

struct Arguments {
  std::string url;
  std::vector<std::string> tags;
  std::vector<std::string> paths = {"/a"};
  std::map<std::string, std::string> headers;
  Client client{.timeout = 30s};
  std::vector<Profile> profiles;
  Client nested;
  Limits limits;
  Choice choice;
  Value extra;
  bool operator==(const Arguments&) const = default;
};
const Schema& arguments_schema() {
  static const Schema schema =
      SchemaBuilder<Arguments>()
          .attribute("url", &Arguments::url, "Where to.")
          .required()
          .attribute("tags", &Arguments::tags, "Tags.")
          .attribute("paths", &Arguments::paths, "Paths.")
          .attribute("headers", &Arguments::headers, "Headers.")
          .squash(&Arguments::client, client_schema())
          .block("profile.custom", &Arguments::profiles, profile_schema(), "Profiles.")
          .block("nested", &Arguments::nested, client_schema(), "Nested.")
          .block("limits", &Arguments::limits, limits_schema(), "Limits.")
          .block("choice", &Arguments::choice, choice_schema(), "Choice.")
          .attribute("extra", &Arguments::extra, "Anything.")
          .invar_only()
          .check([](const Arguments& a) -> Result<> {
            if (a.url == "x") return fail(ErrorCode::kInvalidArgument, "url is x");
            return {};
          })
          .build();
  return schema;
}

TEST(Schema, DescribesItsFields) {
  const Schema& schema = arguments_schema();
  EXPECT_TRUE(schema.find("url")->required);
  EXPECT_EQ(schema.find("url")->default_text, "");
  EXPECT_EQ(schema.find("timeout")->default_text,
            "\"30s\"");  // the outer struct's default, not the nested one's
  EXPECT_EQ(client_schema().find("timeout")->default_text, "\"10s\"");
  EXPECT_EQ(schema.find("follow")->default_text, "true");
  EXPECT_EQ(schema.find("paths")->default_text, "[\"/a\"]");
  EXPECT_EQ(schema.find("tags")->default_text, "");
  EXPECT_TRUE(schema.find("extra")->invar_only);
  EXPECT_TRUE(auth_schema().find("password")->secret);
  EXPECT_FALSE(auth_schema().find("username")->secret);
  EXPECT_TRUE(schema.find("profile.custom")->repeated);
  EXPECT_FALSE(schema.find("nested")->always_shown);
  EXPECT_TRUE(schema.find("choice")->always_shown);
  EXPECT_FALSE(schema.find("limits")->always_shown);
  EXPECT_EQ(schema.find("nope"), nullptr);
}

TEST(Schema, DecodesABody) {
  Arguments got;
  EXPECT_EQ(decode_text(R"(
url     = "http://" + "h"
headers = {a = 1}
timeout = "5s"
extra   = {k = [1]}
basic_auth {
  username = "u"
  password = "p"
}
profile.custom "one" { }
profile.custom "two" {
  enabled = false
}
nested {
  follow = false
}
)",
                        arguments_schema(), &got),
            "");
  EXPECT_EQ(got.url, "http://h");
  EXPECT_EQ(got.headers.at("a"), "1");
  EXPECT_EQ(got.client.timeout, 5s);
  EXPECT_EQ(got.client.auth->password.text, "p");
  ASSERT_EQ(got.profiles.size(), 2U);
  EXPECT_EQ(got.profiles[0], (Profile{"one", true}));
  EXPECT_EQ(got.profiles[1], (Profile{"two", false}));
  EXPECT_FALSE(got.nested.follow);
  EXPECT_EQ(got.nested.timeout, 10s);
}

TEST(Schema, AnAttributeSetToNullIsProvidedAndZero) {
  Arguments got;
  EXPECT_EQ(decode_text("url = null\npaths = null\ntimeout = \"1s\"", arguments_schema(), &got), "");
  EXPECT_EQ(got.url, "");
  EXPECT_TRUE(got.paths.empty());
}

TEST(Schema, ABodyThatDoesNotFit) {
  const struct {
    std::string_view body, want;
  } rows[] = {
      {"", "-: missing required attribute \"url\""},
      {"urll = 1", "1:1: unrecognized attribute name \"urll\" (did you mean \"url\"?)"},
      {"zzzzz = 1", "1:1: unrecognized attribute name \"zzzzz\""},
      {"username = \"u\"",
       "1:1: unrecognized attribute name \"username\" (it stands in the block \"basic_auth\")"},
      {"nestedd { }", "1:1: unrecognized block name \"nestedd\" (did you mean \"nested\"?)"},
      {"url { }", "1:1: \"url\" must be an attribute, but is used as a block (write url = …)"},
      {"nested = 1",
       "1:1: \"nested\" must be a block, but is used as an attribute (write nested { … }, without =)"},
      {"url = \"a\"\nurl = \"b\"", "2:1: attribute \"url\" may only be provided once"},
      {"nested { }\nnested { }", "1:1: block \"nested\" may only be specified once"},
      {"basic_auth { }\nbasic_auth { }", "1:1: block \"basic_auth\" may only be specified once"},
      {"profile.custom { }", "1:1: block \"profile.custom\" requires non-empty label"},
      {"nested \"x\" { }", "1:1: block \"nested\" does not support specifying labels"},
      {"url = \"a\"\nbasic_auth { }", "-: missing required attribute \"username\""},
      {"url = \"x\"", "1:7: url is x"},
      {"url = \"x\"\ntimeout = \"0s\"", "2:11: timeout must be positive"},
      {"url = \"x\"\nbasic_auth {\n  username = \"root\"\n}", "-: root is not allowed"},
      {"timeout = \"1d\"", "1:11: \"1d\" time: unknown unit \"d\" in duration \"1d\" (write \"24h\")"},
      {"url = nope.x", "1:7: identifier \"nope\" does not exist"},
  };
  for (const auto& row : rows) {
    Arguments got;
    EXPECT_EQ(decode_text(row.body, arguments_schema(), &got), row.want) << row.body;
  }
}

TEST(Schema, FreeFormBodiesBecomeMaps) {
  const struct {
    std::string_view body, want;
  } rows[] = {
      {"a = 1\nb = \"x\"", ""},
      {"a = 1\nb { }", "2:1: nested blocks not supported here"},
      {"a = 1\na = 2", "2:1: attribute \"a\" may only be provided once"},
  };
  for (const auto& row : rows) {
    const auto source = make_source("", std::string(row.body));
    Diagnostics diagnostics;
    const auto file = parse_file(source, diagnostics);
    ASSERT_NE(file, nullptr);
    std::map<std::string, Value> values;
    EXPECT_EQ(decode_map(file->body, source, {}, values, diagnostics), row.want.empty());
    EXPECT_EQ(testing::describe(diagnostics), row.want);
  }
}

TEST(CheckBody, FindsEverythingAtOnce) {
  EXPECT_EQ(
      check_text("urll = 1\nnested = 2\nnested { }\nnested { }\nbasic_auth { }", arguments_schema()),
      "1:1-1:8: unrecognized attribute name \"urll\" (did you mean \"url\"?)"
      " | 2:1-2:10: \"nested\" must be a block, but is used as an attribute (write nested { … }, without =)"
      " | 3:1-3:10: block \"nested\" may only be specified once"
      " | 4:1-4:10: block \"nested\" may only be specified once"
      " | 5:1-5:14: missing required attribute \"username\"")
      << "what is misspelled is not missing, too";
}

TEST(Schema, AMistakeInATextSaysWhatToWrite) {
  struct Limits {
    Duration every{};
    std::int64_t bytes = 0;
    bool operator==(const Limits&) const = default;
  };
  const Schema schema = SchemaBuilder<Limits>()
                            .attribute("every", &Limits::every, "How often.")
                            .attribute("bytes", &Limits::bytes, "How many.")
                            .build();
  const std::pair<const char*, const char*> rows[] = {
      {"every = 15", "time: missing unit in duration \"15\" (write \"15s\")"},
      {"every = \"7d\"", "(write \"168h\")"},
      {"every = \"2 weeks\"", "(write \"336h\")"},
      {"every = \"5 min\"", "(units are ms, s, m and h)"},
      {"every = \"soon\"", "(as in \"15s\", \"1m30s\" or \"24h\")"},
      {"bytes = \"1GB\"", "should be number, got string (write 1000000000)"},
      {"bytes = \"64MiB\"", "(write 67108864)"},
      {"bytes = \"64Mi\"", "(write 67108864)"},
      {"bytes = \"10k\"", "(write 10000)"},
      {"bytes = \"99999999999GB\"", "should be number, got string"},
      {"bytes = \"many\"", "should be number, got string"},
  };
  for (const auto& [body, want] : rows) {
    Limits got;
    EXPECT_THAT(decode_text(body, schema, &got), EndsWith(want)) << body;
  }
}

TEST(Schema, ARuleOfAFieldIsReportedAtItsValue) {
  struct One {
    std::string word;
    bool operator==(const One&) const = default;
  };
  const Schema schema = SchemaBuilder<One>()
                            .attribute("word", &One::word, "A word.")
                            .valid([](const One& one) -> std::optional<DecodeError> {
                              if (one.word != "bad") return std::nullopt;
                              return decode_failure("is a bad word");
                            })
                            .build();
  One got;
  EXPECT_EQ(decode_text("word = \"good\"", schema, &got), "");
  EXPECT_EQ(decode_text("word = \"bad\"", schema, &got), "1:8: \"bad\" is a bad word");
  EXPECT_EQ(check_text("word = \"bad\"", schema), "1:8-1:12: is a bad word");
}

TEST(CheckBody, ABlockIsFoundByItsLastWord) {
  struct Profiles {
    std::optional<Auth> cpu;
    bool operator==(const Profiles&) const = default;
  };
  const Schema schema =
      SchemaBuilder<Profiles>().block("profile.process_cpu", &Profiles::cpu, auth_schema(), "CPU.").build();
  EXPECT_EQ(check_text("profile.cpu { }", schema),
            "1:1-1:15: unrecognized block name \"profile.cpu\" (did you mean \"profile.process_cpu\"?)");
  EXPECT_EQ(check_text("profile.profile { }", schema),
            "1:1-1:19: unrecognized block name \"profile.profile\" (did you mean \"profile.process_cpu\"?)");
}

TEST(CheckBody, EveryWrongElementOfAListIsFound) {
  struct Lists {
    std::vector<Duration> list;
    bool operator==(const Lists&) const = default;
  };
  const Schema schema = SchemaBuilder<Lists>().attribute("list", &Lists::list, "Times.").build();
  const std::string mistakes = check_text(R"(list = ["1s", "x", "2s", "7d", other.thing])", schema);
  EXPECT_EQ(mistakes,
            "1:15-1:17: time: invalid duration \"x\" (as in \"15s\", \"1m30s\" or \"24h\") | "
            "1:26-1:29: time: unknown unit \"d\" in duration \"7d\" (write \"168h\")");
}

TEST(CheckBody, LiteralsAreChecked) {
  const struct {
    std::string_view body, want;
  } rows[] = {
      {"url = 1", ""},
      {"url = true", "1:7-1:10: expected string, got bool"},
      {"url = null", ""},
      {"url = [1]", "1:7-1:9: expected string, got array (write 1, without brackets)"},
      {"url = {}", "1:7-1:8: expected string, got object"},
      {"tags = [\"a\", true, [1], x.y, null]",
       "1:14-1:17: expected string, got bool | 1:20-1:22: expected string, got array (write 1, without "
       "brackets)"},
      {"tags = \"a\"", "1:8-1:10: expected array, got string (write [\"a\"])"},
      {"headers = {a = true, b = f()}", "1:16-1:19: expected string, got bool"},
      {"headers = [1]", "1:11-1:13: expected object, got array"},
      {"timeout = \"1d\"", "1:11-1:14: time: unknown unit \"d\" in duration \"1d\" (write \"24h\")"},
      {"timeout = \"-1d\" + \"\"",
       "1:11-1:20: time: unknown unit \"d\" in duration \"-1d\" (as in \"15s\", \"1m30s\" or \"24h\")"},
      {"follow = -1", "1:11-1:11: expected bool, got number"},
      {"follow = !true", ""},
      {"follow = 1 == 1", ""},
      {"url = 1 == 1", "1:7-1:12: expected string, got bool"},
      {"url = \"a\" + 1", "1:7-1:13: expected string, got number"},
      {"url = 1 / 0", "1:7-1:11: divide by zero error"},
      {"url = (true)", "1:7-1:12: expected string, got bool"},
      {"url = -true", "1:8-1:11: expected number, got bool"},
      {"url = !true", "1:8-1:11: expected string, got bool"},
      {"extra = !null", "1:10-1:13: expected bool, got null"},
      {"follow = !!1", ""},
      {"follow = (1) + 2", ""},
      {"follow = -1 + 2", ""},
      {"follow = x.y", ""},
      {"follow = f(1)", ""},
      {"extra = [1, {}]", ""},
      {"url = 1e400", "1:7-1:11: strconv.ParseFloat: parsing \"1e400\": value out of range"},
      {"profile.custom \"a\" {\n  enabled = 1\n}", "2:13-2:13: expected bool, got number"},
      {"profile.custom {\n  enabled = 1\n}",
       "1:1-1:16: block \"profile.custom\" requires non-empty label | 2:13-2:13: expected bool, got number"},
      {"nested \"label\" { }", "1:1-1:16: block \"nested\" does not support specifying labels"},
      {"basic_auth {\n  username = \"root\"\n  password = 1\n}", "3:14-3:14: expected capsule, got number"},
  };
  for (const auto& row : rows) {
    std::string body(row.body);
    std::string want(row.want);
    if (!body.starts_with("url")) {
      body += "\nurl = \"a\"";
    }
    EXPECT_EQ(check_text(body, arguments_schema()), want) << row.body;
  }
}

// The checks of a schema run on blocks whose values all stand in the file; receivers and targets may come from elsewhere.
TEST(CheckBody, KnownValuesAreCheckedBySchemas) {
  const struct {
    std::string_view body, want;
  } rows[] = {
      {"url = \"x\"", "1:7-1:9: url is x"},
      {"url = \"x\"\ntags = [f(1)]", ""},
      {"url = f(\"x\")", ""},
      {"url = \"x\"\nfollow = 1 + \"a\"", "2:10-2:16: expected number, got string"},
      {"url = \"a\"\ntimeout = \"-1s\"", "2:11-2:15: timeout must be positive"},
      {"url = x.y\nnested {\n  timeout = \"-1s\"\n}", "3:13-3:17: timeout must be positive"},
      {"url = \"a\"\nbasic_auth {\n  username = \"root\"\n}", "2:1-4:1: root is not allowed"},
      {"url = \"a\"\nbasic_auth {\n  username = \"root\"\n  password = sys.env(\"P\")\n}", ""},
      {"url = \"x\"\nbasic_auth {\n  username = \"root\"\n}", "2:1-4:1: root is not allowed"},
  };
  for (const auto& row : rows) EXPECT_EQ(check_text(row.body, arguments_schema()), row.want) << row.body;
}

// JSON with single quotes, for reading.
std::string shown(const Arguments& arguments) {
  std::string json = body_to_json(arguments_schema().to_body(&arguments));
  std::replace(json.begin(), json.end(), '"', '\'');
  return json;
}

TEST(Schema, ShowsWhatIsNotDefault) {
  Arguments arguments;
  EXPECT_EQ(
      shown(arguments),
      "[{'name':'url','type':'attr','value':{'type':'string','value':''}},"
      "{'name':'paths','type':'attr','value':{'type':'array','value':[{'type':'string','value':'/a'}]}},"
      "{'name':'choice','type':'block','body':["
      "{'name':'all','type':'attr','value':{'type':'bool','value':true}}]}]");
  arguments.paths.clear();
  arguments.client.timeout = 10s;
  arguments.client.auth = Auth{"u", {"p", true}};
  arguments.profiles = {{"one", true}};
  arguments.limits.count = 3;
  arguments.nested.follow = false;
  arguments.choice.all = false;
  EXPECT_EQ(shown(arguments),
            "[{'name':'url','type':'attr','value':{'type':'string','value':''}},"
            "{'name':'paths','type':'attr','value':{'type':'array','value':[]}},"
            "{'name':'basic_auth','type':'block','body':["
            "{'name':'username','type':'attr','value':{'type':'string','value':'u'}},"
            "{'name':'password','type':'attr','value':{'type':'capsule','value':'(secret)'}}]},"
            "{'name':'timeout','type':'attr','value':{'type':'string','value':'10s'}},"
            "{'name':'profile.custom','type':'block','label':'one','body':[]},"
            "{'name':'nested','type':'block','body':["
            "{'name':'follow','type':'attr','value':{'type':'bool','value':false}}]},"
            "{'name':'limits','type':'block','body':["
            "{'name':'count','type':'attr','value':{'type':'number','value':3}}]},"
            "{'name':'choice','type':'block','body':[]}]");
}

TEST(Schema, ExportsAreAnOrderedObject) {
  Auth auth{"u", {"p", false}};
  EXPECT_EQ(auth_schema().to_object(&auth).to_text(), "{username = \"u\", password = \"p\"}");
}

TEST(Schema, BoxesCompareByContent) {
  const Boxed a = Boxed::of(limits_schema(), Limits{1});
  EXPECT_EQ(a, Boxed::of(limits_schema(), Limits{1}));
  EXPECT_FALSE(a == Boxed::of(limits_schema(), Limits{2}));
  EXPECT_FALSE(a == Boxed());
  EXPECT_EQ(a.as<Limits>().count, 1);
  const auto copy = limits_schema().clone(a.object());
  EXPECT_TRUE(limits_schema().equal(copy.get(), a.object()));
}

}  // namespace
}  // namespace invar::syntax
