#include "components/pyroscope/write/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "delivery/endpoint_metrics.h"
#include "delivery/left_behind.h"
#include "delivery/series_labels.h"

namespace invar::components::pyroscope_write {
namespace {

// The URL for labels, logs and the ledger: a password in it becomes xxxxx.
std::string shown(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t at = std::string_view(url).substr(0, url.find('/', begin)).rfind('@');
  const std::size_t colon = url.find(':', begin);
  if (at == std::string::npos || colon > at) return url;
  return url.substr(0, colon + 1) + "xxxxx" + url.substr(at);
}

}  // namespace

Writer::Writer(Environment environment)
    : env_(std::move(environment)),
      push_total_(delivery::latency_metric(*env_.metrics, "-", "push_total")),
      ingest_total_(delivery::latency_metric(*env_.metrics, "-", "ingest_total")),
      intake_(std::make_shared<pipeline::Intake<Writer>>(this, env_.component_id)),
      receiver_(intake_) {
  env_.metrics->on_collect([token = alive_.token(), this](std::vector<metrics::Sample>& out) {
    if (!token.expired()) collect(out);
  });
}

Writer::~Writer() {
  intake_->close();
  for (auto& [id, incoming] : checking_)
    for (auto& [url, entry] : incoming.entries) entry.dropped("stopped");
}

delivery::EndpointSettings Writer::settings_of(const EndpointArguments& endpoint,
                                               const QueueArguments& queue) const {
  delivery::EndpointSettings settings;
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
  settings.queue.max_disk_bytes = static_cast<std::uint64_t>(queue.max_disk_bytes);
  settings.queue.sync_always = queue.sync == "always";
  settings.max_profile_bytes = static_cast<std::uint64_t>(endpoint.max_profile_bytes);
  settings.queue.max_age = queue.max_age;
  settings.queue.flush_timeout = queue.flush_timeout;
  settings.queue.keep_when_exhausted = queue.on_retries_exhausted == "keep";
  return settings;
}

pipeline::Ledger& Writer::ledger_of(const std::string& shown_url) {
  auto& slot = ledgers_[shown_url];
  if (!slot) slot = std::make_unique<pipeline::Ledger>(*env_.metrics, shown_url, env_.logger);
  return *slot;
}

std::vector<const pipeline::Ledger*> Writer::ledgers() const {
  std::vector<const pipeline::Ledger*> out;
  out.reserve(ledgers_.size());
  for (const auto& [url, ledger] : ledgers_) out.push_back(ledger.get());
  return out;
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
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < arguments.endpoints.size(); ++i) {
    const EndpointArguments& endpoint = arguments.endpoints[i];
    delivery::EndpointSettings settings = settings_of(endpoint, arguments.queue);
    const std::string directory = directory_of(endpoint.url, seen[endpoint.url]++);
    Slot slot{endpoint, nullptr};
    pipeline::Ledger& ledger = ledger_of(settings.shown_url);
    const auto leaving = std::ranges::find(leaving_, directory, [](const auto& e) { return e->directory(); });
    if (previous[i] < endpoints_.size()) {
      slot.endpoint = std::move(endpoints_[previous[i]].endpoint);
      slot.endpoint->update(std::move(settings), std::move(clients[i]));
    } else if (leaving != leaving_.end()) {
      slot.endpoint = std::move(*leaving);
      leaving_.erase(leaving);
      slot.endpoint->resume();
      slot.endpoint->update(std::move(settings), std::move(clients[i]));
    } else {
      delivery::EndpointMetrics counters = delivery::endpoint_metrics(*env_.metrics, settings.shown_url);
      slot.endpoint = std::make_unique<delivery::Endpoint>(
          delivery::Endpoint::Environment{env_.loop, env_.logger, env_.random, env_.disk_pool, env_.files,
                                          directory,
                                          [&ledger](std::string_view type) { return ledger.recover(type); }},
          std::move(settings), std::move(counters), std::move(clients[i]));
    }
    next.push_back(std::move(slot));
  }
  for (Slot& slot : endpoints_) {
    if (!slot.endpoint) continue;
    const bool at_once = slot.endpoint->settings().queue.flush_timeout <= Duration::zero();
    remove(std::move(slot.endpoint), at_once ? Duration::zero() : kRemovalDrain,
           delivery::Endpoint::Rest::kGiveUp, "endpoint removed");
  }
  endpoints_ = std::move(next);
  arguments_ = arguments;
  clear_unused_queues();
  return {};
}

std::string Writer::directory_of(const std::string& url, std::size_t n) const {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const char c : url) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
  return fmt::format("{}/queue/{:016x}-{}", env_.data_path, hash, n);
}

