#include "cluster/settings.h"

#include <algorithm>
#include <cmath>

namespace invar::cluster {
namespace {

Duration times(double factor, Duration duration) {
  return Duration(static_cast<Duration::rep>(factor * static_cast<double>(duration.count())));
}

}  // namespace

Settings swift_settings() {
  Settings settings;
  settings.probe_interval = std::chrono::seconds(1);
  settings.probe_timeout = std::chrono::milliseconds(500);
  return settings;
}

unsigned expected_confirmations(const Settings& settings, std::size_t nodes) {
  const auto expected = static_cast<unsigned>(settings.suspicion_multiplier) - 2;
  return nodes < expected + 2 ? 0 : expected;
}

Duration suspicion_time(const Settings& settings, std::size_t nodes, unsigned confirmations) {
  const double scale = std::max(1.0, std::log10(std::max(1.0, static_cast<double>(nodes))));
  const Duration least = times(settings.suspicion_multiplier * scale, settings.probe_interval);
  const unsigned expected = expected_confirmations(settings, nodes);
  if (expected == 0) return least;
  const Duration most = times(settings.suspicion_max_multiplier, least);
  const double share = std::log(confirmations + 1.0) / std::log(expected + 1.0);
  return std::max(least, most - times(share, most - least));
}

Duration exchange_interval(const Settings& settings, std::size_t nodes) {
  constexpr std::size_t kFew = 32;
  if (nodes <= kFew) return settings.exchange_interval;
  return times(std::ceil(std::log2(static_cast<double>(nodes)) - std::log2(kFew)) + 1,
               settings.exchange_interval);
}

}  // namespace invar::cluster
