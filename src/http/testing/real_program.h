// RealProgram: nginx, squid and the like, started by a test and gone with it.
// The output goes to a file that is shown when the program does not come up. Ports come from the kernel.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace invar::http::testing {

// A port that was free a moment ago.
std::uint16_t free_port();

class RealProgram {
 public:
  // Starts `arguments` (the first is the program) and waits until `port` accepts connections; aborts the test otherwise.
  RealProgram(std::vector<std::string> arguments, std::uint16_t port, std::string output_file);
  ~RealProgram();
  RealProgram(const RealProgram&) = delete;
  RealProgram& operator=(const RealProgram&) = delete;

 private:
  pid_t child_ = -1;
};

}  // namespace invar::http::testing
