#include "components/discovery/relabel/component.h"

#include "component/build.h"
#include "component/relabel_schema.h"
#include "components/discovery/relabel/arguments.h"
#include "components/discovery/relabel/discovery.h"

namespace invar::components::discovery_relabel {
namespace {

using component::Boxed;

class RelabelComponent final : public component::Component {
 public:
  explicit RelabelComponent(component::Options options) : options_(std::move(options)) {}

  void start() override {}

  Result<> update(const Boxed& boxed) override {
    const auto& arguments = boxed.as<Arguments>();
    if (arguments.rules != rules_.list || compiled_.size() != arguments.rules.size()) {
      compiled_ = component::compile_rules(arguments.rules);
      rules_.list = arguments.rules;
    }
    options_.set_exports(
        Boxed::of(exports_schema(), Exports{relabel_targets(arguments.targets, compiled_), rules_}));
    return {};
  }

  void stop(async::Task done) override { done(); }

 private:
  component::Options options_;
  component::ExportedRules rules_;
  relabel::Rules compiled_;
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
      .arguments = &arguments_schema(),
      .exports = &exports_schema(),
      .build = &component::build_by_update<RelabelComponent>,
      .documentation = kDocumentation,
      .example = kExample,
  };
}

}  // namespace invar::components::discovery_relabel
