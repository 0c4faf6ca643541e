// What the block `profiling_config` of pyroscope.scrape accepts and a person should know. Threads: any; pure.
#pragma once

#include <string>
#include <vector>

#include "components/pyroscope/scrape/arguments.h"

namespace invar::components::pyroscope_scrape {

const syntax::Schema& profiling_schema();  // describes ProfilingConfig

// Sentences for the log and `validate`, beside those of warnings(const Arguments&).
std::vector<std::string> warnings(const ProfilingConfig& profiling);

}  // namespace invar::components::pyroscope_scrape
