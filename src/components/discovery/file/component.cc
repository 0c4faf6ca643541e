#include "components/discovery/file/component.h"

#include "component/discovery.h"
#include "components/discovery/file/arguments.h"
#include "components/discovery/file/discovery.h"

namespace invar::components::discovery_file {
namespace {

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
  return component::discovery_registration<Arguments>(
      {.name = "discovery.file",
       .summary = "Reads targets from files and follows their changes.",
       .arguments = &arguments_schema,
       .documentation = kDocumentation,
       .example = kExample},
      &make_discoverer);
}

}  // namespace invar::components::discovery_file
