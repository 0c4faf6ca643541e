#include "components/local/file/component.h"

#include "components/local/file/arguments.h"
#include "components/local/file/file_follower.h"

namespace invar::components::local_file {
namespace {

using component::Boxed;

class FileComponent final : public component::Component {
 public:
  explicit FileComponent(component::Options options)
      : options_(std::move(options)),
        accessed_(options_.metrics->gauge("local_file_timestamp_last_accessed_unix_seconds",
                                          "The last successful access in unix seconds.")),
        follower_(*options_.loop, *options_.pool, options_.files, options_.logger,
                  [this](Result<std::string> content) { (void)take(std::move(content)); }) {}

  // Reads the file at once: what depends on its content is evaluated right after this.
  Result<> configure(const Arguments& arguments) {
    arguments_ = arguments;
    INVAR_TRY(take(options_.files->read_file(arguments_.filename, kMaxFileBytes)));
    if (started_) follower_.run(arguments_);
    return {};
  }

  void start() override {
    started_ = true;
    follower_.run(arguments_);
  }

  Result<> update(const Boxed& arguments) override {
    if (arguments.as<Arguments>() == arguments_ && health_.state == component::HealthState::kHealthy)
      return {};
    return configure(arguments.as<Arguments>());
  }

  void stop(async::Task done) override {
    started_ = false;
    follower_.stop();
    done();
  }

  std::optional<component::Health> health() const override { return health_; }

 private:
  Result<> take(Result<std::string> content) {
    const UnixNanos now = options_.loop->unix_ns();
    if (!content) {
      const Error error = content.error().wrapped("failed to read file");
      if (error.message != health_.message)
        options_.logger.error("failed to read file", {{"err", content.error()}});
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
  FileFollower follower_;
};

constexpr const char* kDocumentation =
    R"(The content is exported as it is, without trimming: a trailing newline stays. It is read when the
configuration is loaded, and a file that cannot be read then is an error of the configuration. Later the last content stays
exported while the file cannot be read; the component is unhealthy and says why.

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
      .arguments = &arguments_schema(),
      .exports = &exports_schema(),
      .build = [](component::Options options,
                  const Boxed& arguments) -> Result<std::unique_ptr<component::Component>> {
        auto made = std::make_unique<FileComponent>(std::move(options));
        INVAR_TRY(made->configure(arguments.as<Arguments>()));
        return made;
      },
      .documentation = kDocumentation,
      .example = kExample,
  };
}

}  // namespace invar::components::local_file
