#include "components/pyroscope/write/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "components/pyroscope/write/destination.h"
#include "delivery/endpoint_metrics.h"
#include "delivery/left_queues.h"

namespace invar::components::pyroscope_write {

Writer::Writer(Environment environment)
    : env_(std::move(environment)),
      intake_(std::make_shared<pipeline::Intake<Writer>>(this, env_.component_id, env_.tap)),
      receiver_(intake_),
      packer_(*env_.loop, *env_.pool) {
  for (const delivery::Protocol* protocol : delivery::protocols())
    total_latency_[protocol->kind()] =
        &delivery::latency_metric(*env_.metrics, "-", protocol->metric("total"));
  env_.metrics->on_collect([token = alive_.token(), this](std::vector<metrics::Sample>& out) {
    if (!token.expired()) collect(out);
  });
}

Writer::~Writer() {
  intake_->close();
}

delivery::EndpointSettings Writer::settings_of(const EndpointArguments& endpoint,
                                               const QueueArguments& queue) const {
  delivery::EndpointSettings settings = pyroscope_write::settings_of(endpoint, queue);
  settings.headers.user_agent = env_.user_agent;
  settings.headers.instance_uid = env_.instance_uid;
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
        return delivery::empty_left_queues(files, parent, in_use);
      },
      alive_.bind([this](const std::vector<delivery::LeftProfile>& left) {
        for (const delivery::LeftProfile& one : left)
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

std::shared_ptr<delivery::Journey> Writer::begin(const pipeline::ProfilePtr& profile, pipeline::Kept kept) {
  // Ends when the last endpoint is done with it, which may be after the Writer.
  return std::make_shared<delivery::Journey>(
      std::move(kept),
      [logger = env_.logger, loop = env_.loop, started = env_.loop->now(),
       size = std::uint64_t{profile->body->size()}, kind = profile->kind, token = alive_.token(),
       total = total_latency_.at(profile->kind), on_end = env_.on_end,
       profile = env_.on_end ? profile : nullptr](const delivery::Outcome& outcome) {
        const Duration took = loop->now() - started;
        if (!token.expired()) total->observe(delivery::seconds(took));
        if (on_end) on_end(profile, outcome);
        if (!logger.enabled(log::Level::kDebug)) return;
        const std::string_view message = delivery::protocol_of(kind).call();
        const std::string error = outcome.error();
        if (error.empty()) {
          logger.debug(message, {{"sz", size}, {"n", 1}, {"dl", "none"}, {"st", took}});
        } else {
          logger.debug(message, {{"sz", size}, {"n", 1}, {"dl", "none"}, {"st", took}, {"err", error}});
        }
      });
}

// Shows a profile as it comes and as it ends; nobody looks: nothing.
delivery::Journey::Ended Writer::watched_end(const pipeline::ProfilePtr& profile,
                                             const std::string& shown_url) const {
  if (!env_.tap.watched()) return {};
  env_.tap.passed(profile, shown_url, "queued");
  return [tap = env_.tap, profile, shown_url](const delivery::Outcome& outcome) {
    tap.passed(profile, shown_url, outcome.in_words());
  };
}

pipeline::Answer Writer::take(const pipeline::ProfilePtr& profile, pipeline::Kept kept) {
  const auto answer = [&](pipeline::Answer with) {
    if (kept) kept(with);
    return with;
  };
  if (!profile->body || profile->body->empty()) {  // nothing to send
    env_.tap.passed(profile, "", "dropped: it is empty");
    return answer({});
  }
  auto labels = delivery::protocol_of(profile->kind).labels(profile->labels, arguments_.external_labels);
  if (!labels) {
    for (const Slot& slot : endpoints_)
      ledger_of(slot.endpoint->settings().shown_url).take(profile->type()).refused("invalid labels");
    env_.tap.passed(profile, "", "refused: " + labels.error().message);
    return answer({pipeline::Outcome::kRefused, labels.error().message, true});
  }
  if (endpoints_.empty()) {
    env_.tap.passed(profile, "", "dropped: there is no endpoint");
    return answer({});
  }

  Receipts receipts;
  bool limited = false;
  const auto journey = begin(profile, std::move(kept));
  for (const Slot& slot : endpoints_) {
    const delivery::EndpointSettings& settings = slot.endpoint->settings();
    receipts.emplace_back(settings.shown_url,
                          delivery::Receipt(ledger_of(settings.shown_url).take(profile->type()), journey,
                                            watched_end(profile, settings.shown_url)));
    limited = limited || settings.max_profile_bytes > 0;
  }
  const auto room = static_cast<std::uint64_t>(arguments_.queue.max_memory_bytes);
  packer_.pack(profile, std::move(*labels), {room, arguments_.queue.max_age, limited},
               [this, bytes = profile->body->size(), receipts = std::move(receipts)](
                   const std::expected<delivery::Packed, delivery::Outcome>& result) mutable {
                 packed(bytes, std::move(receipts), result);
               });
  return {};
}

void Writer::packed(std::uint64_t body_bytes, Receipts receipts,
                    const std::expected<delivery::Packed, delivery::Outcome>& result) {
  std::vector<bool> offered(endpoints_.size(), false);  // endpoints with one URL have one receipt each
  for (auto& [url, receipt] : receipts) {
    std::size_t i = 0;
    while (i < endpoints_.size() && (offered[i] || endpoints_[i].endpoint->settings().shown_url != url)) ++i;
    if (i == endpoints_.size()) {  // removed while it was packed
      receipt.kept();
      receipt.end({delivery::End::kDropped, "endpoint removed"});
      continue;
    }
    offered[i] = true;
    delivery::Endpoint& endpoint = *endpoints_[i].endpoint;
    if (result) {
      endpoint.offer(*result, std::move(receipt));
    } else {
      endpoint.refuse(body_bytes, std::move(receipt), result.error());
    }
  }
}

void Writer::stop(async::Task done) {
  intake_->close();
  packer_.hurry();
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
