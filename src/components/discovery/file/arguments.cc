#include "components/discovery/file/arguments.h"

#include "base/strings.h"
#include "components/discovery/file/target_file.h"
#include "fs/glob.h"

namespace invar::components::discovery_file {
namespace {

Result<> check(const Arguments& arguments) {
  if (arguments.refresh_interval <= Duration::zero()) {
    return fail(ErrorCode::kInvalidArgument, "refresh_interval must be greater than 0");
  }
  for (const std::string& pattern : arguments.files) INVAR_TRY(validate_pattern(pattern));
  return {};
}

}  // namespace

Result<> validate_pattern(const std::string& pattern) {
  const std::size_t star = pattern.find('*');
  const bool star_in_directory = star != std::string::npos && pattern.find('/', star) != std::string::npos;
  if (!file_format(pattern) || star_in_directory) {
    return fail(ErrorCode::kInvalidArgument,
                "path name " + quote(pattern) + " is not valid for file discovery");
  }
  if (!fs::valid_glob(pattern)) {
    return fail(ErrorCode::kInvalidArgument,
                "path name " + quote(pattern) + " has a syntax error in its pattern");
  }
  return {};
}

const syntax::Schema& arguments_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Arguments>()
          .attribute("files", &Arguments::files,
                     "Files to read targets from: paths or patterns with `*`, `?` and `[...]`, ending in "
                     "`.json`, `.yml` "
                     "or `.yaml`.")
          .required()
          .attribute("refresh_interval", &Arguments::refresh_interval,
                     "How often all files are read again, besides whenever one changes.")
          .check(check)
          .build();
  return schema;
}

}  // namespace invar::components::discovery_file
