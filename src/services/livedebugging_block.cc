#include "services/livedebugging_block.h"

namespace invar::services {

const syntax::Schema& livedebugging_schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<LiveDebuggingArguments>()
          .attribute("enabled", &LiveDebuggingArguments::enabled,
                     "Whether `/api/v0/web/debug/ID` shows what passes through a component.")
          .build();
  return schema;
}

}  // namespace invar::services
