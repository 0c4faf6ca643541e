#include "components/local/file_match/component.h"

#include "components/local/file_match/discovery.h"

namespace invar::components::local_file_match {
namespace {

constexpr const char* kDocumentation =
    R"(Each target in `path_targets` has a pattern in its label `__path__`. For every file that matches there is a target with the
file's absolute path in `__path__` and all other labels of the target that it came from. Files that match the pattern in
`__path_exclude__`, if there is one, are left out, and so are directories.

In a pattern `*` stands for any text inside of a name, `?` for one character, `[a-z]`, `[^a-z]` and `[!a-z]` for one of a class,
`{log,txt}` for either of several texts, and `**` as a part of its own for any number of directories, also none:
`/srv/**/*.json`. Links to directories are followed where the pattern names them, not below `**`. A pattern that is not absolute
begins in the working directory.

The files are looked for at the start and at every `sync_period`. A pattern with a mistake, and one that more than 100,000 files
match, is named in the component's problems; the others go on.
)";

constexpr const char* kExample = R"(local.file_match "inventories" {
  path_targets = [{
    "__path__"         = "/etc/profiling/**/*.json",
    "__path_exclude__" = "/etc/profiling/**/*.disabled.json",
    "team"             = "shop",
  }]
}

discovery.file "services" {
  files = ["/etc/profiling/services.json"]
}

pyroscope.scrape "services" {
  targets    = discovery.file.services.targets
  forward_to = []
}
)";

}  // namespace

component::Registration registration() {
  return component::discovery_registration<Arguments>(
      {.name = "local.file_match",
       .summary = "Exports a target for each file that matches a pattern.",
       .arguments = &arguments_schema,
       .documentation = kDocumentation,
       .example = kExample},
      &make_discoverer);
}

}  // namespace invar::components::local_file_match
