#include "app/livedebugging_block.h"

#include <utility>

namespace invar::app {
namespace {

struct Arguments {
  bool enabled = false;
  bool operator==(const Arguments&) const = default;
};

const syntax::Schema& schema() {
  static const syntax::Schema schema =
      syntax::SchemaBuilder<Arguments>()
          .attribute("enabled", &Arguments::enabled, "Accepted for compatibility; it has no effect yet.")
          .build();
  return schema;
}

}  // namespace

runtime::ConfigBlock livedebugging_block(log::Logger logger) {
  return {.name = "livedebugging",
          .schema = &schema(),
          .is_service = true,
          .apply = [logger = std::move(logger)](const syntax::Boxed& arguments) -> Result<> {
            if (arguments.as<Arguments>().enabled)
              logger.warn("live debugging has no effect yet", {{"service", "livedebugging"}});
            return {};
          }};
}

}  // namespace invar::app
