// What every component promises about update() and stop(), asked of the component itself: the controller does not even call update()
// with equal arguments. Runs over the registry: a new component needs no code here.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <utility>

#include "app/commands.h"
#include "app/testing/example_run.h"

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

  explicit Observed(std::string config) : config_(std::move(config)) {
    for (const Registration& original : components().all()) {
      Registration watched = original;
      watched.build = [this, &original](component::Options options, const Boxed& arguments) {
        return build(original, std::move(options), arguments);
      };
      registry_.add(std::move(watched));
    }
    run_ = std::make_unique<testing::ExampleRun>(registry_);
  }

  void start() {
    const auto loaded = run_->load(config_);
    ASSERT_FALSE(loaded.diagnostics.has_errors()) << loaded.diagnostics.render(false);
    run_->controller->start();
    run_->loop.advance(seconds(20));
  }
  testing::ExampleRun* operator->() { return run_.get(); }
  One& of(const std::string& name) {
    const auto found =
        std::ranges::find_if(all_, [&](const auto& entry) { return entry.first.starts_with(name + "."); });
    EXPECT_NE(found, all_.end()) << "the example of " << name << " has none of it";
    return found->second;
  }

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

  const std::string config_;
  component::Registry registry_;
  std::map<std::string, One> all_;  // by id
  std::unique_ptr<testing::ExampleRun> run_;
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
  if (std::string_view(GetParam()) == "discovery.dns") GTEST_SKIP() << "its answers come in real time";
  observed_.start();
  Observed::One& one = observed_.of(GetParam());
  const std::string metrics = observed_->metrics->collect();
  const auto listening = observed_->network.listening().size();
  const auto asked = observed_->transport->exchanges().size();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(one.component->update(one.arguments));
  observed_->loop.run_until_idle();
  EXPECT_EQ(observed_->metrics->collect(), metrics);
  EXPECT_EQ(observed_->network.listening().size(), listening);
  EXPECT_EQ(observed_->transport->exchanges().size(), asked) << "it asks again what it has just asked";
}

// Nothing outside works: whether the update of a component fails then is its affair, but it must go on with what it has, and take
// the arguments when the world is whole again.
TEST_P(ContractLife, AfterAFailedUpdateItRunsOnAndTheNextWorks) {
  observed_.start();
  Observed::One& one = observed_.of(GetParam());
  observed_->faults->inject({.code = ErrorCode::kPermissionDenied, .stay_broken = true});
  observed_->transport->fail_next_client({ErrorCode::kInvalidArgument, "no such certificate"});
  (void)one.component->update(one.arguments);
  observed_->loop.advance(seconds(20));
  for (const auto& view : observed_->controller->list(""))
    EXPECT_NE(view.health.state, component::HealthState::kExited) << view.local_id;

  observed_->faults->clear();
  const auto again = one.component->update(one.arguments);
  if (!again) {
    EXPECT_EQ(again.error().message, "no such certificate") << "only what is still wrong";
  }
  EXPECT_TRUE(one.component->update(one.arguments));
  EXPECT_TRUE(observed_->stop(seconds(2)));
}

TEST_P(ContractLife, AStopRightAfterAnUpdateIsPromptAndDoneOnce) {
  observed_.start();
  Observed::One& one = observed_.of(GetParam());
  observed_->pool.set_paused(true);  // whatever the update has begun is still under way
  EXPECT_TRUE(one.component->update(one.arguments));
  int stopped = 0;
  observed_->controller->stop([&] { ++stopped; });
  observed_->loop.advance(seconds(1));
  observed_->pool.set_paused(false);
  observed_->loop.advance(seconds(2));
  EXPECT_EQ(stopped, 1);
  observed_->controller.reset();
  observed_->loop.run_until_idle();
  EXPECT_EQ(observed_->metrics->collect().find("component_id="), std::string::npos)
      << "metrics outlive their component";
}

INSTANTIATE_TEST_SUITE_P(Components, ContractLife, ::testing::ValuesIn(names()), [](const auto& info) {
  std::string name = info.param;
  std::ranges::replace(name, '.', '_');
  return name;
});

}  // namespace
}  // namespace invar::app
