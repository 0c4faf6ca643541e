#include "components/pyroscope/enrich/component.h"

#include <utility>

#include "component/build.h"
#include "components/pyroscope/enrich/arguments.h"
#include "components/pyroscope/enrich/target_index.h"
#include "pipeline/intake.h"
#include "pipeline/outlets.h"

namespace invar::components::pyroscope_enrich {
namespace {

using pipeline::ProfilePtr;

class Enrich final : public component::Component {
 public:
  explicit Enrich(component::Options options)
      : options_(std::move(options)),
        outlets_(*options_.metrics, *options_.loop, options_.tap),
        enriched_(profiles("enriched")),
        unmatched_(profiles("unmatched")),
        targets_(options_.metrics->gauge("pyroscope_enrich_targets",
                                         "Number of targets that profiles can match.")),
        duplicates_(options_.metrics->gauge("pyroscope_enrich_duplicate_targets",
                                            "Number of targets that share their match value with another.")),
        intake_(std::make_shared<pipeline::Intake<Enrich>>(this, options_.id, options_.tap)) {}
  ~Enrich() override { intake_->close(); }

  void start() override {}
  Result<> update(const component::Boxed& boxed) override {
    const auto& arguments = boxed.as<Arguments>();
    outlets_.set(arguments.forward_to);
    index_ = TargetIndex(arguments);
    targets_.set(static_cast<double>(index_.targets()));
    duplicates_.set(static_cast<double>(index_.duplicates()));
    options_.set_exports(
        component::Boxed::of(component::receiver_exports_schema(), component::ReceiverExports{intake_}));
    return {};
  }
  void stop(async::Task done) override {
    intake_->close();
    done();
  }
  [[nodiscard]] component::BodyValue debug_info() const override {
    component::BodyValue info;
    info.attribute("targets", std::uint64_t{index_.targets()});
    info.attribute("duplicate_targets", std::uint64_t{index_.duplicates()});
    return info;
  }

  pipeline::Answer accept(const ProfilePtr& profile) { return outlets_.offer(enriched(profile)); }
  void accept_kept(const ProfilePtr& profile, pipeline::Kept kept) {
    outlets_.offer_kept(enriched(profile), std::move(kept));
  }

 private:
  metrics::Counter& profiles(const char* result) {
    return options_.metrics->counter("pyroscope_enrich_profiles_total",
                                     "Profiles by whether a target matched.", {{"result", result}});
  }

  ProfilePtr enriched(const ProfilePtr& profile) {
    const std::vector<Label>* copied = index_.find(profile->labels);
    if (!copied) {
      unmatched_.add();
      return profile;
    }
    enriched_.add();
    LabelsBuilder labels(profile->labels);
    for (const Label& label : *copied) labels.set(label.name, label.value);
    auto changed = std::make_shared<pipeline::Profile>(*profile);
    changed->labels = labels.build();
    return changed;
  }

  component::Options options_;
  TargetIndex index_;
  pipeline::Outlets outlets_;
  metrics::Counter &enriched_, &unmatched_;
  metrics::Gauge &targets_, &duplicates_;
  std::shared_ptr<pipeline::Intake<Enrich>> intake_;
};

constexpr const char* kDocumentation =
    R"md(Profiles that clients push know little of where they run. `pyroscope.enrich` looks up the target whose `target_match_label` has the
value of the profile's `profiles_match_label`, and copies its labels. Copied labels replace those of the profile. A profile that no target matches
passes unchanged (`pyroscope_enrich_profiles_total{result="unmatched"}`).

Labels that start with `__` are copied only when `labels_to_copy` names them. When several targets have the same value, the one
whose labels sort first wins, so that the result does not depend on the order in which they were discovered;
`pyroscope_enrich_duplicate_targets` counts the others.)md";

constexpr const char* kExample = R"alloy(discovery.file "pods" {
  files = ["/etc/invar/pods.json"]
}

pyroscope.receive_http "sdk" {
  http {
    listen_address = "127.0.0.1"
    listen_port    = 4041
  }
  forward_to = [pyroscope.enrich.pods.receiver]
}

pyroscope.enrich "pods" {
  targets              = discovery.file.pods.targets
  target_match_label   = "__meta_pod_ip"
  profiles_match_label = "pod_ip"
  labels_to_copy       = ["team", "namespace"]
  forward_to           = [pyroscope.write.backend.receiver]
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
      .name = "pyroscope.enrich",
      .summary = "Copies labels of discovered targets to the profiles that match them.",
      .stability = component::Stability::kExperimental,
      .arguments = &arguments_schema,
      .exports = &component::receiver_exports_schema,
      .build = &component::build_by_update<Enrich>,
      .documentation = kDocumentation,
      .example = kExample,
  };
}

}  // namespace invar::components::pyroscope_enrich
