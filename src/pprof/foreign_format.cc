#include "pprof/foreign_format.h"

#include <algorithm>
#include <cctype>

namespace invar::pprof {
namespace {

constexpr std::string_view kGoText =
    "this is Go's text form of a profile (debug=1): leave the parameter debug out of params and of the path";
constexpr std::string_view kGoStacks =
    "this is Go's list of goroutines in text (debug=2): leave the parameter debug out of params and of the "
    "path";
constexpr std::string_view kJemalloc =
    "this is a heap profile of jemalloc: let the program answer with pprof, as jemalloc_pprof does, or "
    "convert it with jeprof";
constexpr std::string_view kGperftools =
    "this is a profile of gperftools: convert it with `pprof -proto`, or let the program answer with pprof";
constexpr std::string_view kJfr =
    "this is a recording of the Java Flight Recorder: send it to /ingest with format=jfr";
constexpr std::string_view kFolded =
    "these are folded stacks (`a;b;c 42`): send them to /ingest with format=folded";
constexpr std::string_view kTrace =
    "this is an execution trace of Go, which is no profile: scrape /debug/pprof/profile instead of "
    "/debug/pprof/trace";
constexpr std::string_view kPerf =
    "this is a recording of Linux' perf, which is no profile: pyroscope.ebpf profiles a program without it";
constexpr std::string_view kZstd =
    "this is packed with zstd: let the program answer plain or packed with gzip, or say so in "
    "Content-Encoding";
constexpr std::string_view kMetrics =
    "these are metrics of Prometheus: set the path to that of a profile, as in /debug/pprof/profile";

struct Beginning {
  std::string_view text, meaning;
};
constexpr Beginning kBeginnings[] = {
    {std::string_view("FLR\0", 4), kJfr},
    {"heap_v2/", kJemalloc},
    {"goroutine profile: total ", kGoText},
    {"threadcreate profile: total ", kGoText},
    {"--- contention:", kGoText},
    {"--- mutex:", kGoText},
    {"# HELP ", kMetrics},
    {"# TYPE ", kMetrics},
    {"# UNIT ", kMetrics},
    {"--- symbol", kGperftools},
    {"PERFILE2", kPerf},
    {"\x28\xb5\x2f\xfd", kZstd},
};

// "heap profile: 1: 2 [3: 4] @ heap/1048576" is Go's, other words behind the @ are those of gperftools.
std::string_view heap_text(std::string_view line) {
  return line.find("@ heap/") != std::string_view::npos ? kGoText : kGperftools;
}

// "goroutine 1 [running]:"
bool is_goroutine_dump(std::string_view line) {
  return line.starts_with("goroutine ") && line.ends_with("]:") && line.find('[') != std::string_view::npos;
}

// Five machine words: 0, 3 (words that follow), 0 (version), the period, 0.
bool is_gperftools_cpu(std::string_view body) {
  const auto words = [body](std::size_t size) {
    if (body.size() < 5 * size) return false;
    for (std::size_t i = 0; i < 5 * size; ++i) {
      const std::size_t word = i / size;
      if (word != 3 && body[i] != (i == size ? 3 : 0)) return false;
    }
    return true;
  };
  return words(8) || words(4);
}

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0 || c == '.'; });
}

// `up{job="a"} 1`, as servers write them that leave out "# HELP".
bool is_sample_of_metrics(std::string_view line) {
  const std::size_t open = line.find('{'), close = line.rfind("\"} ");
  return open != std::string_view::npos && open > 0 && close != std::string_view::npos && open < close &&
         std::ranges::all_of(
             line.substr(0, open),
             [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == ':'; }) &&
         is_number(line.substr(close + 3, line.find(' ', close + 3) - close - 3));
}

bool is_folded(std::string_view line) {
  const std::size_t space = line.rfind(' ');
  if (space == std::string_view::npos || space == 0 || space + 1 == line.size()) return false;
  return line.substr(0, space).find(';') != std::string_view::npos &&
         std::ranges::all_of(line.substr(space + 1), [](unsigned char c) { return std::isdigit(c) != 0; }) &&
         std::ranges::none_of(line, [](unsigned char c) { return c < ' '; });
}

}  // namespace

std::string_view foreign_format(std::string_view body) {
  for (const auto& [text, meaning] : kBeginnings) {
    if (body.starts_with(text)) return meaning;
  }
  std::string_view line = body.substr(0, std::min(body.find('\n'), std::size_t{4096}));
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with("heap profile:")) return heap_text(line);
  if (line.starts_with("go 1.") && line.substr(0, 32).find(" trace") != std::string_view::npos) return kTrace;
  if (is_goroutine_dump(line)) return kGoStacks;
  if (is_gperftools_cpu(body)) return kGperftools;
  if (is_sample_of_metrics(line)) return kMetrics;
  return is_folded(line) ? kFolded : "";
}

}  // namespace invar::pprof
