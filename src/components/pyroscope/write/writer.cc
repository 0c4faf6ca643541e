#include "components/pyroscope/write/writer.h"

#include <algorithm>
#include <utility>

#include "components/pyroscope/write/series_labels.h"

namespace invar::components::pyroscope_write {
namespace {

const std::vector<double>& latency_buckets() {
  static const std::vector<double> buckets = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};
  return buckets;
}

metrics::Histogram& latency(metrics::Scope& scope, const std::string& endpoint, const char* type) {
  return scope.histogram("pyroscope_write_latency",
                         "Write latency for sending profiles to Pyroscope endpoints.", latency_buckets(),
                         {{"endpoint", endpoint}, {"type", type}});
}

// The URL for labels, logs and the ledger: a password in it becomes xxxxx.
std::string shown(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t at = std::string_view(url).substr(0, url.find('/', begin)).rfind('@');
  const std::size_t colon = url.find(':', begin);
  if (at == std::string::npos || colon > at) return url;
  return url.substr(0, colon + 1) + "xxxxx" + url.substr(at);
}

double seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}

}  // namespace

// The exported receiver: it stays when settings change, and outlives the Writer harmlessly.
class Writer::Intake final : public pipeline::Receiver {
 public:
  Intake(Writer* writer, std::string id) : writer_(writer), id_(std::move(id)) {}
  pipeline::Answer accept(const pipeline::ProfilePtr& profile) override {
    if (!writer_) return {pipeline::Outcome::kRefused, "component stopped"};
    return writer_->accept(profile);
  }
  [[nodiscard]] std::string_view component_id() const override { return id_; }
  void close() { writer_ = nullptr; }

 private:
  Writer* writer_;
  std::string id_;
};

Writer::Writer(Environment environment)
    : env_(std::move(environment)),
      push_total_(latency(*env_.metrics, "-", "push_total")),
      ingest_total_(latency(*env_.metrics, "-", "ingest_total")),
      intake_(std::make_shared<Intake>(this, env_.component_id)),
      receiver_(intake_) {
  env_.metrics->on_collect([token = alive_.token(), this](std::vector<metrics::Sample>& out) {
    if (!token.expired()) collect(out);
  });
}

Writer::~Writer() {
  intake_->close();
}

EndpointSettings Writer::settings_of(const EndpointArguments& endpoint, const QueueArguments& queue) const {
  EndpointSettings settings;
  settings.url = endpoint.url;
  settings.shown_url = shown(endpoint.url);
  settings.name = endpoint.name;
  settings.remote_timeout = endpoint.remote_timeout;
  settings.headers.headers.assign(endpoint.headers.begin(), endpoint.headers.end());
  settings.headers.user_agent = env_.user_agent;
  settings.headers.instance_uid = env_.instance_uid;
  settings.backoff = {endpoint.min_backoff_period, endpoint.max_backoff_period, endpoint.max_backoff_retries};
  settings.retry_on_http_429 = endpoint.retry_on_http_429;
  settings.queue.max_memory_bytes = static_cast<std::uint64_t>(queue.max_memory_bytes);
  settings.queue.max_age = queue.max_age;
  settings.queue.flush_timeout = queue.flush_timeout;
  settings.queue.keep_when_exhausted = queue.on_retries_exhausted == "keep";
  return settings;
}

EndpointMetrics Writer::metrics_of(const std::string& shown_url) {
  metrics::Scope& scope = *env_.metrics;
  const metrics::LabelPairs labels = {{"endpoint", shown_url}};
  EndpointMetrics out{};
  out.sent_bytes = &scope.counter("pyroscope_write_sent_bytes_total",
                                  "Total number of compressed bytes sent to Pyroscope endpoints.", labels);
  out.dropped_bytes =
      &scope.counter("pyroscope_write_dropped_bytes_total",
                     "Total number of compressed bytes dropped by Pyroscope endpoints.", labels);
  out.sent_profiles = &scope.counter("pyroscope_write_sent_profiles_total",
                                     "Total number of profiles sent to Pyroscope endpoints.", labels);
  out.dropped_profiles = &scope.counter("pyroscope_write_dropped_profiles_total",
                                        "Total number of profiles dropped by Pyroscope endpoints.", labels);
  out.retries = &scope.counter("pyroscope_write_retries_total",
                               "Total number of retries to Pyroscope endpoints.", labels);
  out.push_endpoint = &latency(scope, shown_url, "push_endpoint");
  out.ingest_endpoint = &latency(scope, shown_url, "ingest_endpoint");
  out.push_downstream = &latency(scope, shown_url, "push_downstream");
  out.ingest_downstream = &latency(scope, shown_url, "ingest_downstream");
  out.failures = [&scope, shown_url](const std::string& code) -> metrics::Counter& {
    return scope.counter("pyroscope_write_failed_attempts_total",
                         "Attempts that did not deliver, by what came back.",
                         {{"endpoint", shown_url}, {"code", code}});
  };
  return out;
}

