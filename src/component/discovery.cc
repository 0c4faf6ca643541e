#include "component/discovery.h"

#include <utility>

#include "component/group_publisher.h"

namespace invar::component {
namespace {

class DiscoveryComponent final : public Component {
 public:
  DiscoveryComponent(Options options, MakeDiscoverer make)
      : options_(std::move(options)), make_(std::move(make)), publisher_(options_) {}

  Result<> update(const Boxed& arguments) override {
    if (discoverer_ && arguments == arguments_) return {};
    if (!discoverer_ || !discoverer_->adopt(arguments)) {
      INVAR_ASSIGN_OR_RETURN(auto made, make_(options_, arguments));
      discoverer_ = std::move(made);
      if (started_) run();
    }
    arguments_ = arguments;
    return {};
  }

  void start() override {
    started_ = true;
    run();
  }

  void stop(async::Task done) override {
    discoverer_.reset();
    publisher_.flush();
    done();
  }

  [[nodiscard]] std::optional<Health> health() const override { return publisher_.health(); }

  [[nodiscard]] std::vector<Problem> problems(Severity at_least) const override {
    return publisher_.problems(at_least);
  }

  [[nodiscard]] BodyValue debug_info() const override {
    BodyValue info = publisher_.debug_info();
    if (!discoverer_) return info;
    for (auto& statement : discoverer_->debug_info().statements)
      info.statements.push_back(std::move(statement));
    return info;
  }

 private:
  void run() {
    publisher_.flush();
    publisher_.expect_first();
    publisher_.remark("");
    discoverer_->start(publisher_);
  }

  Options options_;
  MakeDiscoverer make_;
  Boxed arguments_;
  bool started_ = false;
  GroupPublisher publisher_;
  std::unique_ptr<Discoverer> discoverer_;  // after what it publishes into
};

}  // namespace

Registration discovery_registration(Registration registration, MakeDiscoverer make) {
  registration.exports = &target_exports_schema;
  registration.build = [make = std::move(make)](
                           Options options, const Boxed& arguments) -> Result<std::unique_ptr<Component>> {
    auto made = std::make_unique<DiscoveryComponent>(std::move(options), make);
    INVAR_TRY(made->update(arguments));
    return made;
  };
  return registration;
}

}  // namespace invar::component
