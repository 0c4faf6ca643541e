#include "runtime/testing/toys.h"

#include <memory>
#include <utility>

#include "component/receiver.h"

namespace invar::runtime::testing {
namespace {

using component::Boxed;
using component::Component;
using component::Options;
using syntax::Schema;
using syntax::SchemaBuilder;

// ---- arguments and exports

struct SumArguments {
  std::int64_t value = 0;
  std::vector<std::int64_t> inputs;
  std::string note, fail;
  bool operator==(const SumArguments&) const = default;
};
struct SumExports {
  std::int64_t sum = 0;
  bool operator==(const SumExports&) const = default;
};
struct EchoArguments {
  std::string input;
  bool operator==(const EchoArguments&) const = default;
};
struct EchoExports {
  std::string output;
  bool operator==(const EchoExports&) const = default;
};
struct TickArguments {
  Duration frequency = std::chrono::seconds(1);
  std::int64_t max = 0;  // 0: no end
  bool operator==(const TickArguments&) const = default;
};
struct CountExports {
  std::int64_t count = 0;
  bool operator==(const CountExports&) const = default;
};
struct PulseArguments {
  Duration frequency = std::chrono::seconds(1);
  std::vector<pipeline::ReceiverPtr> forward_to;
  bool operator==(const PulseArguments&) const = default;
};
struct SinkExports {
  pipeline::ReceiverPtr receiver;
  std::int64_t taken = 0;
  bool operator==(const SinkExports&) const = default;
};
struct Nothing {
  bool operator==(const Nothing&) const = default;
};

const Schema& sum_arguments() {
  static const Schema schema = SchemaBuilder<SumArguments>()
                                   .attribute("value", &SumArguments::value, "Added to the inputs.")
                                   .attribute("inputs", &SumArguments::inputs, "Numbers to add.")
                                   .attribute("note", &SumArguments::note, "Any text.")
                                   .attribute("fail", &SumArguments::fail, "What goes wrong.")
                                   .build();
  return schema;
}
const Schema& sum_exports() {
  static const Schema schema =
      SchemaBuilder<SumExports>().attribute("sum", &SumExports::sum, "The total.").build();
  return schema;
}
const Schema& echo_arguments() {
  static const Schema schema = SchemaBuilder<EchoArguments>()
                                   .attribute("input", &EchoArguments::input, "Any text.")
                                   .required()
                                   .build();
  return schema;
}
const Schema& echo_exports() {
  static const Schema schema =
      SchemaBuilder<EchoExports>().attribute("output", &EchoExports::output, "The input.").build();
  return schema;
}
const Schema& tick_arguments() {
  static const Schema schema = SchemaBuilder<TickArguments>()
                                   .attribute("frequency", &TickArguments::frequency, "Time between ticks.")
                                   .attribute("max", &TickArguments::max, "Number of ticks.")
                                   .build();
  return schema;
}
const Schema& count_exports() {
  static const Schema schema =
      SchemaBuilder<CountExports>().attribute("count", &CountExports::count, "Ticks so far.").build();
  return schema;
}
const Schema& pulse_arguments() {
  static const Schema schema = SchemaBuilder<PulseArguments>()
                                   .attribute("frequency", &PulseArguments::frequency, "Time between pulses.")
                                   .attribute("forward_to", &PulseArguments::forward_to, "Receivers.")
                                   .required()
                                   .build();
  return schema;
}
const Schema& sink_exports() {
  static const Schema schema = SchemaBuilder<SinkExports>()
                                   .attribute("receiver", &SinkExports::receiver, "Takes profiles.")
                                   .attribute("taken", &SinkExports::taken, "Profiles taken.")
                                   .build();
  return schema;
}
const Schema& no_arguments() {
  static const Schema schema = SchemaBuilder<Nothing>().build();
  return schema;
}

// ---- behaviour

// Writes the journal, and stops at once; the toys add what they do.
class Toy : public Component {
 public:
  Toy(ToyBox& box, Options options) : box_(box), options_(std::move(options)) {
    options_.metrics->gauge("toy_up", "1 while the toy exists.").set(1);
    box_.note("build " + options_.id);
  }
  ~Toy() override { box_.note("destroy " + options_.id); }
  void start() override { box_.note("start " + options_.id); }
  Result<> update(const Boxed& arguments) override {
    const Result<> taken = take(arguments);
    box_.note((taken ? "update " : "update failed ") + options_.id);
    return taken;
  }
  void stop(async::Task done) override {
    box_.note("stop " + options_.id);
    options_.loop->post(std::move(done));
  }
  virtual Result<> take(const Boxed& arguments) = 0;

 protected:
  ToyBox& box_;
  Options options_;
};

class Sum : public Toy {
 public:
  Sum(ToyBox& box, Options options) : Toy(box, std::move(options)) {
    box_.publishers()[options_.id] = [this](std::int64_t sum) {
      options_.set_exports(Boxed::of(sum_exports(), SumExports{sum}));
    };
  }
  ~Sum() override { box_.publishers().erase(options_.id); }
  Result<> take(const Boxed& boxed) override {
    const auto& arguments = boxed.as<SumArguments>();
    if (arguments.fail == "update") return fail(ErrorCode::kInvalidArgument, "told to fail");
    SumExports exports{arguments.value};
    for (const std::int64_t input : arguments.inputs) exports.sum += input;
    options_.set_exports(Boxed::of(sum_exports(), exports));
    return {};
  }
  std::optional<component::Health> health() const override {
    const auto own = box_.own_health.find(options_.id);
    return own == box_.own_health.end() ? std::nullopt : std::optional(own->second);
  }
  component::BodyValue debug_info() const override {
    component::BodyValue body;
    body.attribute("id", syntax::Value(options_.id));
    return body;
  }
};

class Echo : public Toy {
 public:
  using Toy::Toy;
  Result<> take(const Boxed& arguments) override {
    options_.set_exports(Boxed::of(echo_exports(), EchoExports{arguments.as<EchoArguments>().input}));
    return {};
  }
};

class Slow : public Echo {
 public:
  using Echo::Echo;
  void stop(async::Task done) override {
    box_.note("stop " + options_.id);
    box_.hold_stop(options_.id, std::move(done));
  }
};

// Ticks from start() to stop().
class Ticker : public Toy {
 public:
  Ticker(ToyBox& box, Options options) : Toy(box, std::move(options)), timer_(*options_.loop) {}
  void start() override {
    Toy::start();
    arm();
  }
  void stop(async::Task done) override {
    timer_.cancel();
    Toy::stop(std::move(done));
  }
  virtual Duration frequency() const = 0;
  virtual void tick() = 0;

