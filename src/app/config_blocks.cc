// The configuration blocks besides components: logging, tracing, http, livedebugging, remotecfg. `run` gives them effect; `validate`
// needs only schemas.
#include "app/config_blocks.h"

#include "app/commands.h"
#include "remotecfg/arguments.h"
#include "runtime/logging_block.h"
#include "runtime/tracing_block.h"
#include "services/http_block.h"
#include "services/livedebugging_block.h"

namespace invar::app {

std::vector<runtime::ConfigBlock> config_blocks(std::shared_ptr<log::Sink> sink, BlockEffects effects) {
  std::vector<runtime::ConfigBlock> blocks;
  blocks.push_back({.name = "livedebugging",
                    .schema = &services::livedebugging_schema(),
                    .is_service = true,
                    .apply = std::move(effects.livedebugging)});
  blocks.push_back(runtime::logging_block(std::move(sink)));
  blocks.push_back(runtime::tracing_block());
  blocks.push_back({.name = "http",
                    .schema = &services::http_schema(),
                    .is_service = true,
                    .apply = std::move(effects.http)});
  blocks.push_back({.name = "remotecfg",
                    .schema = &remotecfg::schema(),
                    .is_service = true,
                    .apply = std::move(effects.remotecfg)});
  return blocks;
}

std::vector<runtime::ConfigBlock> config_blocks() {
  const BlockEffect none = [](const syntax::Boxed&) { return Result<>{}; };
  return config_blocks(log::Sink::create(), {.http = none, .livedebugging = none, .remotecfg = none});
}

}  // namespace invar::app
