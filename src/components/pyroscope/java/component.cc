#include "components/pyroscope/java/component.h"

#include <random>
#include <utility>

#include "component/build.h"
#include "components/pyroscope/java/arguments.h"
#include "components/pyroscope/java/profiler.h"
#include "java/library.h"
#include "java/privileges.h"

namespace invar::components::pyroscope_java {
namespace {

constexpr std::size_t kAttachThreads = 8;
constexpr std::uint64_t kMostLibraryBytes = std::uint64_t{64} << 20;

class JavaComponent final : public component::Component {
 public:
  explicit JavaComponent(component::Options options)
      : options_(std::move(options)),
        profiler_(options_, {.driver = java::make_driver(),
                             .make_pool =
                                 [loop = options_.loop] {
                                   return async::make_worker_pool(*loop, kAttachThreads, "invar-java");
                                 },
                             .random = [engine = std::make_shared<std::mt19937_64>(
                                            std::random_device()())] { return (*engine)(); },
                             .missing_privileges = java::missing_privileges()}) {}

  void start() override { profiler_.start(); }

  Result<> update(const component::Boxed& boxed) override {
    const auto& arguments = boxed.as<Arguments>();
    if (!library_ || arguments.dist != dist_) INVAR_TRY(load_library(arguments.dist));
    profiler_.update(arguments, library_);
    return {};
  }

  void stop(async::Task done) override { profiler_.stop(std::move(done)); }

  [[nodiscard]] std::vector<component::Problem> problems(component::Severity at_least) const override {
    return profiler_.problems(at_least);
  }
  [[nodiscard]] component::BodyValue debug_info() const override { return profiler_.debug_info(); }

 private:
  // A folder as async-profiler is unpacked, or its library.
  Result<> load_library(const std::string& dist) {
    if (dist.empty()) {
      library_ = java::embedded_library().value_or(nullptr);
    } else {
      auto content = options_.files->read_file(dist + "/lib/libasyncProfiler.so", kMostLibraryBytes);
      if (!content) content = options_.files->read_file(dist, kMostLibraryBytes);
      if (!content)
        return fail(ErrorCode::kInvalidArgument,
                    "invalid asprof dist: asprof lib not found: " + content.error().message);
      library_ = java::make_library(*std::move(content));
    }
    dist_ = dist;
    return {};
  }

  const component::Options options_;
  std::string dist_;
  java::LibraryPtr library_;
  Profiler profiler_;
};

constexpr const char* kDocumentation =
    R"md(Each target names a process by `__process_pid__`, as `discovery.process` does. Invar loads async-profiler into the JVM through the
JVM's own attach socket, records for `interval`, reads the recording, and sends it as pprof profiles: `process_cpu` (or `wall`), `memory`,
`mutex` and `block`. The application needs no agent, no option and no restart. The next round records before the last is read, so that
nothing is missed while a server is slow. [Profiling Java](../../guides/java.md) shows complete configurations.

Only a HotSpot JVM that listens for it is touched. A process that is none, or that does not catch SIGQUIT, gets no signal; a JVM with
`-XX:+DisableAttachMechanism` or `-Xrs` is left alone and named. When another profiler records in a JVM, it is left alone, too.

Invar runs as root, or with the capabilities `SYS_PTRACE`, `DAC_READ_SEARCH`, `KILL`, `SETUID` and `SETGID`; a JVM of Invar's own user needs
none. In a container it needs the host's PID namespace (`--pid=host`, `hostPID: true`), and nothing of the JVM's.

async-profiler's library is put into the JVM's file system at the first of `tmp_dir`, `/tmp`, `/var/tmp`, `/dev/shm`, its
`java.io.tmpdir` and its working directory that it may write to and run code from, and stays there; recordings are removed as soon as they are
read. No link in that file system is followed. In a container whose root is read-only, mount an empty volume at `/tmp`.

JDK 21 and later print a warning on the JVM's standard error when the first library is loaded, unless they run with
`-XX:+EnableDynamicAgentLoading`.

## Labels

Profiles have the labels of their target that do not start with `__`, `pyroscope_spy = "invar.java"`, `jfr_event` and `service_name`. Without
one it is taken from the annotation `pyroscope.io/service_name` of the pod, else `java/<namespace>/<container>`, else the name of the Docker
container or service, else `unspecified`.

## Metrics

| Metric | Type | Description |
|---|---|---|
| `pyroscope_java_targets` | gauge | Processes that the targets name, by `state`: `waiting`, `recording`, `trouble`. |
| `pyroscope_java_rounds_total` | counter | Rounds of recording by `result`: `success`, or why not. |
| `pyroscope_java_profiles_total`, `pyroscope_java_samples_total` | counter | Profiles made, and different samples in them, by `type`. |
| `pyroscope_java_profiles_refused_total` | counter | Profiles lost because a receiver did not take them. |
| `pyroscope_java_attach_seconds` | histogram | Time that a JVM's commands of one round took. |
| `pyroscope_java_jfr_bytes_total`, `pyroscope_java_events_total` | counter | What was read of recordings. |
| `pyroscope_java_unprofiled_seconds_total` | counter | Time between the recordings of the same JVM. |)md";

constexpr const char* kExample = R"alloy(discovery.process "all" {
  discover_config {
    exe      = true
    username = true
  }
}

// The JVMs of one user.
discovery.relabel "java" {
  targets = discovery.process.all.targets

  rule {
    source_labels = ["__meta_process_exe", "__meta_process_username"]
    regex         = ".*/java;shop"
    action        = "keep"
  }
}

pyroscope.java "shop" {
  targets    = discovery.relabel.java.output
  forward_to = [pyroscope.write.backend.receiver]

  profiling_config {
    interval    = "30s"
    alloc       = "512k"
    lock        = "10ms"
    sample_rate = 100
  }
}

pyroscope.write "backend" {
  endpoint {
    url = "http://pyroscope:4040"
  }
}
)alloy";

}  // namespace

component::Registration registration() {
  return {
      .name = "pyroscope.java",
      .summary = "Profiles JVMs with async-profiler, without touching how they run.",
      .arguments = &arguments_schema,
      .build = &component::build_by_update<JavaComponent>,
      .documentation = kDocumentation,
      .example = kExample,
  };
}

}  // namespace invar::components::pyroscope_java
