// PipelineCase: runs the text of one case of tests/pipeline against the whole daemon, in virtual time.
// Shape:   for (const std::string& failure : run_pipeline_case(name, text)) ADD_FAILURE() << failure;
// Beside what the case says it holds for every case that at every step the ledgers balance, and that nothing waited for a disk on
// the loop.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace invar::app::testing {

// `FILE:LINE: what differs`, nothing when all is as the case says.
std::vector<std::string> run_pipeline_case(const std::string& name, std::string_view text);

}  // namespace invar::app::testing
