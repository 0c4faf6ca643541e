#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "async/testing/test_loop.h"
#include "codec/gzip.h"
#include "components/pyroscope/ebpf/arguments.h"
#include "components/pyroscope/ebpf/probe_link.h"
#include "components/pyroscope/ebpf/profiler.h"
#include "components/pyroscope/ebpf/target_index.h"
#include "pprof/profile.h"

namespace invar::components::pyroscope_ebpf {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

component::Target target(component::Target::Map labels) {
  return component::Target(std::move(labels));
}

std::string id_of(char digit) {
  return std::string(64, digit);
}

Arguments worked_example() {
  Arguments a;
  a.targets.targets = {
      target({{"__process_pid__", "4242"}, {"service_name", "shop"}, {"team", "blue"}, {"__meta_x", "1"}}),
      target({{"__meta_kubernetes_pod_container_id", "containerd://" + id_of('9')},
              {"__meta_kubernetes_namespace", "ns"},
              {"__meta_kubernetes_pod_container_name", "app"}}),
      target({{"__meta_docker_container_id", id_of('7')}, {"__meta_docker_container_name", "/shop_cart"}}),
  };
  return a;
}

std::string labels_of(const ebpf::OwnerPtr& owner) {
  return owner ? static_cast<const TargetOwner&>(*owner).labels.to_string() : "none";
}

TEST(TargetIndex, PrefersThePidAndThenTheContainer) {
  const TargetIndex index(worked_example());
  const auto in = [](char digit) { return [digit] { return id_of(digit); }; };
  EXPECT_EQ(labels_of(index.find(4242, in('9'))),
            R"({__process_pid__="4242", service_name="shop", team="blue"})");
  EXPECT_EQ(labels_of(index.find(7, in('9'))),
            "{__container_id__=\"" + id_of('9') + "\", service_name=\"ebpf/ns/app\"}");
  EXPECT_EQ(labels_of(index.find(8, in('7'))),
            "{__container_id__=\"" + id_of('7') + "\", service_name=\"/shop_cart\"}");
  EXPECT_EQ(labels_of(index.find(9, [] { return std::string(); })), "none");
}

TEST(TargetIndex, TakesTheRestWhenAsked) {
  Arguments a;
  a.targets_only = false;
  const auto nowhere = [] { return std::string(); };
  EXPECT_EQ(labels_of(TargetIndex(a).find(1, nowhere)), R"({service_name="ebpf/unspecified"})");
  a.default_target = {{"service_name", "host"}, {"node", "n1"}};
  EXPECT_EQ(labels_of(TargetIndex(a).find(1, nowhere)), R"({node="n1", service_name="host"})");
}

TEST(TargetIndex, LeavesOutWhatNamesNothing) {
  Arguments a;
  a.targets.targets = {target({{"__process_pid__", "0"}}), target({{"__process_pid__", "4294967296"}}),
                       target({{"__meta_kubernetes_pod_container_id", "rkt://" + id_of('1')}}),
                       target({{"__process_pid__", "5"}, {"a", "1"}}),
                       target({{"__process_pid__", "5"}, {"a", "2"}})};
  const TargetIndex index(a);
  EXPECT_THAT(index.useless(), SizeIs(3));
  EXPECT_THAT(labels_of(index.find(5, [] { return std::string(); })), HasSubstr(R"(a="2")"))
      << "the later wins";
}

TEST(ProbeLink, IsReadInAllItsForms) {
  EXPECT_TRUE(parse_probe_link("kprobe:do_exit"));
  EXPECT_TRUE(parse_probe_link("KRetProbe:do_exit")->at_return);
  EXPECT_EQ(parse_probe_link("uprobe:/bin/x:f")->path, "/bin/x");
  EXPECT_EQ(parse_probe_link("x").error().message, "invalid format: x, expected: <probe_type>:<symbol>");
  EXPECT_EQ(parse_probe_link("uprobe:f").error().message,
            "invalid format: uprobe:f, expected: <probe_type>:<target>:<symbol>");
  EXPECT_EQ(parse_probe_link("perf:f").error().message, "unknown probe type: perf");
}

TEST(Warnings, NameWhatDoesNothing) {
  EXPECT_THAT(warnings(Arguments{}), IsEmpty());
  Arguments a;
  a.pid_cache_size = 32;
  a.cache_rounds = 3;
  a.collect_kernel_profile = false;
  a.debug_info.upload = true;
  EXPECT_THAT(warnings(a),
              ElementsAre("deprecated and without effect: pid_cache_size, cache_rounds",
                          HasSubstr("kernel_frames = false"), HasSubstr("upload is not supported")));
}

// ---- profiles

ebpf::PlacePtr place(const std::string& name) {
  return std::make_shared<ebpf::Place>(ebpf::Place{.lines = {{.name = name, .system_name = name}}});
}

pprof::Profile parsed(const std::string& body) {
  std::string raw;
  EXPECT_TRUE(codec::Inflater().gunzip(body, 1 << 20, raw));
  auto profile = pprof::parse(raw);
  EXPECT_TRUE(profile);
  return *profile;
}

class Profiles : public ::testing::Test {
 protected:
  ebpf::Stack stack(int pid, std::uint64_t samples, std::vector<ebpf::Frame> frames) const {
    return {.owner = owner_,
            .pid = pid,
            .tid = pid,
            .comm = "thread" + std::to_string(pid),
            .samples = samples,
            .ns = samples * 52'631'578,
            .frames = std::move(frames)};
  }
  static std::shared_ptr<const TargetOwner> make_owner() {
    auto owner = std::make_shared<TargetOwner>();
    owner->labels = Labels{{"service_name", "shop"}};
    return owner;
  }