 private:
  void arm() {
    timer_.arm_after(frequency(), [this] {
      tick();
      arm();
    });
  }
  async::Timer timer_;
};

class Count : public Ticker {
 public:
  using Ticker::Ticker;
  Result<> take(const Boxed& arguments) override {
    arguments_ = arguments.as<TickArguments>();
    return {};
  }
  Duration frequency() const override { return arguments_.frequency; }
  void tick() override {
    if (arguments_.max > 0 && count_ >= arguments_.max) return;
    options_.set_exports(Boxed::of(count_exports(), CountExports{++count_}));
  }

 private:
  TickArguments arguments_;
  std::int64_t count_ = 0;
};

class Pulse : public Ticker {
 public:
  using Ticker::Ticker;
  Result<> take(const Boxed& arguments) override {
    arguments_ = arguments.as<PulseArguments>();
    return {};
  }
  Duration frequency() const override { return arguments_.frequency; }
  void tick() override {
    for (const auto& receiver : arguments_.forward_to)
      if (receiver) receiver->accept(std::make_shared<const pipeline::Profile>());
  }

 private:
  PulseArguments arguments_;
};

class Sink : public Toy {
 public:
  Sink(ToyBox& box, Options options)
      : Toy(box, std::move(options)), receiver_(std::make_shared<Intake>(*this)) {
    publish();
  }
  ~Sink() override { receiver_->owner = nullptr; }
  Result<> take(const Boxed&) override { return {}; }

 private:
  struct Intake : pipeline::Receiver {
    explicit Intake(Sink& sink) : owner(&sink), id(sink.options_.id) {}
    pipeline::Answer accept(const pipeline::ProfilePtr&) override {
      if (owner == nullptr) return {pipeline::Outcome::kRefused, "stopped"};
      ++owner->taken_;
      owner->publish();
      return {};
    }
    std::string_view component_id() const override { return id; }
    Sink* owner;
    std::string id;
  };
  void publish() { options_.set_exports(Boxed::of(sink_exports(), SinkExports{receiver_, taken_})); }

  std::shared_ptr<Intake> receiver_;
  std::int64_t taken_ = 0;
};

class Idle : public Toy {
 public:
  using Toy::Toy;
  Result<> take(const Boxed&) override { return {}; }
};

template <class T>
component::Registration registration(ToyBox& box, std::string name, component::SchemaOf arguments,
                                     component::SchemaOf exports) {
  component::Registration out;
  out.name = std::move(name);
  out.summary = "A toy.";
  out.arguments = arguments;
  out.exports = exports;
  out.build = [&box](Options options, const Boxed& boxed) -> Result<std::unique_ptr<Component>> {
    if constexpr (std::is_same_v<T, Sum>) {
      if (boxed.as<SumArguments>().fail == "build") {
        box.note("build failed " + options.id);
        return fail(ErrorCode::kInvalidArgument, "told to fail");
      }
    }
    auto toy = std::make_unique<T>(box, std::move(options));
    INVAR_TRY(toy->take(boxed));
    return toy;
  };
  return out;
}

}  // namespace

ToyBox::ToyBox() {
  registry_.add(registration<Sum>(*this, "toy.sum", &sum_arguments, &sum_exports));
  registry_.add(registration<Echo>(*this, "toy.echo", &echo_arguments, &echo_exports));
  registry_.add(registration<Slow>(*this, "toy.slow", &echo_arguments, &echo_exports));
  registry_.add(registration<Count>(*this, "toy.count", &tick_arguments, &count_exports));
  registry_.add(registration<Pulse>(*this, "toy.pulse", &pulse_arguments, nullptr));
  registry_.add(registration<Sink>(*this, "toy.sink", &no_arguments, &sink_exports));
  registry_.add(registration<Echo>(*this, "string.toy", &echo_arguments, &echo_exports));
  registry_.add(registration<Sum>(*this, "discovery.toy", &sum_arguments, &sum_exports));
  component::Registration early = registration<Idle>(*this, "toy.early", &no_arguments, nullptr);
  early.stability = component::Stability::kExperimental;
  registry_.add(std::move(early));
}

std::vector<std::string> ToyBox::take_events() {
  return std::exchange(events_, {});
}

void ToyBox::hold_stop(const std::string& id, async::Task done) {
  held_[id] = std::move(done);
}

void ToyBox::release_stop(const std::string& id) {
  auto held = held_.extract(id);
  INVAR_CHECK(!held.empty(), "nothing waits to stop: " + id);
  held.mapped()();
}

void ToyBox::publish_sum(const std::string& id, std::int64_t sum) {
  publishers_.at(id)(sum);
}

}  // namespace invar::runtime::testing
