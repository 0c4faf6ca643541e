#include "components/discovery/relabel/component.h"

#include "async/worker_pool.h"
#include "component/build.h"
#include "component/relabel_schema.h"
#include "components/discovery/relabel/arguments.h"
#include "components/discovery/relabel/discovery.h"

namespace invar::components::discovery_relabel {
namespace {

using component::Boxed;

// Targets times rules that are done on the loop: a few milliseconds. More is done on the worker pool, and exported when it is ready.
constexpr std::size_t kInlineWork = 5000;

class RelabelComponent final : public component::Component {
 public:
  explicit RelabelComponent(component::Options options) : options_(std::move(options)) {}

  void start() override { started_ = true; }

  Result<> update(const Boxed& boxed) override {
    const auto& arguments = boxed.as<Arguments>();
    if (arguments.rules != rules_.list || relabeler_.rule_count() != arguments.rules.size()) {
      relabeler_ = Relabeler(component::compile_rules(arguments.rules));
      rules_.list = arguments.rules;
      relabeled_ = {};
    }
    ++update_;
    RelabeledTargets next(arguments.targets, relabeled_);
    const auto make = [relabeler = relabeler_](RelabeledTargets targets) {
      targets.complete([&](const component::Target& target) { return relabeler.relabeled(target); });
      return targets;
    };
    // Before the start everything at once: what depends on the output is evaluated right after.
    if (!started_ || next.missing() * (relabeler_.rule_count() + 1) <= kInlineWork) {
      publish(make(std::move(next)));
      return {};
    }
    options_.pool->run([make, next = std::move(next)]() mutable { return make(std::move(next)); },
                       alive_.bind([this, update = update_](RelabeledTargets made) {
                         if (update == update_) publish(std::move(made));
                       }));
    return {};
  }

  void stop(async::Task done) override {
    ++update_;
    done();
  }

  [[nodiscard]] std::optional<component::Relabeling> relabeling() const override {
    return component::Relabeling{relabeled_.targets(), rules_.list};
  }

 private:
  void publish(RelabeledTargets made) {
    relabeled_ = std::move(made);
    options_.set_exports(Boxed::of(exports_schema(), Exports{kept(relabeled_), rules_}));
  }

  component::Options options_;
  bool started_ = false;
  component::ExportedRules rules_;
  Relabeler relabeler_;
  RelabeledTargets relabeled_;  // by these rules
  std::uint64_t update_ = 0;    // a newer one makes the result of an older one worthless
  async::Alive alive_;          // last
};

constexpr const char* kDocumentation =
    R"(Rewrites the labels of targets, and drops targets, by Prometheus relabeling rules. Labels that
begin with `__meta_` come from service discovery and are the usual input; what a rule writes to other labels becomes part of
the profile series.

The order of the targets is kept. A label that is set to an empty text is removed.
)";

constexpr const char* kExample = R"(discovery.file "local" {
  files = ["targets/*.json"]
}

discovery.relabel "shop" {
  targets = discovery.file.local.targets

  rule {
    source_labels = ["team"]
    regex         = "shop|cart"
    action        = "keep"
  }

  rule {
    source_labels = ["__address__"]
    target_label  = "instance"
  }
}
)";

}  // namespace

component::Registration registration() {
  return {
      .name = "discovery.relabel",
      .summary = "Rewrites the labels of targets and drops targets.",
      .arguments = &arguments_schema,
      .exports = &exports_schema,
      .build = &component::build_by_update<RelabelComponent>,
      .documentation = kDocumentation,
      .example = kExample,
  };
}

}  // namespace invar::components::discovery_relabel
