#include "components/discovery/process/arguments.h"

namespace invar::components::discovery_process {
namespace {

const syntax::Schema& wanted_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Wanted>()
          .attribute("exe", &Wanted::exe, "Adds `__meta_process_exe`, the path of the program.")
          .attribute("cwd", &Wanted::cwd, "Adds `__meta_process_cwd`, the working directory.")
          .attribute("commandline", &Wanted::commandline,
                     "Adds `__meta_process_commandline`, the arguments with a space between each two.")
          .attribute("username", &Wanted::username, "Adds `__meta_process_username`.")
          .attribute("uid", &Wanted::uid, "Adds `__meta_process_uid`, the real user id.")
          .attribute("container_id", &Wanted::container_id,
                     "Adds `__container_id__`, taken from the process's cgroup.")
          .attribute(
              "cgroup_path", &Wanted::cgroup_path,
              "Adds `__meta_process_cgroup_path`, the cgroups of the process with `|` between each two.")
          .build();
  return schema;
}

Result<> check(const Arguments& arguments) {
  if (arguments.refresh_interval <= Duration::zero())
    return fail(ErrorCode::kInvalidArgument, "refresh_interval must be greater than 0");
  return {};
}

}  // namespace

const syntax::Schema& arguments_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Arguments>()
          .attribute("join", &Arguments::join,
                     "Targets whose labels are added to the processes of the container that they name.")
          .attribute("refresh_interval", &Arguments::refresh_interval, "How often all processes are read.")
          .block("discover_config", &Arguments::discover_config, wanted_schema(),
                 "Which facts of a process become labels.")
          .check(check)
          .build();
  return schema;
}

}  // namespace invar::components::discovery_process
