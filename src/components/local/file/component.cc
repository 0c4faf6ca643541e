#include "components/local/file/component.h"

#include "component/build.h"
#include "component/path_follower.h"
#include "components/local/file/arguments.h"

namespace invar::components::local_file {
namespace {

using component::Boxed;

constexpr std::uint64_t kMaxFileBytes = std::uint64_t{64} << 20;
// What is read at once when the configuration is loaded, so that what refers to the content finds it. More is read on the pool.
constexpr std::uint64_t kBriefBytes = std::uint64_t{256} << 10;

class FileComponent final : public component::Component {
 public:
  explicit FileComponent(component::Options options)
      : options_(std::move(options)),
        accessed_(options_.metrics->gauge("local_file_timestamp_last_accessed_unix_seconds",
                                          "The last successful access in unix seconds.")),
        follower_(*options_.loop, *options_.disk_pool, options_.logger) {}

  Result<> update(const Boxed& boxed) override {
    const auto& arguments = boxed.as<Arguments>();
    if (arguments == arguments_ && health_.state == component::HealthState::kHealthy) return {};
    arguments_ = arguments;
    const auto stat = options_.files->stat(arguments_.filename);
    if (!stat || stat->size_bytes <= kBriefBytes)
      INVAR_TRY(take(options_.files->read_file(arguments_.filename, kMaxFileBytes)));
    if (started_) follow();
    return {};
  }

  void start() override {
    started_ = true;
    follow();
  }

  void stop(async::Task done) override {
    started_ = false;
    follower_.stop();
    done();
  }

  [[nodiscard]] std::optional<component::Health> health() const override { return health_; }

 private:
  void follow() {
    component::PathFollower::Followed followed{
        .interval = arguments_.poll_frequency,
        .points = {},
        .look =
            [this, path = arguments_.filename, files = options_.files] {
              return [this, content = files->read_file(path, kMaxFileBytes)]() mutable {
                const std::string before = health_.message;
                const Error why = content ? Error() : content.error();
                if (!take(std::move(content)) && health_.message != before)
                  options_.logger.error("failed to read file", {{"err", why}});
              };
            },
        .watch_failed = {}};
    if (arguments_.detector == Detector::kFsnotify)
      followed.points = [path = arguments_.filename] { return fs::watch_points(path); };
    follower_.follow(std::move(followed));
  }

  Result<> take(Result<std::string> content) {
    const UnixNanos now = options_.loop->unix_ns();
    if (!content) {
      const Error error = content.error().wrapped("failed to read file");
      health_ = {component::HealthState::kUnhealthy, error.message, now};
      return std::unexpected(error);
    }
    health_ = {component::HealthState::kHealthy, "read file", now};
    const std::int64_t seconds = now / 1'000'000'000;
    accessed_.set(static_cast<double>(seconds));
    // The controller ignores exports that are equal to the last ones.
    options_.set_exports(
        Boxed::of(exports_schema(), Exports{{.text = std::move(*content), .secret = arguments_.is_secret}}));
    return {};
  }

  component::Options options_;
  metrics::Gauge& accessed_;
  Arguments arguments_;
  bool started_ = false;
  component::Health health_;
  component::PathFollower follower_;
};

constexpr const char* kDocumentation =
    R"(The content is exported as it is, without trimming: a trailing newline stays. It is read when the
configuration is loaded, and a file that cannot be read then is an error of the configuration. (A file of more than 256 KiB
is read beside the loading; its content follows.) At most 64 MiB are read. Later the last content stays exported while the file
cannot be read; the component is unhealthy and says why.

With `fsnotify` a change is noticed at once, also when the file, or a symbolic link on the way to it, is replaced (as
Kubernetes does it with mounted secrets).
)";

constexpr const char* kExample = R"(local.file "token" {
  filename  = "/var/run/secrets/push-token"
  is_secret = true
}

pyroscope.write "backend" {
  endpoint {
    url          = "http://127.0.0.1:4040"
    bearer_token = local.file.token.content
  }
}
)";

}  // namespace

component::Registration registration() {
  return {
      .name = "local.file",
      .summary = "Exports the content of a file and follows its changes.",
      .arguments = &arguments_schema,
      .exports = &exports_schema,
      .build = &component::build_by_update<FileComponent>,
      .documentation = kDocumentation,
      .example = kExample,
  };
}

}  // namespace invar::components::local_file
