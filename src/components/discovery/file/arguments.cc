#include "components/discovery/file/arguments.h"

#include "base/strings.h"
#include "component/choice_rule.h"
#include "components/discovery/file/target_file.h"
#include "fs/glob.h"

namespace invar::components::discovery_file {
namespace {

Result<> check(const Arguments& arguments) {
  if (arguments.refresh_interval <= Duration::zero()) {
    return fail(ErrorCode::kInvalidArgument, "refresh_interval must be greater than 0");
  }
  return {};
}

}  // namespace

Result<> validate_pattern(const std::string& pattern) {
  const std::size_t star = pattern.find('*');
  const bool star_in_directory = star != std::string::npos && pattern.find('/', star) != std::string::npos;
  if (!file_format(pattern) || star_in_directory) {
    return fail(ErrorCode::kInvalidArgument,
                "path name " + quote(pattern) + " is not valid for file discovery" +
                    (star_in_directory ? ": a * may stand in the name of the file alone"
                                       : ": it has to end in .json, .yml or .yaml"));
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
          .valid([](const Arguments& arguments) -> std::optional<syntax::DecodeError> {
            for (std::size_t i = 0; i < arguments.files.size(); ++i)
              if (auto mistake = component::mistake_in(validate_pattern(arguments.files[i])))
                return syntax::at_index(*std::move(mistake), i);
            return std::nullopt;
          })
          .attribute("refresh_interval", &Arguments::refresh_interval,
                     "How often all files are read again, besides whenever one changes.")
          .check(check)
          .build();
  return schema;
}

}  // namespace invar::components::discovery_file
