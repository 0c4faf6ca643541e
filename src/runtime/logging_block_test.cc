#include "runtime/logging_block.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include "runtime/testing/rig.h"
#include "runtime/tracing_block.h"

namespace invar::runtime {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Rig;
using ::testing::StartsWith;

TEST(LoggingBlock, SetsLevelAndFormatAndItsAbsenceTheDefaults) {
  Rig rig;
  rig.run("logging {\n  level = \"debug\"\n  format = \"json\"\n}\n");
  EXPECT_THAT(rig.log_text(), HasSubstr("\n{\"ts\":"));
  rig.clear_log();
  rig.reload("logging { level = \"warn\" }");
  EXPECT_THAT(rig.log_text(), Not(HasSubstr("finished complete graph evaluation")));
  rig.clear_log();
  rig.reload("");
  EXPECT_THAT(rig.log_text(), HasSubstr("level=info msg=\"finished complete graph evaluation\""));
}

TEST(LoggingBlock, EmptyTextAndNullAreTheDefaults) {
  Rig rig;
  rig.run("logging {\n  level = \"\"\n  format = null\n  destination = \"\"\n  write_to = []\n}\n");
  EXPECT_THAT(rig.log_text(), HasSubstr("level=info msg=\"finished complete graph evaluation\""));
}

TEST(LoggingBlock, SaysWhatIsWrong) {
  const struct {
    const char* body;
    const char* message;
  } rows[] = {
      {"level = \"loud\"",
       "\"loud\" unrecognized log level \"loud\"; it is one of debug, info, warn and error"},
      {"level = \"INFO\"",
       "\"INFO\" unrecognized log level \"INFO\"; it is one of debug, info, warn and error (did you mean "
       "\"info\"?)"},
      {"format = \"xml\"", "\"xml\" unrecognized log format \"xml\"; it is one of logfmt and json"},
      {"destination = \"stdout\"",
       "\"stdout\" unrecognized log destination \"stdout\"; it can only be stderr"},
      {"destination = \"windows_event_log\"",
       "\"windows_event_log\" log destination \"windows_event_log\" exists on Windows only"},
      {"write_to = [1]", "[1] must be empty: Invar has no receivers for logs and traces"},
      {"write_to = 1", "1 should be array, got number"},
  };
  for (const auto& row : rows) {
    Rig rig;
    const std::string text = rig.load("logging { " + std::string(row.body) + " }").diagnostics.summary();
    EXPECT_THAT(
        text,
        StartsWith("main.alloy:1:1: Failed to evaluate node for config block: decoding configuration: "));
    EXPECT_THAT(text, EndsWith(row.message));
  }
}

TEST(LoggingBlock, ALabelIsIgnored) {
  Rig rig;
  EXPECT_TRUE(rig.load("logging \"x\" { level = \"debug\" }").applied);
  EXPECT_EQ(rig.load("logging \"x\" { }\nlogging { }").diagnostics.summary(),
            "main.alloy:2:1: block logging already declared at main.alloy:1:1");
}

TEST(TracingBlock, IsReadAndChecked) {
  Rig rig;
  EXPECT_TRUE(rig.load(R"(tracing {
    sampling_fraction = 1
    write_to          = []
    send_traceparent  = true
    sampler {
      jaeger_remote {
        url              = "http://localhost/sampling"
        max_operations   = 1
        refresh_interval = "5s"
      }
    }
  })")
                  .applied);
  EXPECT_THAT(rig.load("tracing { sampling_fraction = \"often\" }").diagnostics.summary(),
              HasSubstr("\"often\" should be number, got string"));
}

}  // namespace
}  // namespace invar::runtime
