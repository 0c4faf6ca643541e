#include "components/pyroscope/write/destination.h"

namespace invar::components::pyroscope_write {

delivery::EndpointSettings settings_of(const EndpointArguments& endpoint, const QueueArguments& queue) {
  delivery::EndpointSettings settings;
  settings.url = endpoint.url;
  settings.shown_url = http::redact_url(endpoint.url);
  settings.name = endpoint.name;
  settings.remote_timeout = endpoint.remote_timeout;
  settings.headers.headers = endpoint.headers;
  settings.backoff = {endpoint.min_backoff_period, endpoint.max_backoff_period, endpoint.max_backoff_retries};
  settings.retry_on_http_429 = endpoint.retry_on_http_429;
  settings.max_profile_bytes = static_cast<std::uint64_t>(endpoint.max_profile_bytes);
  settings.queue.max_memory_bytes = static_cast<std::uint64_t>(queue.max_memory_bytes);
  settings.queue.max_disk_bytes = static_cast<std::uint64_t>(queue.max_disk_bytes);
  settings.queue.sync_always = queue.sync == "always";
  settings.queue.max_age = queue.max_age;
  settings.queue.flush_timeout = queue.flush_timeout;
  settings.queue.keep_when_exhausted = queue.on_retries_exhausted == "keep";
  return settings;
}

std::vector<delivery::Destination> destinations_of(const Arguments& arguments) {
  std::vector<delivery::Destination> out;
  for (const EndpointArguments& endpoint : arguments.endpoints)
    out.push_back({settings_of(endpoint, arguments.queue), endpoint.client, arguments.external_labels});
  return out;
}

}  // namespace invar::components::pyroscope_write
