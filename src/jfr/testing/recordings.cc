#include "jfr/testing/recordings.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/check.h"
#include "codec/gzip.h"

namespace invar::jfr::testing {
namespace {

std::filesystem::path folder() {
  return std::filesystem::path(INVAR_SOURCE_DIR) / "testdata/jfr";
}

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  INVAR_CHECK(in.good(), path.string());
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

}  // namespace

std::vector<std::string> recording_names() {
  constexpr std::string_view kEnding = ".jfr.gz";
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(kEnding)) names.push_back(name.substr(0, name.size() - kEnding.size()));
  }
  std::ranges::sort(names);
  return names;
}

std::string recording(std::string_view name) {
  codec::Inflater inflater;
  std::string out;
  const auto unpacked = inflater.gunzip(read(folder() / (std::string(name) + ".jfr.gz")), 1 << 24, out);
  INVAR_CHECK(unpacked.has_value(), name);
  return out;
}

std::vector<std::string> recording_lines(std::string_view file) {
  std::istringstream in(read(folder() / file));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace invar::jfr::testing
