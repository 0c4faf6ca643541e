#include "app/reloader.h"

#include <utility>

namespace invar::app {
namespace {

constexpr const char* kClosed = "Invar is shutting down";

}  // namespace

void Reloader::reload(log::Logger logger, Done done) {
  asked_.push_back({std::move(logger), std::move(done)});
  if (reading_.empty()) read();
}

void Reloader::read() {
  reading_ = std::exchange(asked_, {});
  env_.disk_pool->run(
      [files = env_.files, path = env_.config_path] {
        return read_config(*files, path, runtime::Reading::kAgain);
      },
      alive_.bind([this](const Result<ConfigFiles>& config) { take(config); }));
}

void Reloader::take(const Result<ConfigFiles>& config) {
  if (closed_) return answer();
  env_.apply(config, alive_.bind([this](Outcome outcome) {
    const UnixNanos since = last_.error.empty() ? env_.loop->unix_ns() : last_.since_unix_ns;
    last_ = std::move(outcome);
    if (!last_.error.empty()) last_.since_unix_ns = since;
    answer();
  }));
}

void Reloader::answer() {
  const std::string error = closed_ ? kClosed : last_.error;
  for (const auto& [logger, done] : std::exchange(reading_, {})) {
    if (error.empty()) {
      logger.info("config reloaded");
    } else {
      logger.error("failed to reload config", {{"err", error}});
    }
    done(error);
  }
  if (!asked_.empty()) read();
}

}  // namespace invar::app
