// The arguments of pyroscope.enrich. Spec: pyroscope-receive-http-relabel-enrich.md C.
#pragma once

#include <string>
#include <vector>

#include "component/receiver.h"
#include "component/target.h"
#include "syntax/schema.h"

namespace invar::components::pyroscope_enrich {

struct Arguments {
  component::Targets targets;
  std::string target_match_label, profiles_match_label;
  std::vector<std::string> labels_to_copy;
  std::vector<pipeline::ReceiverPtr> forward_to;
  bool operator==(const Arguments&) const = default;
};

const syntax::Schema& arguments_schema();

}  // namespace invar::components::pyroscope_enrich
