#include "async/run_process.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>

#include "async/spawn.h"
#include "base/strings.h"

namespace invar::async {
namespace {

constexpr std::size_t kMostOutput = std::size_t{1} << 20;

// Reads both to their ends; false when the time was over first.
bool read_both(int out_fd, int err_fd, std::string& out, std::string& err,
               std::chrono::steady_clock::time_point deadline) {
  std::array<pollfd, 2> fds{pollfd{out_fd, POLLIN, 0}, pollfd{err_fd, POLLIN, 0}};
  std::array<std::string*, 2> texts{&out, &err};
  std::array<char, 16384> buffer{};
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    if (poll(fds.data(), fds.size(), static_cast<int>(left.count())) < 0 && errno != EINTR) return false;
    for (std::size_t i = 0; i < fds.size(); ++i) {
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      const ssize_t count = read(fds[i].fd, buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) {
        fds[i].fd = -1;
        continue;
      }
      if (texts[i]->size() < kMostOutput) texts[i]->append(buffer.data(), static_cast<std::size_t>(count));
    }
  }
  return true;
}

// The line that says what went wrong, without the advice around it.
std::string first_words(const std::string& text, const std::string& program) {
  std::string first;
  for (const std::string_view line : split(text, '\n')) {
    if (line.starts_with("fatal: ") || line.starts_with("error: ")) return std::string(line.substr(7));
    if (first.empty()) first = trim_space(line);
  }
  return first.empty() ? program + " failed" : first;
}

}  // namespace

Result<std::string> run_process(const std::string& program, const std::vector<std::string>& arguments,
                                const std::map<std::string, std::string>& environment, Duration time_limit) {
  std::vector<std::string> words{program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  auto child = spawn(std::move(words), environment, "");
  if (!child) return std::unexpected(errno_error("cannot run " + program, child.error()));

  std::string output, errors;
  const auto deadline = std::chrono::steady_clock::now() +
                        std::chrono::duration_cast<std::chrono::steady_clock::duration>(time_limit);
  const bool in_time = read_both(child->out.get(), child->err.get(), output, errors, deadline);
  if (!in_time) kill(-child->pid, SIGKILL);
  int status = 0;
  while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time) return fail(ErrorCode::kTimeout, program + " took too long");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return fail(ErrorCode::kUnavailable, first_words(errors, program));
  return output;
}

}  // namespace invar::async
