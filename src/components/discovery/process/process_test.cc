#include <gtest/gtest.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>

#include <cstring>
#include <filesystem>

#include "component/container_id.h"
#include "component/group_publisher.h"
#include "component/testing/component_harness.h"
#include "components/discovery/process/discovery.h"
#include "fs/testing/temp_dir.h"

namespace invar::components::discovery_process {
namespace {

namespace stdfs = std::filesystem;
using component::Target;
using component::Targets;
using Map = Target::Map;

const std::string kId = std::string(60, 'a') + "0123";
const std::string kOther = std::string(60, 'b') + "4567";

TEST(ContainerId, IsReadFromEveryCommonForm) {
  const struct {
    std::string cgroup, want;
  } rows[] = {
      {"12:pids:/docker/" + kId + "\n", kId},
      {"0::/system.slice/docker-" + kId + ".scope\n", kId},
      {"0::/docker/" + kId + "/init.scope\n", kId},
      {"0::/system.slice/docker-" + kId + ".scope/init\n", kId},
      {"0::/system.slice/docker-" + kId + ".scope/system.slice/cron.service\n", kId},
      {"11:cpu:/kubepods/burstable/pod0c1d2e3f-aaaa-bbbb-cccc-0123456789ab/" + kId, kId},
      {"0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-" + kId + ".scope", kId},
      {"0::/kubepods.slice/kubepods-pod1.slice/crio-" + kId + ".scope", kId},
      {"0::/kubepods.slice/kubepods-pod1.slice/crio-" + kId + ".scope/container", kId},
      {"1:name=systemd:/system.slice/containerd.service/kubepods-besteffort-pod1.slice:cri-containerd:" + kId,
       kId},
      {"0::/machine.slice/libpod-" + kId + ".scope/container", kId},
      {"0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + kId + ".scope", kId},
      {"0::/default/" + kId, kId},
      {"0::/../" + kId, kId},
      {"0::/system.slice/nerdctl-" + kId + ".scope", kId},
      {"9:memory:/ecs/task/0123456789abcdef0123456789abcdef-1234567890",
       "0123456789abcdef0123456789abcdef-1234567890"},
      {"9:memory:/ecs/0123456789abcdef0123456789abcdef/" + kId, kId},
      {"3:cpu:/\n2:memory:/docker/" + kId, kId},
      {"0::/docker/" + kId + "/docker/" + kOther, kOther},
      {"0::/machine.slice/libpod-conmon-" + kId + ".scope", ""},
      {"0::/kubepods.slice/crio-conmon-" + kId + ".scope", ""},
      {"0::/", ""},
      {"0::/user.slice/user-0.slice/session-1.scope", ""},
      {"0::/docker/" + kId + "8", ""},
      {"0::/docker/" + kId.substr(1), ""},
      {"0::/docker/A" + kId.substr(1), ""},
      {"", ""},
      {"nonsense", ""},
  };
  for (const auto& row : rows) EXPECT_EQ(component::container_id(row.cgroup), row.want) << row.cgroup;
}

TEST(Join, TakesTheTargetsLabelsByContainer) {
  const Join join({Target(Map{{"__address__", "free"}}),
                   Target(Map{{"__container_id__", "c1"}, {"app", "old"}}),
                   Target(Map{{"__container_id__", "c1"}, {"app", "shop"}, {"__meta_process_cwd", ""}}),
                   Target(Map{{"__meta_kubernetes_pod_container_id", "containerd://c2"}, {"app", "cart"}}),
                   Target(Map{{"__meta_docker_container_id", "c3"}, {"app", "idle"}})});
  const Map own = {{"__process_pid__", "1"}, {"__meta_process_cwd", "/"}};
  EXPECT_EQ(join.with_labels({1, "c1", own}).to_string(),
            R"({"__container_id__"="c1", "__process_pid__"="1", "app"="shop"})")
      << "the last target of a container; an empty label removes the process's";
  EXPECT_EQ(join.with_labels({1, "c2", own}).get("app"), "cart");
  EXPECT_EQ(join.with_labels({1, "c4", own}).to_map(), own);
  EXPECT_EQ(join.with_labels({1, "", own}).to_map(), own);
  component::Groups groups;
  join.add_to(groups);
  std::string all;
  for (const auto& [source, targets] : groups)
    for (const Target& t : targets) all += t.to_string() + "\n";
  EXPECT_EQ(all, R"({"__address__"="free"}
{"__container_id__"="c1", "__meta_process_cwd"="", "app"="shop"}
{"__meta_kubernetes_pod_container_id"="containerd://c2", "app"="cart"}
{"__meta_docker_container_id"="c3", "app"="idle"}
)");
}

// One datagram of the connector.
std::string message(std::uint32_t what, std::vector<int> data) {
  proc_event event{};
  event.what = static_cast<decltype(event.what)>(what);
  std::memcpy(&event.event_data, data.data(), data.size() * sizeof(int));
  nlmsghdr head{};
  head.nlmsg_len = sizeof head + sizeof(cn_msg) + sizeof event;
  cn_msg connector{};
  connector.id = {CN_IDX_PROC, CN_VAL_PROC};
  connector.len = sizeof event;
  std::string out(NLMSG_ALIGN(head.nlmsg_len), '\0');
  std::memcpy(out.data(), &head, sizeof head);
  std::memcpy(out.data() + sizeof head, &connector, sizeof connector);
  std::memcpy(out.data() + sizeof head + sizeof connector, &event, sizeof event);
  return out;
}

TEST(ProcMessage, ThreadsAreNoProcesses) {
  const struct {
    std::string message;
    std::vector<int> want;
  } rows[] = {
      {message(proc_event::PROC_EVENT_FORK, {1, 1, 20, 20}), {20}},
      {message(proc_event::PROC_EVENT_FORK, {1, 1, 21, 20}), {}},
      {message(proc_event::PROC_EVENT_EXEC, {20, 20}), {20}},
      {message(proc_event::PROC_EVENT_EXIT, {20, 20, 0, 17}), {20}},
      {message(proc_event::PROC_EVENT_EXIT, {21, 20, 0, 17}), {}},
      {message(proc_event::PROC_EVENT_UID, {20, 20, 1000, 1000}), {20}},
      {message(proc_event::PROC_EVENT_COMM, {20, 20}), {}},
      {message(proc_event::PROC_EVENT_EXEC, {20, 20}) + message(proc_event::PROC_EVENT_EXEC, {30, 30}),
       {20, 30}},
      {message(proc_event::PROC_EVENT_EXEC, {20, 20}).substr(0, 30), {}},
      {std::string(100, '\xff'), {}},
      {"", {}},
  };
  for (const auto& row : rows) {
    ProcChanges changes;
    read_proc_message(row.message, changes);
    EXPECT_EQ(changes.pids, row.want);
  }
}

// A made-up /proc.
class ProcessTest : public ::testing::Test {
 protected:
  void add(int pid, const std::string& exe, const std::string& commandline,
           const std::string& cgroup = "0::/\n") {
    const std::string folder = dir_.path(std::to_string(pid));
    stdfs::create_directory(folder);
    if (!exe.empty()) stdfs::create_symlink(exe, folder + "/exe");
    stdfs::create_symlink("/srv", folder + "/cwd");
    dir_.write(std::to_string(pid) + "/cmdline", commandline);
    dir_.write(std::to_string(pid) + "/cgroup", cgroup);
    dir_.write(std::to_string(pid) + "/status", "Name:\tx\nUid:\t0\t1\t1\t1\n");
  }
  void remove(int pid) { stdfs::remove_all(dir_.path(std::to_string(pid))); }
  void start(const Arguments& arguments = {}) {
    discoverer_ = std::make_unique<ProcessDiscoverer>(harness_.options(), arguments, dir_.path(""));
    discoverer_->start(publisher_);
    harness_.loop.run_until_idle();
  }
  std::string targets() const {
    std::string out;
    if (harness_.exports.empty()) return "none";
    for (const auto& target : harness_.exports.back().as<component::TargetExports>().targets)
      out += target.to_string() + "\n";
    return out;
  }

  fs::testing::TempDir dir_;
  component::testing::ComponentHarness harness_{"discovery.process.x"};
  component::GroupPublisher publisher_{harness_.options()};
  std::unique_ptr<ProcessDiscoverer> discoverer_;
};

TEST_F(ProcessTest, ReadsWhatIsWanted) {
  add(20, "/usr/bin/java (deleted)", std::string("java\0\0-jar\0shop.jar\0", 19), "0::/docker/" + kId + "\n");
  add(3, "", "");  // a kernel thread
  dir_.write("meminfo", "");
  Arguments arguments;
  arguments.discover_config.username = arguments.discover_config.uid = arguments.discover_config.cgroup_path =
      true;
  start(arguments);
  EXPECT_EQ(targets(),
            "{\"__container_id__\"=\"" + kId + "\", \"__meta_process_cgroup_path\"=\"0::/docker/" + kId +
                "\", \"__meta_process_commandline\"=\"java -jar shop.jar\", \"__meta_process_cwd\"=\"/srv\", "
                "\"__meta_process_exe\"=\"/usr/bin/java (deleted)\", \"__meta_process_uid\"=\"0\", "
                "\"__meta_process_username\"=\"root\", \"__process_pid__\"=\"20\"}\n");
  EXPECT_EQ(publisher_.health().state, component::HealthState::kHealthy);
}

TEST_F(ProcessTest, WithoutExeKernelThreadsAreListedToo) {
  add(3, "", "");
  Arguments arguments;
  arguments.discover_config = {
      .exe = false, .cwd = false, .commandline = true, .username = false, .uid = false};
  start(arguments);
  EXPECT_EQ(targets(), "{\"__process_pid__\"=\"3\"}\n");
}

TEST_F(ProcessTest, ProcessesComeAndGoAtTheInterval) {
  Arguments arguments;
  arguments.discover_config = {.exe = false, .cwd = false, .username = false, .uid = false};
  add(100, "/a", "a");
  add(20, "/b", "b");
  start(arguments);
  EXPECT_EQ(targets(),
            "{\"__meta_process_commandline\"=\"b\", \"__process_pid__\"=\"20\"}\n"
            "{\"__meta_process_commandline\"=\"a\", \"__process_pid__\"=\"100\"}\n");
  remove(20);
  add(7, "/c", "c");
  harness_.loop.advance(std::chrono::minutes(1));
  EXPECT_EQ(targets(),
            "{\"__meta_process_commandline\"=\"c\", \"__process_pid__\"=\"7\"}\n"
            "{\"__meta_process_commandline\"=\"a\", \"__process_pid__\"=\"100\"}\n");
}

TEST_F(ProcessTest, OtherTargetsToJoinReadNothingAnew) {
  add(20, "/b", "b", "0::/docker/" + kId + "\n");
  Arguments arguments;
  arguments.discover_config = {
      .exe = false, .cwd = false, .commandline = false, .username = false, .uid = false};
  start(arguments);
  remove(20);
  arguments.join = {Target(Map{{"__container_id__", kId}, {"app", "shop"}})};
  ASSERT_TRUE(discoverer_->adopt(component::Boxed::of(arguments_schema(), arguments)));
  harness_.loop.advance(std::chrono::seconds(2));
  const std::string joined = "{\"__container_id__\"=\"" + kId + "\", ";
  EXPECT_EQ(targets(),
            joined + "\"__process_pid__\"=\"20\", \"app\"=\"shop\"}\n" + joined + "\"app\"=\"shop\"}\n");
  arguments.refresh_interval = std::chrono::seconds(1);
  EXPECT_FALSE(discoverer_->adopt(component::Boxed::of(arguments_schema(), arguments)));
}

TEST_F(ProcessTest, WithoutProcItIsUnhealthy) {
  discoverer_ = std::make_unique<ProcessDiscoverer>(harness_.options(), Arguments{}, dir_.path("missing"));
  discoverer_->start(publisher_);
  harness_.loop.run_until_idle();
  EXPECT_EQ(publisher_.health().state, component::HealthState::kUnhealthy);
  EXPECT_NE(publisher_.health().message.find("cannot list the processes in " + dir_.path("missing")),
            std::string::npos);
}

TEST(ProcessArguments, RefreshIntervalIsChecked) {
  Arguments arguments;
  arguments.refresh_interval = Duration::zero();
  EXPECT_EQ(arguments_schema().check(&arguments).error().message, "refresh_interval must be greater than 0");
}

}  // namespace
}  // namespace invar::components::discovery_process