pipeline::Ledger& Writer::ledger_of(const std::string& shown_url) {
  auto& slot = ledgers_[shown_url];
  if (!slot) slot = std::make_unique<pipeline::Ledger>(*env_.metrics, shown_url, env_.logger);
  return *slot;
}

pipeline::LedgerRow Writer::ledger(const std::string& shown_url) const {
  const auto found = ledgers_.find(shown_url);
  return found == ledgers_.end() ? pipeline::LedgerRow{} : found->second->total();
}

Result<> Writer::configure(const Arguments& arguments) {
  // The n-th endpoint of a URL continues the n-th one of that URL before.
  std::vector<std::size_t> previous(arguments.endpoints.size(), endpoints_.size());
  std::vector<bool> continued(endpoints_.size(), false);
  std::vector<std::unique_ptr<http::Client>> clients(arguments.endpoints.size());
  for (std::size_t i = 0; i < arguments.endpoints.size(); ++i) {
    const EndpointArguments& endpoint = arguments.endpoints[i];
    for (std::size_t j = 0; j < endpoints_.size(); ++j) {
      if (continued[j] || endpoints_[j].arguments.url != endpoint.url) continue;
      previous[i] = j;
      continued[j] = true;
      break;
    }
    if (previous[i] < endpoints_.size() && endpoints_[previous[i]].arguments.client == endpoint.client &&
        endpoints_[previous[i]].arguments.name == endpoint.name)
      continue;
    INVAR_ASSIGN_OR_RETURN(clients[i], env_.http->make_client(endpoint.client, endpoint.name));
  }

  std::vector<Slot> next;
  for (std::size_t i = 0; i < arguments.endpoints.size(); ++i) {
    const EndpointArguments& endpoint = arguments.endpoints[i];
    EndpointSettings settings = settings_of(endpoint, arguments.queue);
    Slot slot{endpoint, nullptr};
    ledger_of(settings.shown_url);
    if (previous[i] < endpoints_.size()) {
      slot.endpoint = std::move(endpoints_[previous[i]].endpoint);
      slot.endpoint->update(std::move(settings), std::move(clients[i]));
    } else {
      EndpointMetrics counters = metrics_of(settings.shown_url);
      slot.endpoint =
          std::make_unique<Endpoint>(Endpoint::Environment{env_.loop, env_.logger, env_.random},
                                     std::move(settings), std::move(counters), std::move(clients[i]));
    }
    next.push_back(std::move(slot));
  }
  for (Slot& slot : endpoints_) {
    if (!slot.endpoint) continue;
    const bool at_once = slot.endpoint->settings().queue.flush_timeout <= Duration::zero();
    remove(std::move(slot.endpoint), at_once ? Duration::zero() : kRemovalDrain, "endpoint removed");
  }
  endpoints_ = std::move(next);
  arguments_ = arguments;
  return {};
}

void Writer::remove(std::unique_ptr<Endpoint> endpoint, Duration within, const std::string& reason) {
  Endpoint* const leaving = endpoint.get();
  leaving_.push_back(std::move(endpoint));
  leaving->drain(within, reason, alive_.bind([this, leaving] {
    std::erase_if(leaving_, [&](const auto& e) { return e.get() == leaving; });
    check_stopped();
  }));
}

