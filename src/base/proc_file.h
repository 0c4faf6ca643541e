// read_proc_file(): a whole file of /proc.
#pragma once

#include <string>

namespace invar {

// "" for whatever cannot be read, at any time: the file of a thread that ends after it was opened answers
// ESRCH to the read. No exceptions (the file streams of the standard library throw there).
std::string read_proc_file(const std::string& path);

}  // namespace invar
