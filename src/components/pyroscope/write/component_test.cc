// pyroscope.write as the controller and the user see it: arguments as text, exports, health of an update.
#include "components/pyroscope/write/component.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "component/shown_arguments.h"
#include "component/testing/component_harness.h"
#include "components/pyroscope/write/arguments.h"
#include "syntax/evaluator.h"
#include "syntax/json.h"
#include "syntax/parser.h"

namespace invar::components::pyroscope_write {
namespace {

using ::testing::HasSubstr;

// Decodes the body of a block; the text of the first diagnostic when it is wrong.
std::expected<Arguments, std::string> decode(const std::string& body) {
  syntax::Diagnostics diagnostics;
  const auto source = syntax::make_source("test.alloy", body);
  const auto file = syntax::parse_file(source, diagnostics);
  if (!file) return std::unexpected(diagnostics.summary());
  Arguments out;
  if (!syntax::decode_body(file->body, source, {}, arguments_schema(), &out, diagnostics))
    return std::unexpected(diagnostics.summary());
  return out;
}

TEST(Arguments, TheDocumentedExampleLoads) {
  const auto arguments = decode(R"(
  // Send metrics to a locally running Pyroscope instance.
  endpoint {
    url = "http://pyroscope:4040"
    headers = {
      "X-Scope-OrgID" = "squad-1",
    }
  }
  external_labels = {
    "env" = "staging",
  })");
  ASSERT_TRUE(arguments) << arguments.error();
  ASSERT_EQ(arguments->endpoints.size(), 1u);
  EXPECT_EQ(arguments->endpoints[0].url, "http://pyroscope:4040");
  EXPECT_EQ(arguments->endpoints[0].headers.at("X-Scope-OrgID"), "squad-1");
  EXPECT_EQ(arguments->external_labels.at("env"), "staging");
}

TEST(Arguments, DefaultsAreTheDocumentedOnes) {
  const auto arguments = decode("endpoint {\n  url = \"http://h\"\n}\n");
  ASSERT_TRUE(arguments) << arguments.error();
  const EndpointArguments& endpoint = arguments->endpoints[0];
  EXPECT_EQ(endpoint.remote_timeout, Duration(std::chrono::seconds(10)));
  EXPECT_EQ(endpoint.min_backoff_period, Duration(std::chrono::milliseconds(500)));
  EXPECT_EQ(endpoint.max_backoff_period, Duration(std::chrono::minutes(5)));
  EXPECT_EQ(endpoint.max_backoff_retries, 10);
  EXPECT_TRUE(endpoint.retry_on_http_429);
  EXPECT_TRUE(endpoint.client.follow_redirects);
  EXPECT_TRUE(endpoint.client.enable_http2);
  EXPECT_TRUE(decode("")) << "no endpoint at all is legal";
}

TEST(Arguments, EveryDocumentedArgumentLoads) {
  const auto arguments = decode(R"(
  endpoint {
    name = "main"
    url = "https://profiles.example:4040/base/"
    remote_timeout = "3s"
    headers = { "A" = "b" }
    http_headers = { "C" = ["d"] }
    enable_http2 = false
    follow_redirects = false
    max_backoff_period = "1m"
    max_backoff_retries = 0
    min_backoff_period = "1s"
    proxy_url = "http://proxy:3128"
    no_proxy = "localhost"
    retry_on_http_429 = false
    debug_info_upload_timeout = "1m"
    basic_auth {
      username = "u"
      password = "p"
    }
    tls_config {
      insecure_skip_verify = true
    }
  }
  endpoint {
    url = "http://two"
    bearer_token = "t"
  }
  queue {
    max_memory_bytes = 1048576
    max_disk_bytes = 10485760
    sync = "always"
    max_age = "30m"
    flush_timeout = "1s"
    on_retries_exhausted = "keep"
  }
  tracing {
    jaeger_propagator = false
    trace_context_propagator = false
  })");
  ASSERT_TRUE(arguments) << arguments.error();
  EXPECT_EQ(arguments->endpoints.size(), 2u);
  EXPECT_EQ(arguments->endpoints[0].client.basic_auth->username, "u");
  EXPECT_EQ(arguments->endpoints[1].client.bearer_token.value, "t");
  EXPECT_EQ(arguments->queue.on_retries_exhausted, "keep");
}

TEST(Arguments, MistakesAreFoundAtLoad) {
  const struct {
    const char* endpoint;
    const char* text;
  } cases[] = {
      {"", "url"},
      {"url = \"\"", "the URL is empty; write the server's address, as in \"http://pyroscope:4040\""},
      {"url = \"pyroscope:4040\"", "has no scheme; write \"http://pyroscope:4040\""},
      {"url = \"ftp://h\"", "has the scheme \"ftp\", which is none of http and https"},
      {"url = \"http://\"", "host"},
      {"url = \"http://h/?a=b\"", "has a query; write \"http://h/\""},
      {"url = \"http://h/#x\"", "has a fragment; write \"http://h/\""},
      {"url = \"http://h\"\nremote_timeout = \"0s\"", "remote_timeout must be greater than 0"},
      {"url = \"http://h\"\nmin_backoff_period = \"-1s\"", "must not be negative"},
      {"url = \"http://h\"\nheaders = { \"a b\" = \"x\" }", "is not a header name"},
      {"url = \"http://h\"\nheaders = { \"a\" = \"x\\ny\" }", "holds a control character"},
      {"url = \"http://h\"\nbearer_token = \"a\"\nbearer_token_file = \"b\"", "at most one of basic_auth"},
      {"url = \"http://h\"\nsurprise = 1", "surprise"},
  };
  for (const auto& c : cases) {
    const auto arguments = decode(std::string("endpoint {\n") + c.endpoint + "\n}\n");
    ASSERT_FALSE(arguments) << c.endpoint;
    EXPECT_THAT(arguments.error(), HasSubstr(c.text)) << c.endpoint;
  }
  EXPECT_THAT(decode("external_labels = { \"\" = \"x\" }").error(), HasSubstr("has a label without a name"));
  for (const char* queue : {"max_memory_bytes = 0", "max_age = \"-1s\"", "flush_timeout = \"-1s\"",
                            "on_retries_exhausted = \"explode\"", "max_disk_bytes = 1", "max_disk_bytes = -1",
                            "sync = \"never\"", "sync = \"always\"\nmax_disk_bytes = 0"})
    EXPECT_FALSE(decode(std::string("queue {\n") + queue + "\n}\n")) << queue;
}

TEST(WriteComponent, ExportsOneReceiverThatStaysAcrossUpdates) {
  component::testing::ComponentHarness harness("pyroscope.write.test");
  Arguments arguments;
  arguments.endpoints.push_back({.url = "http://one"});
  ASSERT_TRUE(harness.build(registration(), arguments));
  harness.component->start();
  arguments.endpoints.push_back({.url = "http://two"});
  ASSERT_TRUE(harness.update(registration(), arguments));
  ASSERT_EQ(harness.exports.size(), 1u);
  EXPECT_EQ(harness.exports[0].as<component::ReceiverExports>().receiver->component_id(),
            "pyroscope.write.test");
  EXPECT_THAT(syntax::body_to_json(harness.component->debug_info()), HasSubstr("http://two"));
  EXPECT_TRUE(harness.stop());
}

TEST(WriteComponent, ShowsTheHeaderThatItAdds) {
  component::testing::ComponentHarness harness("pyroscope.write.test");
  component::Options options = harness.options();
  options.instance_uid = "uid-1";
  Arguments arguments;
  arguments.endpoints.push_back({.url = "http://one", .headers = {{"x-invar-id", "mine"}, {"A", "b"}}});
  const auto boxed = component::Boxed::of(arguments_schema(), arguments);
  const auto built = registration().build(std::move(options), boxed);
  ASSERT_TRUE(built);
  const std::string shown = syntax::body_to_json(component::shown_arguments(built->get(), boxed));
  EXPECT_THAT(shown, HasSubstr("X-Invar-Id"));
  EXPECT_THAT(shown, HasSubstr("uid-1"));
  EXPECT_THAT(shown, ::testing::Not(HasSubstr("mine"))) << "the header that was written is not sent";
  EXPECT_THAT(syntax::body_to_json(component::shown_arguments(nullptr, boxed)), HasSubstr("mine"))
      << "of what is not built yet, what was written";
}

TEST(WriteComponent, AClientThatCannotBeMadeIsAnErrorOfTheUpdate) {
  component::testing::ComponentHarness harness("pyroscope.write.test");
  harness.http->fail_next_client({ErrorCode::kNotFound, "unable to read CA cert: x"});
  Arguments arguments;
  arguments.endpoints.push_back({.url = "http://one"});
  const auto built = harness.build(registration(), arguments);
  ASSERT_FALSE(built);
  EXPECT_THAT(built.error().message, HasSubstr("unable to read CA cert"));
}

}  // namespace
}  // namespace invar::components::pyroscope_write
