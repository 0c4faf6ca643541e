// The commands of `invar archive`. User's page: docs/archive-tool.md.
// Result: an exit status (environment.h), or why nothing could be done.
#pragma once

#include <cstdint>
#include <string>

#include "archive_tool/environment.h"
#include "archive_tool/selection.h"

namespace invar::archive_tool {

struct LsOptions {
  Selection selection;
  std::string sort = "time";  // or size, type, service, name
  bool reverse = false;
  std::uint64_t limit = 0;  // 0: none
  bool json = false;
};
Result<int> ls(const Environment& environment, const LsOptions& options);

Result<int> show(const Environment& environment, const Selection& selection);

// The original bytes, one file after the other.
Result<int> cat(const Environment& environment, const Selection& selection);

// Reads every byte; exit status 1 when a file is damaged.
Result<int> verify(const Environment& environment, const Selection& selection, bool quiet);

struct PruneOptions {
  Selection selection;
  std::string older_than;  // an age or a time
  std::string max_size;    // oldest files are removed until the selected ones are no larger
  bool dry_run = false;
};
// Removes files that were stored by an archive, nothing else. At least one criterion is needed.
Result<int> prune(const Environment& environment, const PruneOptions& options);

struct StackOptions {         // which stacks count, and what is a frame
  std::string focus, ignore;  // regular expressions over names and files; found anywhere in them
  bool lines = false;         // frames are lines instead of functions
};

struct TopOptions {
  Selection selection;
  StackOptions stacks;
  bool cum = false;          // by total instead of self
  std::uint64_t limit = 20;  // rows per sample type; 0: all
  bool json = false;
};
Result<int> top(const Environment& environment, const TopOptions& options);

struct TreeOptions {
  Selection selection;
  StackOptions stacks;
  double min_percent = 1;       // of the total; smaller calls are summed up
  std::uint64_t max_depth = 0;  // 0: none
};
Result<int> tree(const Environment& environment, const TreeOptions& options);

// One gzipped pprof profile of many. `output`: a file; "" is standard output.
Result<int> merge(const Environment& environment, const Selection& selection, const std::string& output);

struct DiffOptions {
  // Each a path, or a path with a selector and a range of time: profiles{version="2"}@2h..1h
  std::string before, after;
  Selection common;  // where a side says nothing
  StackOptions stacks;
  bool normalize = false;
  bool cum = false;
  std::uint64_t limit = 20;
  bool json = false;
  std::string output;  // instead of a table: *.html, *.svg a flame graph, else a pprof profile
};
Result<int> diff(const Environment& environment, const DiffOptions& options);
// One side of a diff. Source: above.
Result<Selection> parse_side(const Environment& environment, std::string_view text, const Selection& common);

struct FlameOptions {
  Selection selection;
  StackOptions stacks;
  std::string title;   // "": where the profiles come from
  std::string output;  // *.svg: a picture; otherwise a page; "" is standard output
};
Result<int> flame(const Environment& environment, const FlameOptions& options);

struct ExportOptions {
  Selection selection;
  std::string format = "folded";  // or speedscope, pprof
  std::string output;             // "": standard output
  bool lines = false;
};
Result<int> export_profiles(const Environment& environment, const ExportOptions& options);

}  // namespace invar::archive_tool
