// Scrape jobs as Prometheus, Parca and their relatives write them in YAML.
// Threads: any; pure. Spec: convert.md 1, 2.
#pragma once

#include "component/component.h"
#include "convert/text_writer.h"
#include "syntax/value.h"

namespace invar::convert {

enum class Jobs {
  kOfMetrics,   // profiling jobs are those that say so: by profiling_config, or by a path of profiles
  kOfProfiles,  // all of them
};

void write_scrape_jobs(const syntax::Value& configuration, Jobs jobs, const component::Registry& components,
                       TextWriter& out);

}  // namespace invar::convert