std::shared_ptr<Push> Writer::begin(const pipeline::Profile& profile) {
  const bool ingest = profile.kind == pipeline::BodyKind::kIngest;
  // Ends when the last endpoint is done with it, which may be after the Writer.
  return std::make_shared<Push>([logger = env_.logger, loop = env_.loop, started = env_.loop->now(),
                                 size = std::uint64_t{profile.body->size()}, ingest, token = alive_.token(),
                                 total = ingest ? &ingest_total_ : &push_total_](Push& push) {
    const Duration took = loop->now() - started;
    if (!token.expired()) total->observe(seconds(took));
    if (!logger.enabled(log::Level::kDebug)) return;
    const char* message = ingest ? "AppendIngest" : "Push";
    if (push.error.empty()) {
      logger.debug(message, {{"sz", size}, {"n", 1}, {"dl", "none"}, {"st", took}});
    } else {
      logger.debug(message, {{"sz", size}, {"n", 1}, {"dl", "none"}, {"st", took}, {"err", push.error}});
    }
  });
}

pipeline::Answer Writer::accept(const pipeline::ProfilePtr& profile) {
  if (!profile->body || profile->body->empty()) return {};  // nothing to send
  const bool ingest = profile->kind == pipeline::BodyKind::kIngest;
  const auto labels = ingest ? ingest_labels(profile->labels, arguments_.external_labels)
                             : push_labels(profile->labels, arguments_.external_labels);
  if (!labels) {
    for (const Slot& slot : endpoints_)
      ledger_of(slot.endpoint->settings().shown_url).take(profile->type()).refused("invalid labels");
    return {pipeline::Outcome::kRefused, labels.error().message};
  }
  if (endpoints_.empty()) return {};
  const auto outgoing = std::make_shared<const Outgoing>(ingest ? make_ingest(*profile, *labels)
                                                                : make_push(*profile, *labels));
  const std::shared_ptr<Push> push = begin(*profile);
  for (const Slot& slot : endpoints_)
    slot.endpoint->offer(outgoing, ledger_of(slot.endpoint->settings().shown_url).take(outgoing->type), push);
  return {};
}

void Writer::stop(async::Task done) {
  intake_->close();
  on_stopped_ = std::move(done);
  stopping_ = true;
  const Duration within = arguments_.queue.flush_timeout;
  for (auto& endpoint : std::exchange(leaving_, {})) remove(std::move(endpoint), within, "endpoint removed");
  for (Slot& slot : std::exchange(endpoints_, {})) remove(std::move(slot.endpoint), within, "stopped");
  check_stopped();
}

void Writer::check_stopped() {
  if (stopping_ && leaving_.empty() && on_stopped_) env_.loop->post(std::exchange(on_stopped_, {}));
}

void Writer::collect(std::vector<metrics::Sample>& out) const {
  struct Sum {
    std::uint64_t bytes = 0, profiles = 0, in_flight = 0, limit = 0;
    Duration oldest{0};
  };
  std::map<std::string, Sum> sums;  // endpoints with one URL are one series
  const auto add = [&](const Endpoint& endpoint) {
    const EndpointView view = endpoint.view();
    Sum& sum = sums[endpoint.settings().shown_url];
    sum.bytes += view.queued_bytes;
    sum.profiles += view.queued_profiles;
    sum.in_flight += view.in_flight;
    sum.limit += view.in_flight_limit;
    sum.oldest = std::max(sum.oldest, view.oldest_age);
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
    gauge("pyroscope_write_queue_profiles", "Profiles that wait or are being sent.", labels,
          static_cast<double>(sum.profiles));
    gauge("pyroscope_write_queue_oldest_age_seconds", "How long the oldest of them has waited.", labels,
          seconds(sum.oldest));
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

syntax::BodyValue Writer::debug_info() const {
  syntax::BodyValue info;
  const auto describe = [&](const Endpoint& endpoint, bool leaving) {
    const EndpointView view = endpoint.view();
    const pipeline::LedgerRow row = ledger(endpoint.settings().shown_url);
    syntax::BodyValue body;
    body.attribute("url", endpoint.settings().shown_url);
    if (!endpoint.settings().name.empty()) body.attribute("name", endpoint.settings().name);
    body.attribute("state",
                   leaving ? std::string_view("removed: sending what is left") : to_string(view.state));
    body.attribute("sent", row.sent);
    body.attribute("queued", view.queued_profiles);
    body.attribute("queued_bytes", view.queued_bytes);
    body.attribute("in_flight", view.in_flight);
    body.attribute("in_flight_limit", view.in_flight_limit);
    body.attribute("refused", row.refused);
    body.attribute("expired", row.expired);
    body.attribute("dropped", row.dropped);
    body.attribute("oldest_age",
                   format_duration(std::chrono::duration_cast<std::chrono::milliseconds>(view.oldest_age)));
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
