// The configuration blocks with their effects; app/commands.h has the version without any.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/log.h"
#include "runtime/controller.h"

namespace invar::app {

using BlockEffect = std::function<Result<>(const syntax::Boxed&)>;
struct BlockEffects {
  BlockEffect http, livedebugging, remotecfg;
};

std::vector<runtime::ConfigBlock> config_blocks(std::shared_ptr<log::Sink> sink, BlockEffects effects);

}  // namespace invar::app
