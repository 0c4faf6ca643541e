#include "components/discovery/file/component.h"

#include "components/discovery/file/arguments.h"
#include "components/discovery/file/discovery.h"

namespace invar::components::discovery_file {
namespace {

using component::Boxed;

class FileComponent final : public component::Component {
 public:
  FileComponent(const component::Options& options, Arguments arguments)
      : arguments_(std::move(arguments)), discovery_(options) {}

  void start() override {
    started_ = true;
    discovery_.run(arguments_);
  }

  Result<> update(const Boxed& arguments) override {
    if (arguments.as<Arguments>() == arguments_) return {};
    arguments_ = arguments.as<Arguments>();
    if (started_) discovery_.run(arguments_);
    return {};
  }

  void stop(async::Task done) override {
    started_ = false;
    discovery_.stop();
    done();
  }

  std::optional<component::Health> health() const override { return discovery_.health(); }
  component::BodyValue debug_info() const override { return discovery_.debug_info(); }

 private:
  Arguments arguments_;
  bool started_ = false;
  FileDiscovery discovery_;
};

constexpr const char* kDocumentation = R"(Each file holds a list of target groups, as JSON or as YAML:

```json
[{"targets": ["10.0.0.1:8080", "10.0.0.2:8080"], "labels": {"env": "prod"}}]
```

```yaml
- targets: ["10.0.0.1:8080", "10.0.0.2:8080"]
  labels:
    env: prod
```

Each entry of `targets` becomes the label `__address__` of one target; `labels` are added to every target of the group. The
label `__meta_filepath` holds the path of the file. Paths are relative to the working directory. `*` may stand in the last
part of a path only, and there is no `**`.

Files are read again as soon as something in their directory changes. A file that cannot be read or parsed keeps the targets
it gave before, and the reason is in the log and in the component's health. A file that was deleted takes its targets with
it. Replace files by renaming, so that no half-written file is read.
)";

constexpr const char* kExample = R"(discovery.file "services" {
  files = ["targets/*.json", "targets/*.yml"]
}

pyroscope.scrape "services" {
  targets    = discovery.file.services.targets
  forward_to = []
}
)";

}  // namespace

component::Registration registration() {
  return {
      .name = "discovery.file",
      .summary = "Reads targets from files and follows their changes.",
      .arguments = &arguments_schema(),
      .exports = &component::target_exports_schema(),
      .build = [](const component::Options& options,
                  const Boxed& arguments) -> Result<std::unique_ptr<component::Component>> {
        return std::make_unique<FileComponent>(options, arguments.as<Arguments>());
      },
      .documentation = kDocumentation,
      .example = kExample,
  };
}

}  // namespace invar::components::discovery_file
