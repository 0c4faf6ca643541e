// File name patterns: `*` (any run without `/`), `?` (one character), `[a-z]`, `[^a-z]`, `\x` (x itself). No `**`.
// expand_glob() lists what matches, sorted; a path without wildcards is listed when it exists. Unreadable directories match
// nothing. Threads: any; expand_glob blocks on the disk.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fs/filesystem.h"

namespace invar::fs {

bool valid_glob(std::string_view pattern);
bool has_wildcard(std::string_view pattern);
bool glob_match(std::string_view pattern, std::string_view name);  // one path element
std::vector<std::string> expand_glob(const std::string& pattern, FileSystem& files);

}  // namespace invar::fs
