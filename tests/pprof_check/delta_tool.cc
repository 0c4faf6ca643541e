// delta_tool NAME FIRST SECOND OUT: the delta from FIRST to SECOND as a profile called NAME, for check/main.go.
// Prints what became of SECOND: delta, reset, baseline or pass-through; OUT is written for the first two.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "pprof/delta.h"

namespace {

using invar::pprof::DeltaResult;

constexpr std::uint64_t kLimit = 256 << 20;

std::string read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

const char* word(DeltaResult::Kind kind) {
  switch (kind) {
    case DeltaResult::Kind::kBaseline:
      return "baseline";
    case DeltaResult::Kind::kDelta:
      return "delta";
    case DeltaResult::Kind::kUnknown:
      return "unknown";
    case DeltaResult::Kind::kReset:
      return "reset";
    case DeltaResult::Kind::kPassThrough:
      return "pass-through";
  }
  return "";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: delta_tool NAME FIRST SECOND OUT\n");
    return 2;
  }
  invar::pprof::DeltaEngine engine;
  invar::pprof::DeltaStatePtr state;
  DeltaResult last;
  for (const char* path : {argv[2], argv[3]}) {
    auto result = engine.step(read_file(path), argv[1], state, kLimit);
    if (!result) {
      std::fprintf(stderr, "%s: %s\n", path, result.error().message.c_str());
      return 1;
    }
    last = std::move(*result);
    state = last.next;
  }
  std::ofstream(argv[4], std::ios::binary) << last.body;
  std::puts(word(last.kind));
  return 0;
}
