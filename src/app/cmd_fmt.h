// `invar fmt`: formats one configuration file (formatting.md 3). Only syntax is looked at; a file with an error is never
// touched, nor is one that is formatted already.
// Exit status: 0, or 1 with `Error: <message>` on `err`.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "fs/filesystem.h"

namespace invar::app {

struct FmtOptions {
  bool write = false;
  bool test = false;
  std::vector<std::string> files;  // positional arguments; none or "-" means standard input
};

struct FmtStreams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
};

int run_fmt(const FmtOptions& options, fs::FileSystem& files, FmtStreams streams);
int run_fmt(const FmtOptions& options);  // the real disk and standard streams

}  // namespace invar::app
