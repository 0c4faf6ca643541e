#include "async/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>

#include "base/unique_fd.h"

namespace invar::async {
namespace {

std::vector<std::string> full_environment(const std::vector<std::pair<std::string, std::string>>& ours) {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry; ++entry) {
    const std::string text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string::npos) variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  for (const auto& [name, value] : ours) variables[name] = value;
  std::vector<std::string> out;
  for (const auto& [name, value] : variables) out.push_back(name + "=" + value);
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

class ProcessImpl final : public Process {
 public:
  ProcessImpl(Loop& loop, Options options, Done done)
      : loop_(loop), options_(std::move(options)), done_(std::move(done)), timer_(loop) {
    if (const int error = spawn(); error != 0) {
      loop_.post(alive_.bind([this, error] {
        finish(std::unexpected(errno_error("cannot start " + options_.arguments[0], error)));
      }));
      return;
    }
    timer_.arm_after(options_.time_limit, [this] {
      finish(fail(ErrorCode::kTimeout, fmt::format("{} did not end within {}", options_.arguments[0],
                                                   format_duration(options_.time_limit))));
    });
  }
  ~ProcessImpl() override { end(); }

 private:
  struct Stream {
    UniqueFd fd;
    Loop::WatchId watch = 0;
    std::string text;
  };

  // 0, or an errno.
  int spawn() {
    std::array<std::array<UniqueFd, 2>, 2> pipes;
    for (auto& pipe : pipes) {
      int fds[2];
      if (pipe2(fds, O_CLOEXEC) != 0) return errno;
      pipe = {UniqueFd(fds[0]), UniqueFd(fds[1])};
      fcntl(fds[0], F_SETFL, O_NONBLOCK);
    }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, pipes[0][1].get(), 1);
    posix_spawn_file_actions_adddup2(&actions, pipes[1][1].get(), 2);
    if (!options_.working_directory.empty()) {
      posix_spawn_file_actions_addchdir_np(&actions, options_.working_directory.c_str());
    }
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigset_t defaults;
    sigemptyset(&none);
    sigfillset(&defaults);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    auto variables = full_environment(options_.environment);
    auto arguments = options_.arguments;
    const int error = posix_spawnp(&child_, arguments[0].c_str(), &actions, &attributes,
                                   pointers(arguments).data(), pointers(variables).data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) {
      child_ = -1;
      return error;
    }
    ended_.reset(static_cast<int>(syscall(SYS_pidfd_open, child_, 0)));
    watch_end_ = loop_.watch_readable(ended_.get(), [this] { on_end(); });
    follow(out_, std::move(pipes[0][0]));
    follow(err_, std::move(pipes[1][0]));
    return 0;
  }

  void follow(Stream& stream, UniqueFd fd) {
    stream.fd = std::move(fd);
    stream.watch = loop_.watch_readable(stream.fd.get(), [this, &stream] { drain(stream); });
  }

  // Reads what is there; false when the limit ended it all.
  bool drain(Stream& stream) {
    std::array<char, 16384> buffer;
    while (stream.fd.valid()) {
      const ssize_t n = ::read(stream.fd.get(), buffer.data(), buffer.size());
      if (n < 0 && (errno == EAGAIN || errno == EINTR)) return true;
      if (n <= 0) {
        loop_.unwatch(std::exchange(stream.watch, 0));
        stream.fd.reset();
        return true;
      }
      stream.text.append(buffer.data(), static_cast<std::size_t>(n));
      if (stream.text.size() > options_.max_output_bytes) {
        finish(fail(
            ErrorCode::kResourceExhausted,
            fmt::format("{} printed more than {} bytes", options_.arguments[0], options_.max_output_bytes)));
        return false;
      }
    }
    return true;
  }

  // What it started itself may hold the pipes open; its own end is the end.
  void on_end() {
    if (!drain(out_) || !drain(err_)) return;
    int status = 0;
    if (waitpid(child_, &status, 0) == child_) child_ = -1;
    Output output{WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), std::move(out_.text),
                  std::move(err_.text)};
    finish(std::move(output));
  }

  void finish(Result<Output> result) {
    end();
    alive_.end();
    auto done = std::move(done_);
    done(std::move(result));  // may destroy this
  }

  void end() {
    timer_.cancel();
    for (Stream* stream : {&out_, &err_}) {
      if (stream->watch != 0) loop_.unwatch(std::exchange(stream->watch, 0));
    }
    if (watch_end_ != 0) loop_.unwatch(std::exchange(watch_end_, 0));
    if (child_ <= 0) return;
    kill(-child_, SIGKILL);
    waitpid(std::exchange(child_, -1), nullptr, 0);
  }

  Loop& loop_;
  const Options options_;
  Done done_;
  pid_t child_ = -1;
  UniqueFd ended_;
  Loop::WatchId watch_end_ = 0;
  Stream out_, err_;
  Timer timer_;
  Alive alive_;
};

}  // namespace

std::unique_ptr<Process> Process::run(Loop& loop, Options options, Done done) {
  return std::make_unique<ProcessImpl>(loop, std::move(options), std::move(done));
}

}  // namespace invar::async
