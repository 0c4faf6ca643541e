#include "archive_tool/commands.h"
#include "archive_tool/load.h"
#include "archive_tool/stacks.h"
#include "codec/gzip.h"

namespace invar::archive_tool {

Result<int> merge(const Environment& environment, const Selection& selection, const std::string& output) {
  INVAR_ASSIGN_OR_RETURN(const Loaded loaded, load(environment, selection));
  std::string bytes;
  codec::Deflater().gzip(loaded.profile.serialize(), bytes);
  INVAR_TRY(write_output(environment, output, bytes, false));
  return loaded.all_good ? 0 : 1;
}

}  // namespace invar::archive_tool
