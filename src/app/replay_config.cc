#include "app/replay_config.h"

#include "components/pyroscope/write/destination.h"
#include "syntax/evaluator.h"
#include "syntax/limits.h"
#include "syntax/parser.h"

namespace invar::app {

Result<std::vector<delivery::Destination>> read_destinations(fs::FileSystem& files, const std::string& path) {
  namespace write = components::pyroscope_write;
  INVAR_ASSIGN_OR_RETURN(std::string text, files.read_file(path, syntax::kMaxSourceBytes));
  syntax::Diagnostics diagnostics;
  write::Arguments arguments;
  const syntax::SourcePtr source = syntax::make_source(path, std::move(text));
  const syntax::ast::FilePtr file = syntax::parse_file(source, diagnostics);
  if (!file ||
      !syntax::decode_body(file->body, source, {}, write::arguments_schema(), &arguments, diagnostics)) {
    return fail(ErrorCode::kInvalidArgument, diagnostics.render(false));
  }
  return write::destinations_of(arguments);
}

}  // namespace invar::app
