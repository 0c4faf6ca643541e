// Real programs to profile: compiled by the C compiler of the machine, started, and ended with the test.
// Errors: a compiler that fails is a failure of the test.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace invar::ebpf::testing {

// A folder that goes with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

void write_file(const std::string& path, const std::string& text);
// Runs a command to its end; its exit status.
int run(const std::vector<std::string>& command);
// "" when the compiler is missing or refuses. `compiler`: "cc", "c++".
std::string compile(const TemporaryFolder& folder, const std::string& name, const std::string& source,
                    const std::vector<std::string>& flags, const std::string& compiler = "cc");

class RealProgram {
 public:
  explicit RealProgram(const std::vector<std::string>& command);
  ~RealProgram();
  RealProgram(const RealProgram&) = delete;
  [[nodiscard]] pid_t pid() const { return pid_; }
  // On-CPU time by the scheduler's own count, over all threads.
  [[nodiscard]] double cpu_seconds() const;
  // Stands still from now on, every thread of it; then the scheduler's count is exact.
  void pause() const;
  void resume() const;
  [[nodiscard]] bool has_ended() const;
  [[nodiscard]] std::vector<pid_t> threads() const;

 private:
  pid_t pid_ = -1;
};

}  // namespace invar::ebpf::testing