// Once, at the start: what endpoints that are configured no more have left on disk is counted as dropped.
void Writer::clear_unused_queues() {
  if (std::exchange(cleared_unused_, true) || !env_.disk_pool) return;
  std::set<std::string> in_use;
  for (const Slot& slot : endpoints_)
    in_use.insert(slot.endpoint->directory().substr(slot.endpoint->directory().rfind('/') + 1));
  env_.disk_pool->run(
      [files = env_.files, parent = env_.data_path + "/queue", in_use] {
        return delivery::empty_unused_queues(files, parent, in_use);
      },
      alive_.bind([this](const std::vector<delivery::LeftBehind>& left) {
        for (const delivery::LeftBehind& one : left)
          ledger_of(one.destination).recover(one.type).dropped("endpoint removed");
        if (!left.empty())
          env_.logger.warn(
              "profiles on disk belong to endpoints that are no longer configured, and were dropped",
              {{"profiles", std::uint64_t{left.size()}}});
      }));
}

void Writer::remove(std::unique_ptr<delivery::Endpoint> endpoint, Duration within,
                    delivery::Endpoint::Rest rest, const std::string& reason) {
  delivery::Endpoint* const leaving = endpoint.get();
  leaving_.push_back(std::move(endpoint));
  leaving->drain(within, rest, reason, alive_.bind([this, leaving] {
    std::erase_if(leaving_, [&](const auto& e) { return e.get() == leaving; });
    check_stopped();
  }));
}

std::shared_ptr<delivery::Push> Writer::begin(const pipeline::ProfilePtr& profile) {
  const bool ingest = profile->kind == pipeline::BodyKind::kIngest;
  // Ends when the last endpoint is done with it, which may be after the Writer.
  return std::make_shared<delivery::Push>(
      [logger = env_.logger, loop = env_.loop, started = env_.loop->now(),
       size = std::uint64_t{profile->body->size()}, ingest, token = alive_.token(),
       total = ingest ? &ingest_total_ : &push_total_, on_end = env_.on_end,
       profile = env_.on_end ? profile : nullptr](delivery::Push& push) {
        const Duration took = loop->now() - started;
        if (!token.expired()) total->observe(delivery::seconds(took));
        if (on_end) on_end(profile, push.error);
        if (!logger.enabled(log::Level::kDebug)) return;
        const char* message = ingest ? "AppendIngest" : "Push";
        if (push.error.empty()) {
          logger.debug(message, {{"sz", size}, {"n", 1}, {"dl", "none"}, {"st", took}});
        } else {
          logger.debug(message, {{"sz", size}, {"n", 1}, {"dl", "none"}, {"st", took}, {"err", push.error}});
        }
      });
}

pipeline::Answer Writer::take(const pipeline::ProfilePtr& profile, pipeline::Kept kept) {
  const auto answer = [&](pipeline::Answer with) {
    if (kept) kept(with);
    return with;
  };
  if (!profile->body || profile->body->empty()) return answer({});  // nothing to send
  const bool ingest = profile->kind == pipeline::BodyKind::kIngest;
  auto labels = ingest ? delivery::ingest_labels(profile->labels, arguments_.external_labels)
                       : delivery::push_labels(profile->labels, arguments_.external_labels);
  if (!labels) {
    for (const Slot& slot : endpoints_)
      ledger_of(slot.endpoint->settings().shown_url).take(profile->type()).refused("invalid labels");
    return answer({pipeline::Outcome::kRefused, labels.error().message, true});
  }
  if (endpoints_.empty()) return answer({});

  Incoming incoming{profile, std::move(*labels), {}, begin(profile), std::move(kept)};
  bool limited = false;
  for (const Slot& slot : endpoints_) {
    const delivery::EndpointSettings& settings = slot.endpoint->settings();
    incoming.entries.emplace_back(settings.shown_url, ledger_of(settings.shown_url).take(profile->type()));
    limited = limited || settings.max_profile_bytes > 0;
  }
  if (ingest || (profile->checked && !limited)) {
    hand_over(std::move(incoming), {.lacks_time = profile->lacks_time});
  } else {
    check(std::move(incoming));
  }
  return {};
}

void Writer::check(Incoming incoming) {
  const std::uint64_t bytes = incoming.profile->body->size();
  const auto room = static_cast<std::uint64_t>(arguments_.queue.max_memory_bytes);
  if (bytes + delivery::Delivery::kOverhead > room)
    return refuse(std::move(incoming), "too large",
                  fmt::format("{} bytes, and the queue has room for {}", bytes, room));
  if (checking_bytes_ + bytes > room) {
    for (auto& [url, entry] : incoming.entries) {
      count_unsent(incoming, url, "memory full", "too many profiles wait for their first look");
      entry.dropped("memory full");
    }
    if (incoming.kept) incoming.kept({pipeline::Outcome::kRefused, "memory full"});
    return;
  }
  checking_bytes_ += bytes;
  const std::uint64_t id = ++last_check_;
  env_.pool->run([body = incoming.profile->body] { return delivery::check_locally(*body); },
                 alive_.bind([this, id](const delivery::LocalCheck& result) { checked(id, result); }));
  checking_.emplace(id, std::move(incoming));
}

