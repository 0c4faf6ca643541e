#include "components/pyroscope/fsdump/arguments.h"

#include "base/strings.h"
#include "component/label_names_rule.h"
#include "component/relabel_schema.h"

namespace invar::components::pyroscope_fsdump {
namespace {

Result<> check_arguments(const Arguments& arguments) {
  if (arguments.target_directory.empty())
    return fail(ErrorCode::kInvalidArgument, "target_directory is required");
  if (arguments.max_size_bytes <= 0)
    return fail(ErrorCode::kInvalidArgument, "max_size_bytes must be greater than 0");
  if (arguments.max_age < Duration::zero())
    return fail(ErrorCode::kInvalidArgument, "max_age must not be negative");
  INVAR_TRY(parse_file_mode(arguments.file_mode));
  return {};
}

}  // namespace

Result<unsigned> parse_file_mode(std::string_view text) {
  const auto mode = parse_uint(text, 8);
  if (!mode || text.size() < 3 || text.size() > 4 || *mode > 0777 || (*mode & 0600) != 0600)
    return fail(ErrorCode::kInvalidArgument,
                "file_mode must be three octal digits, with an optional 0 in front, that let the owner read "
                "and write, such "
                "as \"0640\"");
  return static_cast<unsigned>(*mode);
}

archive::Limits limits_of(const Arguments& arguments) {
  archive::Limits limits;
  limits.max_bytes = static_cast<std::uint64_t>(arguments.max_size_bytes);
  limits.max_age = arguments.max_age;
  limits.sync = arguments.sync;
  limits.file_mode = parse_file_mode(arguments.file_mode).value_or(0640);
  return limits;
}

const syntax::Schema& arguments_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Arguments>()
          .attribute("target_directory", &Arguments::target_directory,
                     "Directory where profile files should be written.")
          .required()
          .attribute("max_size_bytes", &Arguments::max_size_bytes,
                     "Maximum total size of all profile files in the target directory in bytes. It is never "
                     "exceeded: the oldest "
                     "files are removed before a new one is written.")
          .attribute("external_labels", &Arguments::external_labels,
                     "Labels to add to all profiles before writing to files.")
          .valid([](const Arguments& arguments) {
            return component::check_label_names(arguments.external_labels);
          })
          .attribute("max_age", &Arguments::max_age,
                     "Remove files older than this; `\"0s\"` keeps them until the size limit does.")
          .invar_only()
          .attribute("sync", &Arguments::sync,
                     "Wait until each file is safe from a power cut before it counts as written.")
          .invar_only()
          .attribute("file_mode", &Arguments::file_mode,
                     "Permissions of the files in octal digits; the process's umask is taken away from them.")
          .invar_only()
          .block("rule", &Arguments::rules, component::profile_rule_schema(),
                 "Relabeling rules to apply to profiles.")
          .check(&check_arguments)
          .build();
  return schema;
}

}  // namespace invar::components::pyroscope_fsdump
