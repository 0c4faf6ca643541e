// What every component promises about update() and stop(), asked of the component itself: the controller does not even call update()
// with equal arguments. Runs over the registry: a new component needs no code here.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "app/commands.h"
#include "app/testing/virtual_daemon.h"
#include "component/cluster.h"
#include "syntax/evaluator.h"

namespace invar::app {
namespace {

using component::Boxed;
using component::Component;
using component::Registration;
using std::chrono::seconds;

// Components of an example, built by the controller and known to the test with the arguments that they were given.
class Observed {
 public:
  struct One {
    Component* component = nullptr;
    Boxed arguments;
  };

  explicit Observed(const std::string& config) : config_(config) {
    for (const auto* folder : {"/etc/invar", "/var/profiles", "/storage"})
      (void)files_->make_directories(folder);
    for (const Registration& original : components().all()) {
      Registration watched = original;
      watched.build = [this, &original](component::Options options, const Boxed& arguments) {
        return build(original, std::move(options), arguments);
      };
      registry_.add(std::move(watched));
    }
    runtime::Environment environment;
    environment.loop = &loop_;
    environment.pool = &pool_;
    environment.disk_pool = &pool_;
    environment.files = faults_;
    environment.http = transport_;
    environment.listen = network_.listen();
    environment.metrics = metrics_.get();
    environment.cluster =
        component::make_single_node({.name = "node", .address = "", .state = "participant"});
    environment.components = &registry_;
    environment.blocks = config_blocks();
    environment.storage_path = "/storage";
    controller_ = runtime::Controller::create(std::move(environment));
  }

  [[nodiscard]] bool load(const std::string& config) {
    // Every file that it reads exists.
    for (std::size_t at = 0; (at = config.find("\"/", at)) != std::string::npos; ++at) {
      const std::string line = config.substr(config.rfind('\n', at) + 1, at - config.rfind('\n', at));
      const std::string path = config.substr(at + 1, config.find('"', at + 1) - at - 1);
      if (path.find('*') != std::string::npos || line.find("file") == std::string::npos) continue;
      (void)files_->make_directories(path.substr(0, path.rfind('/')));
      (void)files_->write_file_atomically(path, "[]", 0644, false);
    }
    runtime::Controller::LoadResult result;
    controller_->load({{"example.alloy", config}}, ".",
                      [&](runtime::Controller::LoadResult loaded) { result = std::move(loaded); });
    loop_.run_until_idle();
    return !result.diagnostics.has_errors();
  }
  void run() {
    ASSERT_TRUE(load(config_));
    controller_->start();
    loop_.advance(seconds(20));
  }
  One& of(const std::string& name) {
    const auto found =
        std::ranges::find_if(all_, [&](const auto& entry) { return entry.first.starts_with(name + "."); });
    EXPECT_NE(found, all_.end()) << "the example of " << name << " has none of it";
    return found->second;
  }

  async::testing::TestLoop loop_;
  async::testing::InlineWorkerPool pool_{loop_};
  std::shared_ptr<fs::testing::MemoryFileSystem> files_ = fs::testing::MemoryFileSystem::create();
  std::shared_ptr<fs::testing::FaultFileSystem> faults_ = fs::testing::FaultFileSystem::create(files_);
  std::shared_ptr<http::testing::FakeTransport> transport_ =
      std::make_shared<http::testing::FakeTransport>(loop_);
  std::unique_ptr<metrics::Registry> metrics_ = metrics::Registry::create();
  http::testing::FakeNetwork network_;
  component::Registry registry_;
  std::map<std::string, One> all_;  // by id
  std::unique_ptr<runtime::Controller> controller_;
  const std::string config_;

 private:
  Result<std::unique_ptr<Component>> build(const Registration& original, component::Options options,
                                           const Boxed& arguments) {
    const std::string id = options.id;
    auto built = original.build(std::move(options), arguments);
    if (built) {
      all_[id].component = built->get();
      all_[id].arguments = arguments;
    }
    return built;
  }
};

std::vector<std::string> names() {
  std::vector<std::string> out;
  for (const Registration& registration : components().all()) out.push_back(registration.name);
  return out;
}

class ContractLife : public ::testing::TestWithParam<std::string> {
 protected:
  Observed observed_{components().find(GetParam())->example};
};

TEST_P(ContractLife, AnUpdateWithTheSameArgumentsChangesNothing) {
  if (std::string_view(GetParam()) == "discovery.dns")
    GTEST_SKIP() << "its answers come from the machine's resolver, in real time";
  observed_.run();
  Observed::One& one = observed_.of(GetParam());
  const std::string metrics = observed_.metrics_->collect();
  const auto listening = observed_.network_.listening().size();
  const auto asked = observed_.transport_->exchanges().size();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(one.component->update(one.arguments));
  observed_.loop_.run_until_idle();
  EXPECT_EQ(observed_.metrics_->collect(), metrics);
  EXPECT_EQ(observed_.network_.listening().size(), listening);
  EXPECT_EQ(observed_.transport_->exchanges().size(), asked) << "it asks again what it has just asked";
}

// Nothing outside works: whether the update of a component fails then is its affair, but it must go on with what it has, and take
// the arguments when the world is whole again.
TEST_P(ContractLife, AfterAFailedUpdateItRunsOnAndTheNextWorks) {
  observed_.run();
  Observed::One& one = observed_.of(GetParam());
  observed_.faults_->inject({.code = ErrorCode::kPermissionDenied, .stay_broken = true});
  observed_.transport_->fail_next_client({ErrorCode::kInvalidArgument, "no such certificate"});
  (void)one.component->update(one.arguments);
  observed_.loop_.advance(seconds(20));
  for (const auto& view : observed_.controller_->list(""))
    EXPECT_NE(view.health.state, component::HealthState::kExited) << view.local_id;

  observed_.faults_->clear();
  const auto again = one.component->update(one.arguments);
  if (!again) {
    EXPECT_EQ(again.error().message, "no such certificate") << "only what is still wrong";
  }
  EXPECT_TRUE(one.component->update(one.arguments));
  bool stopped = false;
  observed_.controller_->stop([&] { stopped = true; });
  observed_.loop_.advance(seconds(2));
  EXPECT_TRUE(stopped);
}

TEST_P(ContractLife, AStopRightAfterAnUpdateIsPromptAndDoneOnce) {
  observed_.run();
  Observed::One& one = observed_.of(GetParam());
  observed_.pool_.set_paused(true);  // whatever the update has begun is still under way
  EXPECT_TRUE(one.component->update(one.arguments));
  int stopped = 0;
  observed_.controller_->stop([&] { ++stopped; });
  observed_.loop_.advance(seconds(1));
  observed_.pool_.set_paused(false);
  observed_.loop_.advance(seconds(2));
  EXPECT_EQ(stopped, 1);
  observed_.controller_.reset();
  observed_.loop_.run_until_idle();
  EXPECT_EQ(observed_.metrics_->collect().find("component_id="), std::string::npos)
      << "metrics outlive their component";
}

INSTANTIATE_TEST_SUITE_P(Components, ContractLife, ::testing::ValuesIn(names()), [](const auto& info) {
  std::string name = info.param;
  std::ranges::replace(name, '.', '_');
  return name;
});

}  // namespace
}  // namespace invar::app
