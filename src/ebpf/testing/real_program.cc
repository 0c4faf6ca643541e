#include "ebpf/testing/real_program.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "base/proc_file.h"
#include "base/strings.h"

extern char** environ;

namespace invar::ebpf::testing {
namespace {

pid_t start(const std::vector<std::string>& command) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  const int status = posix_spawnp(&pid, words[0], &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return status == 0 ? pid : -1;
}

void remove_all(const std::string& path) {
  if (DIR* folder = opendir(path.c_str())) {
    while (const dirent* entry = readdir(folder)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") remove_all(path + "/" + entry->d_name);
    }
    closedir(folder);
    rmdir(path.c_str());
    return;
  }
  unlink(path.c_str());
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  char path[] = "/tmp/invar-ebpf-XXXXXX";
  path_ = mkdtemp(path);
}

TemporaryFolder::~TemporaryFolder() {
  remove_all(path_);
}

void write_file(const std::string& path, const std::string& text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  EXPECT_EQ(write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  close(fd);
}

int run(const std::vector<std::string>& command) {
  const pid_t pid = start(command);
  int status = -1;
  if (pid < 0 || waitpid(pid, &status, 0) != pid) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string compile(const TemporaryFolder& folder, const std::string& name, const std::string& source,
                    const std::vector<std::string>& flags, const std::string& compiler) {
  const std::string text = folder / (name + (compiler.ends_with("++") ? ".cc" : ".c")),
                    program = folder / name;
  write_file(text, source);
  std::vector<std::string> command{compiler, text, "-o", program};
  command.insert(command.end(), flags.begin(), flags.end());
  EXPECT_EQ(run(command), 0) << "the compiler refuses " << name;
  return program;
}

RealProgram::RealProgram(const std::vector<std::string>& command) : pid_(start(command)) {
  EXPECT_GT(pid_, 0) << "cannot start " << command.front();
}

RealProgram::~RealProgram() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void RealProgram::pause() const {
  siginfo_t info{};
  kill(pid_, SIGSTOP);
  waitid(P_PID, static_cast<id_t>(pid_), &info, WSTOPPED | WEXITED | WNOWAIT);
}

void RealProgram::resume() const {
  kill(pid_, SIGCONT);
}

bool RealProgram::has_ended() const {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
         info.si_pid == pid_;
}

std::vector<pid_t> RealProgram::threads() const {
  std::vector<pid_t> out;
  DIR* folder = opendir(fmt::format("/proc/{}/task", pid_).c_str());
  if (folder == nullptr) return out;
  while (const dirent* entry = readdir(folder))
    if (const auto thread = parse_uint(entry->d_name)) out.push_back(static_cast<pid_t>(*thread));
  closedir(folder);
  return out;
}

double RealProgram::cpu_seconds() const {
  double sum = 0;
  for (const pid_t thread : threads()) {
    const std::string text = read_proc_file(fmt::format("/proc/{}/task/{}/schedstat", pid_, thread));
    sum += static_cast<double>(parse_uint(split(text, ' ').front()).value_or(0)) / 1e9;
  }
  return sum;
}

}  // namespace invar::ebpf::testing
