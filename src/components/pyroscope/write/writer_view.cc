// What a Writer shows: gauges, and the tables of the status page.
#include <algorithm>
#include <functional>

#include "component/queue_ages.h"
#include "components/pyroscope/write/writer.h"
#include "delivery/endpoint_metrics.h"

namespace invar::components::pyroscope_write {

void Writer::collect(std::vector<metrics::Sample>& out) const {
  struct Sum {
    std::uint64_t bytes = 0, disk = 0, profiles = 0, in_flight = 0, limit = 0;
    Duration oldest{0};
    Duration max_age{0};  // the shortest; 0: profiles are sent at any age
  };
  std::map<std::string, Sum> sums;  // endpoints with one URL are one series
  const auto add = [&](const delivery::Endpoint& endpoint) {
    const delivery::EndpointView view = endpoint.view();
    Sum& sum = sums[endpoint.settings().shown_url];
    sum.bytes += view.memory_bytes;
    sum.disk += view.disk_bytes;
    sum.profiles += view.queued_profiles;
    sum.in_flight += view.in_flight;
    sum.limit += view.in_flight_limit;
    sum.oldest = std::max(sum.oldest, view.oldest_age);
    const Duration max_age = endpoint.settings().queue.max_age;
    if (sum.max_age == Duration::zero() || (max_age > Duration::zero() && max_age < sum.max_age))
      sum.max_age = max_age;
  };
  for (const Slot& slot : endpoints_) add(*slot.endpoint);
  for (const auto& endpoint : leaving_) add(*endpoint);
  const auto gauge = [&](const char* name, const char* help, const metrics::LabelPairs& labels,
                         double value) {
    out.push_back({name, help, metrics::SampleKind::kGauge, labels, value});
  };
  for (const auto& [url, sum] : sums) {
    const metrics::LabelPairs labels = {{"endpoint", url}};
    gauge("pyroscope_write_queue_bytes", "Memory taken by profiles that wait or are being sent.", labels,
          static_cast<double>(sum.bytes));
    gauge("pyroscope_write_queue_disk_bytes", "Disk space taken by profiles that wait.", labels,
          static_cast<double>(sum.disk));
    gauge("pyroscope_write_queue_profiles", "Profiles that wait or are being sent.", labels,
          static_cast<double>(sum.profiles));
    gauge("pyroscope_write_queue_oldest_age_seconds", "How long the oldest of them has waited.", labels,
          delivery::seconds(sum.oldest));
    if (sum.max_age > Duration::zero())
      gauge("pyroscope_write_queue_max_age_seconds", "Profiles older than this are not sent any more.",
            labels, delivery::seconds(sum.max_age));
    gauge("pyroscope_write_in_flight", "Pushes that wait for an answer.", labels,
          static_cast<double>(sum.in_flight));
    gauge("pyroscope_write_in_flight_limit", "How many pushes may wait for an answer at present.", labels,
          static_cast<double>(sum.limit));
  }
  std::map<std::pair<std::string, std::string>, bool> named;
  for (const Slot& slot : endpoints_)
    if (!slot.arguments.name.empty())
      named[{slot.endpoint->settings().shown_url, slot.arguments.name}] = true;
  for (const auto& [key, unused] : named)
    gauge("pyroscope_write_endpoint_info", "The name of an endpoint.",
          {{"endpoint", key.first}, {"name", key.second}}, 1);
}

std::uint64_t Writer::memory_bytes() const {
  std::uint64_t sum = packer_.waiting_bytes();
  for (const Slot& slot : endpoints_) sum += slot.endpoint->view().memory_bytes;
  for (const auto& endpoint : leaving_) sum += endpoint->view().memory_bytes;
  return sum;
}

std::vector<component::Problem> Writer::problems() const {
  std::vector<component::Problem> out;
  const auto look = [&](const delivery::Endpoint& endpoint) {
    const delivery::EndpointView view = endpoint.view();
    const std::string& url = endpoint.settings().shown_url;
    if (!view.last_error.empty())
      out.push_back({component::Severity::kDegraded, url, view.last_error, view.last_error_unix_ns});
    if (!view.disk_error.empty())
      out.push_back({component::Severity::kDegraded, url, "profiles wait in memory only: " + view.disk_error,
                     view.disk_error_since_unix_ns});
  };
  for (const Slot& slot : endpoints_) look(*slot.endpoint);
  for (const auto& endpoint : leaving_) look(*endpoint);
  return out;
}

std::vector<component::OutletView> Writer::outlets() const {
  std::vector<component::OutletView> out;
  const auto show = [&](const delivery::Endpoint& endpoint, bool leaving) {
    const delivery::EndpointView view = endpoint.view();
    const auto& settings = endpoint.settings();
    component::OutletView outlet;
    outlet.url = settings.shown_url;
    outlet.name = settings.name;
    outlet.state = leaving ? "removed: sending what is left" : to_string(view.state);
    outlet.waits = view.state == delivery::EndpointState::kFailing ||
                   view.state == delivery::EndpointState::kRefusing || delivery::is_held(view.state);
    outlet.queued = view.queued_profiles;
    outlet.queued_bytes = view.memory_bytes;
    outlet.disk_bytes = view.disk_bytes;
    outlet.in_flight = view.in_flight;
    outlet.in_flight_limit = view.in_flight_limit;
    if (view.queued_profiles + view.in_flight > 0) outlet.oldest = view.oldest_age;
    if (settings.queue.max_age > Duration::zero()) outlet.max_age = settings.queue.max_age;
    outlet.last_error = view.last_error;
    outlet.last_error_unix_ns = view.last_error_unix_ns;
    out.push_back(std::move(outlet));
  };
  for (const Slot& slot : endpoints_) show(*slot.endpoint, false);
  for (const auto& endpoint : leaving_) show(*endpoint, true);
  return out;
}

std::vector<std::uint64_t> Writer::queue_ages(std::string_view url) const {
  std::vector<std::uint64_t> out(component::kQueueAges.size() + 1);
  const auto add = [&](const delivery::Endpoint& endpoint) {
    if (endpoint.settings().shown_url != url) return;
    std::ranges::transform(endpoint.ages(component::kQueueAges), out, out.begin(), std::plus());
  };
  for (const Slot& slot : endpoints_) add(*slot.endpoint);
  for (const auto& endpoint : leaving_) add(*endpoint);
  return out;
}

const LastDurations* Writer::answer_times(std::string_view url) const {
  const auto found = std::ranges::find(endpoints_, url, [](const Slot& slot) -> const std::string& {
    return slot.endpoint->settings().shown_url;
  });
  return found == endpoints_.end() ? nullptr : &found->endpoint->answer_times();
}

syntax::BodyValue Writer::debug_info() const {
  syntax::BodyValue info;
  const auto describe = [&](const delivery::Endpoint& endpoint, bool leaving) {
    const delivery::EndpointView view = endpoint.view();
    const pipeline::LedgerRow row = ledger(endpoint.settings().shown_url);
    syntax::BodyValue body;
    body.attribute("url", endpoint.settings().shown_url);
    if (!endpoint.settings().name.empty()) body.attribute("name", endpoint.settings().name);
    body.attribute("state",
                   leaving ? std::string_view("removed: sending what is left") : to_string(view.state));
    body.attribute("sent", row.sent);
    body.attribute("queued", view.queued_profiles);
    body.attribute("memory_bytes", view.memory_bytes);
    body.attribute("disk_bytes", view.disk_bytes);
    body.attribute("in_flight", view.in_flight);
    body.attribute("in_flight_limit", view.in_flight_limit);
    body.attribute("refused", row.refused);
    body.attribute("expired", row.expired);
    body.attribute("dropped", row.dropped);
    body.attribute("oldest_age",
                   format_duration(std::chrono::duration_cast<std::chrono::milliseconds>(view.oldest_age)));
    if (!view.disk_error.empty()) {
      body.attribute("disk_error", "profiles wait in memory only: " + view.disk_error);
    }
    if (!view.last_error.empty()) {
      body.attribute("last_error", view.last_error);
      body.attribute("last_error_time", format_rfc3339(view.last_error_unix_ns));
    }
    info.block("endpoint", "", std::move(body));
  };
  for (const Slot& slot : endpoints_) describe(*slot.endpoint, false);
  for (const auto& endpoint : leaving_) describe(*endpoint, true);
  return info;
}

}  // namespace invar::components::pyroscope_write