  std::shared_ptr<const TargetOwner> owner_ = make_owner();
  ebpf::ModulePtr module_ = std::make_shared<ebpf::Module>(ebpf::Module{
      .start = 0x1000, .limit = 0x9000, .offset = 0x1000, .path = "/bin/shop", .build_id = "abcd"});
  ebpf::Frame leaf_{.place = place("leaf"), .module = module_, .address = 0x1234};
  ebpf::Frame main_{.place = place("main"), .module = module_, .address = 0x2000};
  ebpf::Frame unknown_{.place = place("[unknown]"), .module = nullptr, .address = 0};
};

TEST_F(Profiles, AreOnePerTargetWithEqualStacksMerged) {
  const auto made = make_profiles(
      {stack(1, 3, {leaf_, main_}), stack(2, 2, {leaf_, main_}), stack(2, 1, {main_, unknown_})},
      {.start_unix_ns = 1'000, .duration = seconds(15)});
  ASSERT_THAT(made, SizeIs(1));
  EXPECT_EQ(made[0].labels.to_string(), R"({__name__="process_cpu", service_name="shop"})");
  EXPECT_EQ(made[0].samples, 6u);
  const pprof::Profile profile = parsed(made[0].body);
  EXPECT_EQ(profile.period, 52'631'578);
  EXPECT_EQ(profile.time_unix_ns, 1'000);
  EXPECT_EQ(profile.duration_ns, 15'000'000'000);
  ASSERT_THAT(profile.samples, SizeIs(2));
  std::int64_t sum = 0;
  for (const auto& sample : profile.samples) sum += sample.values.at(0);
  EXPECT_EQ(sum, 6 * 52'631'578);
  ASSERT_THAT(profile.mappings, SizeIs(2));
  EXPECT_EQ(profile.mappings[0].filename, "/bin/shop");
  EXPECT_EQ(profile.mappings[0].build_id, "abcd");
}

TEST_F(Profiles, KeepProcessesAndThreadsApartWhenAsked) {
  const std::vector<ebpf::Stack> stacks{stack(1, 3, {leaf_}), stack(2, 2, {leaf_})};
  const auto by_pid = parsed(make_profiles(stacks, {.pid_label = true})[0].body);
  ASSERT_THAT(by_pid.samples, SizeIs(2));
  EXPECT_EQ(by_pid.samples[0].labels.at(0).key, "pid");
  EXPECT_EQ(by_pid.samples[0].labels.at(0).str, "1");
  const auto by_comm = parsed(make_profiles(stacks, {.comm_label = true, .comm_frame = true})[0].body);
  ASSERT_THAT(by_comm.samples, SizeIs(2));
  EXPECT_THAT(by_comm.samples[0].location_ids, SizeIs(2)) << "the thread is the outermost frame";
  EXPECT_EQ(by_comm.samples[0].labels.at(0).str, "thread1");
}

// ---- the profiler, over an engine of the test's own

struct FakeEngine final : ebpf::Source {
  explicit FakeEngine(int& alive) : alive(alive) { ++alive; }
  ~FakeEngine() override { --alive; }
  [[nodiscard]] int wake_fd() const override { return fd.get(); }
  bool poll() override {
    ++polls;
    std::uint64_t value = 0;
    (void)!read(fd.get(), &value, sizeof value);
    return --more_polls > 0;
  }
  std::vector<ebpf::Stack> collect() override { return give; }
  void reassign(ebpf::OwnerOf) override { ++reassigned; }
  [[nodiscard]] bool can_take(const ebpf::EngineSettings& s) const override {
    return s.programs.off_cpu_threshold == 0;
  }
  Result<> take(const ebpf::EngineSettings& s) override {
    taken = s;
    return {};
  }
  [[nodiscard]] ebpf::EngineStatus status() const override { return now; }
  void give_up() override { given_up = true; }

  int& alive;
  UniqueFd fd{eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  std::vector<ebpf::Stack> give;
  ebpf::EngineStatus now;
  ebpf::EngineSettings taken;
  int polls = 0, more_polls = 0, reassigned = 0;
  bool given_up = false;
};

struct Taker final : pipeline::Receiver {
  pipeline::Answer accept(const pipeline::ProfilePtr& profile) override {
    taken.push_back(profile);
    return {};
  }
  [[nodiscard]] std::string_view component_id() const override { return "taker"; }
  std::vector<pipeline::ProfilePtr> taken;
};

class ProfilerTest : public Profiles {
 protected:
  ProfilerTest() {
    options_.loop = &loop_;
    options_.pool = options_.disk_pool = &pool_;
    options_.metrics = scope_.get();
    arguments_ = worked_example();
    arguments_.forward_to = {taker_};
  }
  ~ProfilerTest() override { profiler_.reset(); }

  void begin() {
    profiler_ = std::make_unique<Profiler>(
        options_,
        [this](const ebpf::EngineSettings&, ebpf::OwnerOf) -> Result<std::unique_ptr<ebpf::Source>> {
          ++starts_;
          if (failure_) return std::unexpected(*failure_);
          auto made = std::make_unique<FakeEngine>(alive_);
          engine_ = made.get();
          return made;
        });
    profiler_->update(arguments_);
    profiler_->start();
    loop_.run_until_idle();
  }
  std::string failing() const {
    const auto problems = profiler_->problems(component::Severity::kFailing);
    return problems.empty() ? "" : problems[0].sentence;
  }

  async::testing::TestLoop loop_;
  async::testing::InlineWorkerPool pool_{loop_};
  std::unique_ptr<metrics::Registry> registry_ = metrics::Registry::create();
  std::unique_ptr<metrics::Scope> scope_ = registry_->scope({});
  component::Options options_;
  std::shared_ptr<Taker> taker_ = std::make_shared<Taker>();
  Arguments arguments_;
  int alive_ = 0, starts_ = 0;
  std::optional<Error> failure_;
  FakeEngine* engine_ = nullptr;
  std::unique_ptr<Profiler> profiler_;
};

TEST_F(ProfilerTest, SendsWhatWasSampledEachInterval) {
  begin();
  engine_->give = {stack(1, 3, {leaf_, main_})};
  loop_.advance(seconds(15));
  ASSERT_THAT(taker_->taken, SizeIs(1));
  EXPECT_EQ(taker_->taken[0]->labels.get("__name__"), "process_cpu");
  EXPECT_EQ(parsed(*taker_->taken[0]->body).duration_ns, 15'000'000'000);
  loop_.advance(seconds(15));
  EXPECT_THAT(taker_->taken, SizeIs(2));
}

TEST_F(ProfilerTest, PollsWhenTheKernelHasSomething) {
  begin();
  EXPECT_EQ(engine_->polls, 0);
  const std::uint64_t one = 1;
  for (int i = 1; i <= 2; ++i) {
    ASSERT_EQ(write(engine_->fd.get(), &one, sizeof one), 8);
    loop_.run_until_idle();
    EXPECT_EQ(engine_->polls, i);
  }
}

TEST_F(ProfilerTest, PollsAgainWhileThereIsMore) {
  begin();
  engine_->more_polls = 3;
  const std::uint64_t one = 1;
  ASSERT_EQ(write(engine_->fd.get(), &one, sizeof one), 8);
  loop_.run_until_idle();
  EXPECT_EQ(engine_->polls, 3);
}

TEST_F(ProfilerTest, LoadsNothingWithoutTargets) {
  const auto some = std::exchange(arguments_.targets.targets, {});
  begin();
  EXPECT_EQ(alive_, 0);
  arguments_.targets.targets = some;
  profiler_->update(arguments_);
  loop_.run_until_idle();
  EXPECT_EQ(alive_, 1);
  arguments_.targets.targets.clear();
  profiler_->update(arguments_);
  loop_.run_until_idle();
  EXPECT_EQ(alive_, 0);
}

TEST_F(ProfilerTest, AppliesChangesWithoutAnotherEngineWhereItCan) {
  begin();
  arguments_.sample_rate = 97;
  arguments_.targets.targets.pop_back();
  profiler_->update(arguments_);
  loop_.run_until_idle();
  EXPECT_EQ(engine_->taken.programs.sample_rate, 97);
  EXPECT_GE(engine_->reassigned, 1);
  EXPECT_EQ(starts_, 1);
  arguments_.off_cpu_threshold = 0.5;
  profiler_->update(arguments_);
  loop_.run_until_idle();
  EXPECT_EQ(starts_, 2);
  EXPECT_EQ(alive_, 1);
}

TEST_F(ProfilerTest, TriesAgainEverLessOften) {
  failure_ = Error{ErrorCode::kUnsupported, "no BTF"};
  begin();
  EXPECT_EQ(failing(), "no BTF");
  loop_.advance(seconds(15));
  EXPECT_EQ(starts_, 2);
  loop_.advance(seconds(29));
  EXPECT_EQ(starts_, 2);
  loop_.advance(seconds(1));
  EXPECT_EQ(starts_, 3);
  loop_.advance(minutes(60));
  EXPECT_LT(starts_, 20);
  failure_.reset();
  loop_.advance(minutes(5));
  EXPECT_EQ(failing(), "");
  EXPECT_EQ(alive_, 1);
}

TEST_F(ProfilerTest, AsksForPrivilegesOnceAMinuteAtMost) {
  failure_ = Error{ErrorCode::kPermissionDenied, "missing: BPF"};
  begin();
  loop_.advance(seconds(59));
  EXPECT_EQ(starts_, 1);
  loop_.advance(seconds(1));
  EXPECT_EQ(starts_, 2);
}

TEST_F(ProfilerTest, SaysWhatIsLostAndWhatNamesNothing) {
  arguments_.targets.targets.push_back(target({{"a", "b"}}));
  begin();
  engine_->now.losses[ebpf::bpf::kLossMapFull] = 7;
  loop_.advance(seconds(15));
  const auto problems = profiler_->problems(component::Severity::kDegraded);
  ASSERT_THAT(problems, SizeIs(2));
  EXPECT_THAT(problems[0].sentence, HasSubstr("names neither a process"));
  EXPECT_THAT(problems[1].sentence, HasSubstr("7 samples were lost"));
  EXPECT_THAT(registry_->collect(), HasSubstr("pyroscope_ebpf_samples_total{outcome=\"lost_map_full\"} 7"));
}

TEST_F(ProfilerTest, TakesItsEngineAwayWhenItStops) {
  begin();
  bool done = false;
  pool_.set_paused(true);
  profiler_->stop([&done] { done = true; });
  EXPECT_TRUE(engine_->given_up) << "a collection under way would be waited for";
  pool_.set_paused(false);
  loop_.run_until_idle();
  EXPECT_TRUE(done);
  EXPECT_EQ(alive_, 0);
}

}  // namespace
}  // namespace invar::components::pyroscope_ebpf
