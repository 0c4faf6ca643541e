// Runs a program to its end, for what only a program can do.
// Threads: any; blocks until it has ended or its time is over: on a worker pool. In a test, too, it takes real time.
// Errors:  kNotFound: there is no such program; kTimeout; kUnavailable: it failed, with the line of its stderr that says why.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace invar::async {

// What it wrote to stdout, of which a megabyte is kept. `environment` is added to that of this process; stdin is empty. A program
// that takes too long is killed with all that it started.
Result<std::string> run_process(const std::string& program, const std::vector<std::string>& arguments,
                                const std::map<std::string, std::string>& environment, Duration time_limit);

}  // namespace invar::async
