#include "async/signals.h"

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/unique_fd.h"

namespace invar::async {
namespace {

sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signo : signals) ::sigaddset(&set, signo);
  return set;
}

class SignalFd final : public SignalWatcher {
 public:
  SignalFd(Loop& loop, std::function<void(int)> on_signal) : loop_(loop), on_signal_(std::move(on_signal)) {
    const sigset_t watched = set_of({SIGINT, SIGTERM, SIGHUP});
    INVAR_CHECK(::pthread_sigmask(SIG_BLOCK, &watched, &previous_mask_) == 0, "cannot block signals");
    fd_.reset(::signalfd(-1, &watched, SFD_NONBLOCK | SFD_CLOEXEC));
    INVAR_CHECK(fd_.valid(), "cannot open a signal descriptor");
    watch_ = loop_.watch_readable(fd_.get(), [this] { read_signals(); });
  }

  ~SignalFd() override {
    loop_.unwatch(watch_);
    ::pthread_sigmask(SIG_SETMASK, &previous_mask_, nullptr);
  }

 private:
  void read_signals() {
    signalfd_siginfo info{};
    while (::read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
      const int signo = static_cast<int>(info.ssi_signo);
      if (signo != SIGHUP) restore_default_action();
      const std::weak_ptr<bool> alive = alive_;
      on_signal_(signo);
      if (alive.expired()) return;  // the handler destroyed us
    }
  }

  // The next SIGINT or SIGTERM ends the process even when the loop no longer turns.
  static void restore_default_action() {
    ::signal(SIGINT, SIG_DFL);
    ::signal(SIGTERM, SIG_DFL);
    const sigset_t deadly = set_of({SIGINT, SIGTERM});
    ::pthread_sigmask(SIG_UNBLOCK, &deadly, nullptr);
  }

  Loop& loop_;
  std::function<void(int)> on_signal_;
  sigset_t previous_mask_{};
  UniqueFd fd_;
  Loop::WatchId watch_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::unique_ptr<SignalWatcher> watch_signals(Loop& loop, std::function<void(int signo)> on_signal) {
  return std::make_unique<SignalFd>(loop, std::move(on_signal));
}

}  // namespace invar::async
