#include "components/local/file_match/arguments.h"

namespace invar::components::local_file_match {
namespace {

Result<> check(const Arguments& arguments) {
  if (arguments.sync_period <= Duration::zero())
    return fail(ErrorCode::kInvalidArgument, "sync_period must be greater than 0");
  if (arguments.ignore_older_than < Duration::zero())
    return fail(ErrorCode::kInvalidArgument, "ignore_older_than must not be negative");
  return {};
}

}  // namespace

const syntax::Schema& arguments_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Arguments>()
          .attribute("path_targets", &Arguments::path_targets,
                     "Targets whose label `__path__` is a pattern; those of their files that match "
                     "`__path_exclude__` are left out.")
          .required()
          .attribute("ignore_older_than", &Arguments::ignore_older_than,
                     "Files that were changed longer ago are left out; 0 takes all.")
          .attribute("sync_period", &Arguments::sync_period, "How often the files are looked for.")
          .check(check)
          .build();
  return schema;
}

}  // namespace invar::components::local_file_match
