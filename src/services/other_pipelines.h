// What `--skip-other-pipelines` left to another agent, told in a terminal, on the status page and by the API.
// Threads: any; pure. Spec: modules.md 6.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "component/view.h"

namespace invar::services {

struct LeftToOthers {
  std::map<std::string, std::size_t> families;  // blocks of each: "loki", "discovery"
  struct Port {
    std::int64_t number = 0;
    std::string whose;
    bool operator==(const Port&) const = default;
  };
  std::vector<Port> ports;  // that both agents would want
};
// `listen_address`: of Invar's own server.
LeftToOthers left_to_others(const component::OtherPipelines& pipelines, std::string_view listen_address);

// "" when nothing was left out.
std::string left_to_others_text(const LeftToOthers& left);
std::string left_to_others_html(const LeftToOthers& left);
// {"families": {...}, "ports": [...], "blocks": [{"id", "place"}, ...]}
std::string left_to_others_json(const LeftToOthers& left, const component::OtherPipelines& pipelines);

}  // namespace invar::services
