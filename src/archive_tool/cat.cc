#include "archive_tool/commands.h"

namespace invar::archive_tool {

Result<int> cat(const Environment& environment, const Selection& selection) {
  INVAR_ASSIGN_OR_RETURN(const Source source, Source::open(environment, selection));
  bool printed_all = true;
  INVAR_ASSIGN_OR_RETURN(const bool all_good, source.for_each([&](const Item& item) -> Result<bool> {
    if (const auto body = source.body(item)) {
      environment.print(*body);
    } else {
      environment.warn(body.error().message);
      printed_all = false;
    }
    return true;
  }));
  return all_good && printed_all ? 0 : 1;
}

}  // namespace invar::archive_tool
