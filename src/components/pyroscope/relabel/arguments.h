// The arguments and exports of pyroscope.relabel. Spec: pyroscope-receive-http-relabel-enrich.md B1; the block `pprof` is ours.
#pragma once

#include <cstdint>
#include <vector>

#include "component/receiver.h"
#include "component/relabel_rules.h"
#include "labels/relabel.h"
#include "pprof/edit.h"
#include "syntax/schema.h"

namespace invar::components::pyroscope_relabel {

struct Arguments {
  std::vector<pipeline::ReceiverPtr> forward_to;
  std::int64_t max_cache_size = 10'000;
  std::vector<relabel::RuleConfig> rules;
  pprof::EditPlan pprof;
  bool operator==(const Arguments&) const = default;
};

struct Exports {
  pipeline::ReceiverPtr receiver;
  component::ExportedRules rules;
  bool operator==(const Exports&) const = default;
};

const syntax::Schema& arguments_schema();
const syntax::Schema& exports_schema();

}  // namespace invar::components::pyroscope_relabel
