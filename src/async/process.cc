#include "async/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "async/spawn.h"

namespace invar::async {
namespace {

class ProcessImpl final : public Process {
 public:
  ProcessImpl(Loop& loop, Options options, Done done)
      : loop_(loop), options_(std::move(options)), done_(std::move(done)), timer_(loop) {
    if (const int error = start(); error != 0) {
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
  int start() {
    std::map<std::string, std::string> variables;
    for (const auto& [name, value] : options_.environment) variables[name] = value;
    auto child = spawn(options_.arguments, variables, options_.working_directory);
    if (!child) return child.error();
    child_ = child->pid;
    ended_.reset(static_cast<int>(syscall(SYS_pidfd_open, child_, 0)));
    watch_end_ = loop_.watch_readable(ended_.get(), [this] { on_end(); });
    follow(out_, std::move(child->out));
    follow(err_, std::move(child->err));
    return 0;
  }

  void follow(Stream& stream, UniqueFd fd) {
    stream.fd = std::move(fd);
    fcntl(stream.fd.get(), F_SETFL, O_NONBLOCK);
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
