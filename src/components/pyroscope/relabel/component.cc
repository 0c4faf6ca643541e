#include "components/pyroscope/relabel/component.h"

#include <utility>

#include "component/build.h"
#include "component/relabels_series.h"
#include "components/pyroscope/relabel/arguments.h"
#include "components/pyroscope/relabel/relabeler.h"

namespace invar::components::pyroscope_relabel {
namespace {

class Relabel final : public component::Component, public component::RelabelsSeries {
 public:
  explicit Relabel(component::Options options)
      : options_(std::move(options)),
        relabeler_(
            {options_.id, options_.logger, options_.metrics, options_.loop, options_.pool, options_.tap}) {}

  void start() override {}
  Result<> update(const component::Boxed& boxed) override {
    const auto& arguments = boxed.as<Arguments>();
    relabeler_.configure(arguments);
    options_.set_exports(
        component::Boxed::of(exports_schema(), Exports{relabeler_.receiver(), {arguments.rules}}));
    return {};
  }
  void stop(async::Task done) override { relabeler_.stop(std::move(done)); }
  [[nodiscard]] component::BodyValue debug_info() const override { return relabeler_.debug_info(); }
  [[nodiscard]] component::SeriesRelabeling series_relabeling(std::size_t most) const override {
    return relabeler_.series_relabeling(most);
  }

 private:
  component::Options options_;
  Relabeler relabeler_;
};

constexpr const char* kDocumentation =
    R"md(Rules see all labels of a profile, also those that start with `__`, whether it was pushed or received on `/ingest`. A profile that a
rule drops, or that loses all its labels, is gone: its sender hears that all is well, and it counts in
`pyroscope_relabel_profiles_dropped`. A profile that has no labels at all passes unchanged.

The result for a label set is remembered. A change of the rules empties the cache; of `max_cache_size`, the label sets used longest ago go.

## Inside the profile

The block `pprof` changes profiles themselves, before the rules run. It is off unless written, and never touches a body
that is not a pprof profile.

* `keep_sample_types` and `drop_sample_types` take columns out, for example all of a heap profile but `inuse_space`. Samples that have
  nothing but zeros then go too, and so does a profile of which nothing is left: with `keep_sample_types`, name the types of
  every profile that passes here.
* `promote_labels` makes a label of the series from a label that all samples carry with one value, such as `thread` or `pid`. Rules can
  use it as a source. Characters that Pyroscope does not take in a label name become `_`, and a label that the series
  already has stays as it is.
* `remove_labels` takes labels out of all samples. What is also promoted moves from the samples to the series.

What nothing refers to any more is left in the profile: it stays valid, and other tools drop it when they merge.

While a profile is changed, on a thread of its own, it counts in `pyroscope_ledger_queued` with the destination `edit`. More than 64 MiB of
them are refused; then a scrape is repeated and a client is told to come again.)md";

constexpr const char* kExample = R"alloy(pyroscope.relabel "process" {
  forward_to = [pyroscope.write.backend.receiver]

  // Only the services of one team.
  rule {
    action        = "keep"
    source_labels = ["team"]
    regex         = "shop|cart"
  }

  // Addresses are of no use later.
  rule {
    action = "labeldrop"
    regex  = "pod_ip"
  }
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
      .name = "pyroscope.relabel",
      .summary = "Rewrites the labels of profiles and drops profiles, by relabeling rules.",
      .arguments = &arguments_schema,
      .exports = &exports_schema,
      .build = &component::build_by_update<Relabel>,
      .documentation = kDocumentation,
      .example = kExample,
  };
}

}  // namespace invar::components::pyroscope_relabel
