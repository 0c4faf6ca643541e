#include "component/shortest_interval.h"

namespace invar::component {

Duration usable_interval(Duration wanted, const log::Logger& logger) {
  if (wanted <= Duration::zero() || wanted >= kShortestInterval) return wanted;
  logger.warn("the interval is too short; a longer one is used",
              {{"wanted", format_duration(wanted)}, {"used", format_duration(kShortestInterval)}});
  return kShortestInterval;
}

}  // namespace invar::component
