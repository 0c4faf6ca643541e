// PolledExport: a component that asks for something at every interval and exports what it is told. While it cannot be had, and after a
// change of the arguments until the new place has answered, the last exports stay; the component is unhealthy and says why.
//
//   class Secret final : public PolledExport {
//     Result<Duration> configure(const Boxed& arguments) override;      // from then on ask() asks for that; the interval
//     void ask(Done done) override;                                     // once, now or later; asked again: drop what is under way
//     void drop() override;                                             // and never call done()
//   };
// Errors:  an error of configure() fails the update, and what ran before goes on. One of ask() is logged when its sentence changes.
// Threads: loop thread only. Spec: discovery.md 13.
#pragma once

#include <string>
#include <string_view>

#include "component/component.h"

namespace invar::component {

class PolledExport : public Component {
 public:
  using Done = std::move_only_function<void(Result<Boxed>)>;  // the new exports

  // `works`: the healthy message, "polled endpoint".
  PolledExport(Options options, std::string_view works);

  Result<> update(const Boxed& arguments) final;
  void start() final;
  void stop(async::Task done) final;
  [[nodiscard]] std::optional<Health> health() const final { return health_; }

 protected:
  virtual Result<Duration> configure(const Boxed& arguments) = 0;
  virtual void ask(Done done) = 0;
  virtual void drop() = 0;
  [[nodiscard]] const Options& options() const { return options_; }
  void poll();  // now, and then at every interval

 private:
  void take(Result<Boxed> exports);

  const Options options_;
  const std::string works_;
  Boxed arguments_;
  Duration interval_{};
  bool started_ = false;
  Health health_{HealthState::kUnknown, "not polled yet", 0};
  async::Timer timer_;
  async::Alive alive_;
};

}  // namespace invar::component