void Writer::checked(std::uint64_t id, const delivery::LocalCheck& result) {
  auto found = checking_.extract(id);
  if (found.empty()) return;  // stop() did not wait for it
  Incoming incoming = std::move(found.mapped());
  checking_bytes_ -= incoming.profile->body->size();
  switch (result.verdict) {
    case delivery::LocalCheck::Verdict::kGood: {
      const Duration age(env_.loop->unix_ns() - result.time_unix_ns);
      const Duration most = arguments_.queue.max_age;
      if (result.time_unix_ns <= 0 || most <= Duration::zero() || age <= most)
        return hand_over(std::move(incoming), result);
      return refuse(std::move(incoming), "too old",
                    fmt::format("it was taken at {}, and max_age is {}", format_rfc3339(result.time_unix_ns),
                                format_duration(most)));
    }
    case delivery::LocalCheck::Verdict::kEmpty:
      // Nothing is wrong with the sender.
      for (auto& [url, entry] : incoming.entries) entry.refused("empty profile");
      if (incoming.kept) incoming.kept({});
      return;
    case delivery::LocalCheck::Verdict::kNoProfile:
      return refuse(std::move(incoming), "not a profile", result.error);
    case delivery::LocalCheck::Verdict::kTooLarge:
      return refuse(std::move(incoming), "too large", result.error);
  }
}

void Writer::refuse(Incoming incoming, const std::string& reason, const std::string& error) {
  for (auto& [url, entry] : incoming.entries) {
    count_unsent(incoming, url, reason, error);
    entry.refused(reason);
  }
  incoming.push->error = error;
  if (incoming.kept) incoming.kept({pipeline::Outcome::kRefused, fmt::format("{}: {}", reason, error), true});
}

void Writer::count_unsent(const Incoming& incoming, const std::string& url, const std::string& reason,
                          const std::string& error) {
  const auto slot =
      std::ranges::find(endpoints_, url, [](const Slot& s) { return s.endpoint->settings().shown_url; });
  if (slot != endpoints_.end()) slot->endpoint->count_unsent(incoming.profile->body->size(), reason, error);
}

// `found`: what a look into the body has told; its times and sizes are 0 when nobody had to look.
void Writer::hand_over(Incoming incoming, const delivery::LocalCheck& found) {
  const bool ingest = incoming.profile->kind == pipeline::BodyKind::kIngest;
  delivery::Outgoing made = ingest
                                ? delivery::make_ingest(*incoming.profile, incoming.labels)
                                : delivery::make_push(*incoming.profile, incoming.labels, found.lacks_time);
  // The server's window goes by the time inside.
  if (found.time_unix_ns > 0) made.taken_unix_ns = std::min(made.taken_unix_ns, found.time_unix_ns);
  const auto outgoing = std::make_shared<const delivery::Outgoing>(std::move(made));
  // The sender hears once, when the last endpoint has answered.
  struct Answers {
    explicit Answers(pipeline::Kept tell) : kept(std::move(tell)) {}
    Answers(const Answers&) = delete;
    Answers& operator=(const Answers&) = delete;
    ~Answers() { kept(all); }
    pipeline::Answer all;
    const pipeline::Kept kept;
  };
  std::shared_ptr<Answers> answers;
  if (incoming.kept) answers = std::make_shared<Answers>(std::move(incoming.kept));
  const auto hear = [&]() -> pipeline::Kept {
    if (!answers) return {};
    return [answers](const pipeline::Answer& answer) {
      if (!answer.accepted()) answers->all = answer;
    };
  };
  std::vector<bool> offered(endpoints_.size(), false);  // endpoints with one URL take one entry each
  for (auto& [url, entry] : incoming.entries) {
    std::size_t i = 0;
    while (i < endpoints_.size() && (offered[i] || endpoints_[i].endpoint->settings().shown_url != url)) ++i;
    if (i == endpoints_.size()) {  // removed during the check
      entry.dropped("endpoint removed");
      continue;
    }
    offered[i] = true;
    delivery::Endpoint& endpoint = *endpoints_[i].endpoint;
    const std::uint64_t most = endpoint.settings().max_profile_bytes;
    if (most > 0 && found.raw_bytes > most) {
      const std::string error = fmt::format("{} bytes uncompressed", found.raw_bytes);
      count_unsent(incoming, url, "too large", error);
      entry.refused("too large");
      if (answers) answers->all = {pipeline::Outcome::kRefused, "too large: " + error, true};
      continue;
    }
    endpoint.offer(outgoing, std::move(entry), incoming.push, hear());
  }
}

void Writer::stop(async::Task done) {
  intake_->close();
  for (auto& [id, incoming] : std::exchange(checking_, {})) {
    const bool lacks_time = incoming.profile->lacks_time;
    hand_over(std::move(incoming), {.lacks_time = lacks_time});
  }
  on_stopped_ = std::move(done);
  stopping_ = true;
  const Duration within = arguments_.queue.flush_timeout;
  for (auto& endpoint : std::exchange(leaving_, {}))
    remove(std::move(endpoint), within, delivery::Endpoint::Rest::kGiveUp, "endpoint removed");
  for (Slot& slot : std::exchange(endpoints_, {}))
    remove(std::move(slot.endpoint), within, delivery::Endpoint::Rest::kLeaveOnDisk, "stopped");
  check_stopped();
}

void Writer::check_stopped() {
  if (stopping_ && leaving_.empty() && on_stopped_) env_.loop->post(std::exchange(on_stopped_, {}));
}

}  // namespace invar::components::pyroscope_write
