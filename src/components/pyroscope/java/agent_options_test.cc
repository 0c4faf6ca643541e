#include "components/pyroscope/java/agent_options.h"

#include <gtest/gtest.h>

#include "components/pyroscope/java/labels.h"

namespace invar::components::pyroscope_java {
namespace {

using component::Target;

struct Row {
  const char* name;
  void (*change)(ProfilingConfig&);
  const char* options;  // or the error
};

class AgentOptions : public ::testing::TestWithParam<Row> {};

TEST_P(AgentOptions, AreWhatTheArgumentsSay) {
  ProfilingConfig config;
  GetParam().change(config);
  const auto options = agent_options(config);
  EXPECT_EQ(options ? *options : options.error().message, GetParam().options);
}

using C = ProfilingConfig;
INSTANTIATE_TEST_SUITE_P(
    Table, AgentOptions,
    ::testing::Values(
        Row{"Defaults", [](C&) {}, "event=itimer,interval=10000000,alloc=512k,lock=10ms,loglevel=INFO"},
        Row{"Rate", [](C& c) { c.sample_rate = 1000; },
            "event=itimer,interval=1000000,alloc=512k,lock=10ms,loglevel=INFO"},
        Row{"CpuOnly",
            [](C& c) {
              c.alloc = c.lock = "";
              c.log_level = "none";
            },
            "event=itimer,interval=10000000,loglevel=NONE"},
        Row{"NoCpu",
            [](C& c) {
              c.cpu = false;
              c.tlab = true;
            },
            "alloc=512k,tlab,lock=10ms,loglevel=INFO"},
        Row{"PmuEvent",
            [](C& c) {
              c.event = "cpu/umask=0x1,event=0xd3/";
              c.alloc = c.lock = "";
            },
            "event=cpu/umask=0x1:event=0xd3/,interval=10000000,loglevel=INFO"},
        Row{"Nothing",
            [](C& c) {
              c.cpu = false;
              c.alloc = c.lock = "";
            },
            "profiling_config selects nothing to profile"},
        Row{"Tlab",
            [](C& c) {
              c.tlab = true;
              c.alloc = "";
            },
            "profiling_config.tlab requires profiling_config.alloc to be set"},
        Row{"CommaInEvent", [](C& c) { c.event = "cpu,file=/etc/passwd"; },
            "profiling_config.event must not contain a comma: \"cpu,file=/etc/passwd\""},
        Row{"CommaInAlloc", [](C& c) { c.alloc = "1k,log=/x"; },
            "profiling_config.alloc must not contain a comma: \"1k,log=/x\""},
        Row{"CommaInLock", [](C& c) { c.lock = "1,x"; },
            "profiling_config.lock must not contain a comma: \"1,x\""},
        Row{"LogLevel", [](C& c) { c.log_level = "LOUD"; },
            "unknown log_level \"LOUD\"; it is one of TRACE, DEBUG, INFO, WARN, ERROR and NONE"},
        Row{"Custom",
            [](C& c) {
              c.custom_arguments = {"-e", "cpu,alloc", "-i", "5ms", "-t", "-F", "vtable,comptask"};
            },
            "event=cpu,event=alloc,interval=5ms,threads,features=vtable+comptask"},
        Row{"CustomLong",
            [](C& c) {
              c.custom_arguments = {"--wall", "50ms", "--nobatch", "--all-user", "-I",
                                    "a/*",    "-X",   "*b*",       "--live"};
            },
            "wall=50ms,nobatch,alluser,include=a/*,exclude=*b*,live"},
        Row{"CustomPmu", [](C& c) { c.custom_arguments = {"-e", "cpu/a=1,b=2/,lock"}; },
            "event=cpu/a=1:b=2/,event=lock"},
        Row{"CustomOutput", [](C& c) { c.custom_arguments = {"-f", "/tmp/x.jfr"}; },
            "profiling_config.custom_arguments: \"-f\" cannot be used here"},
        Row{"CustomDuration", [](C& c) { c.custom_arguments = {"-d", "30"}; },
            "profiling_config.custom_arguments: \"-d\" cannot be used here"},
        Row{"CustomWithoutValue", [](C& c) { c.custom_arguments = {"--alloc"}; },
            "profiling_config.custom_arguments: \"--alloc\" needs a value"},
        Row{"CustomComma", [](C& c) { c.custom_arguments = {"--alloc", "1k,file=/x"}; },
            "profiling_config.custom_arguments: --alloc must not contain a comma: \"1k,file=/x\""}),
    [](const auto& test) { return test.param.name; });

TEST(Arguments, AreChecked) {
  const auto checked = [](auto change) {
    Arguments arguments;
    change(arguments);
    const auto result = arguments_schema().check(&arguments);
    if (!result) return result.error().message;
    const auto* const block = arguments_schema().find("profiling_config");
    const auto inner = block->block->check(&arguments.profiling);
    return inner ? std::string() : inner.error().message;
  };
  EXPECT_EQ(checked([](Arguments&) {}), "");
  EXPECT_EQ(checked([](Arguments& a) { a.profiling.interval = std::chrono::milliseconds(999); }),
            "profiling_config.interval must be at least 1s");
  EXPECT_EQ(checked([](Arguments& a) { a.profiling.sample_rate = 0; }),
            "profiling_config.sample_rate must be between 1 and 1000");
  EXPECT_EQ(checked([](Arguments& a) { a.tmp_dir = "tmp"; }), "tmp_dir must be an absolute path");
}

std::string service_of(Target::Map labels) {
  return std::string(labels_of(Target(std::move(labels)), false).get("service_name"));
}

TEST(Labels, NameTheService) {
  constexpr const char* kAnnotation = "__meta_kubernetes_pod_annotation_pyroscope_io_service_name";
  constexpr const char* kNamespace = "__meta_kubernetes_namespace";
  constexpr const char* kContainer = "__meta_kubernetes_pod_container_name";
  EXPECT_EQ(service_of({{"service_name", "own"}, {kAnnotation, "a"}}), "own");
  EXPECT_EQ(service_of({{kAnnotation, "a"}, {kNamespace, "n"}, {kContainer, "c"}}), "a");
  EXPECT_EQ(service_of({{kAnnotation, ""}, {kNamespace, "n"}, {kContainer, "c"}}), "java/n/c");
  EXPECT_EQ(service_of({{"__meta_docker_container_name", "/shop"}}), "/shop");
  EXPECT_EQ(service_of({{"__meta_dockerswarm_service_name", "swarm"}}), "swarm");
  EXPECT_EQ(service_of({}), "unspecified");
}

TEST(Labels, AreThoseOfTheTarget) {
  const Target target(Target::Map{
      {"__process_pid__", "7"}, {"__session_id__", "s"}, {"team", "shop"}, {"service_name", "cart"}});
  EXPECT_EQ(labels_of(target, false), (Labels{{"__delta__", "false"},
                                              {"__session_id__", "s"},
                                              {"pyroscope_spy", "invar.java"},
                                              {"service_name", "cart"},
                                              {"team", "shop"}}));
  EXPECT_EQ(labels_of(target, true).get("otel.scope.name"), "invar/pyroscope.java");
}

TEST(Labels, NameTheProcess) {
  const auto pid = [](const char* text) { return pid_of(Target(Target::Map{{"__process_pid__", text}})); };
  EXPECT_EQ(pid("4711"), 4711);
  EXPECT_EQ(pid("x").error().message, "could not convert process ID to a 32 bit integer: \"x\"");
  EXPECT_FALSE(pid("-1"));
  EXPECT_FALSE(pid("0"));
  EXPECT_FALSE(pid("4294967296"));
  EXPECT_EQ(pid_of(Target()).error().message, "could not find PID label");
}

}  // namespace
}  // namespace invar::components::pyroscope_java
