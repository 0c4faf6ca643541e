// Every case of tests/pipeline; the README there says how one is written.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/testing/pipeline_case.h"

namespace invar::app {
namespace {

std::vector<std::filesystem::path> cases() {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator(INVAR_SOURCE_DIR "/tests/pipeline"))
    if (entry.path().extension() == ".case") out.push_back(entry.path());
  std::ranges::sort(out);
  return out;
}

class Pipeline : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(Pipeline, Case) {
  std::ostringstream text;
  text << std::ifstream(GetParam()).rdbuf();
  for (const std::string& failure : testing::run_pipeline_case(GetParam().filename(), text.str()))
    ADD_FAILURE() << failure;
}

INSTANTIATE_TEST_SUITE_P(Cases, Pipeline, ::testing::ValuesIn(cases()),
                         [](const auto& info) { return info.param.stem().string(); });

}  // namespace
}  // namespace invar::app
