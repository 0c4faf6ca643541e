// The `livedebugging` block. Threads: any; pure. Source: cli-http-ui.md 6.5.
#pragma once

#include "syntax/schema.h"

namespace invar::services {

struct LiveDebuggingArguments {
  bool enabled = false;
  bool operator==(const LiveDebuggingArguments&) const = default;
};

const syntax::Schema& livedebugging_schema();

}  // namespace invar::services
