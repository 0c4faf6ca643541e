// Writer: one receiver in front of the endpoints of a pyroscope.write component.
//
//   accept(): label rules -> a look at bodies that nobody has checked -> encode once -> one queue place per endpoint
//
// accept() answers at once. It refuses labels that no server would take (and counts them as refused for every
// endpoint), and everything once stopped. Settings change under the receiver; an endpoint with the same URL
// keeps its queue, a removed one is drained. The queues' directories are <data path>/queue/<URL's hash>-<n>.
// Threads: loop thread only. Lifetime: stop() before the end.
// Source:  pyroscope-write.md 2, 3, 6-9; decisions 9-12.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/loop.h"
#include "base/log.h"
#include "component/inspection.h"
#include "component/problem.h"
#include "components/pyroscope/write/arguments.h"
#include "delivery/endpoint.h"
#include "delivery/outcome.h"
#include "delivery/packer.h"
#include "http/client.h"
#include "metrics/metrics.h"
#include "pipeline/intake.h"
#include "pipeline/ledger.h"
#include "pipeline/profile.h"

namespace invar::components::pyroscope_write {

class Writer {
 public:
  struct Environment {
    std::string component_id, instance_uid, user_agent;
    log::Logger logger;
    metrics::Scope* metrics = nullptr;
    async::Loop* loop = nullptr;
    async::WorkerPool* pool = nullptr;
    async::WorkerPool* disk_pool = nullptr;  // null: no disk
    std::shared_ptr<fs::FileSystem> files;
    std::string data_path;
    std::shared_ptr<http::Transport> http;
    std::function<std::uint64_t()> random;
    pipeline::Tap tap;
    // May be empty. Every endpoint is done with a profile that accept() took.
    std::function<void(const pipeline::ProfilePtr& profile, const delivery::Outcome& outcome)> on_end;
  };
  // A removed endpoint has this long to deliver what it has, unless flush_timeout is zero.
  static constexpr Duration kRemovalDrain = std::chrono::minutes(1);

  explicit Writer(Environment environment);
  ~Writer();

  // All or nothing. Errors: a client that cannot be made (an unreadable certificate ...).
  Result<> configure(const Arguments& arguments);
  void stop(async::Task done);

  [[nodiscard]] const pipeline::ReceiverPtr& receiver() const { return receiver_; }
  [[nodiscard]] std::vector<component::Problem> problems() const;  // of endpoints and their disks
  [[nodiscard]] syntax::BodyValue debug_info() const;
  [[nodiscard]] std::vector<component::OutletView> outlets() const;
  [[nodiscard]] std::vector<std::uint64_t> queue_ages(std::string_view url) const;
  [[nodiscard]] const LastDurations* answer_times(std::string_view url) const;  // null: no such endpoint
  [[nodiscard]] pipeline::LedgerRow ledger(const std::string& shown_url) const;
  [[nodiscard]] std::vector<const pipeline::Ledger*> ledgers() const;
  [[nodiscard]] std::uint64_t memory_bytes() const;  // of all queues

 private:
  friend class pipeline::Intake<Writer>;
  struct Slot {
    EndpointArguments arguments;
    std::unique_ptr<delivery::Endpoint> endpoint;
  };

  // A profile's receipts between accept() and its queues, by shown URL, one per endpoint.
  using Receipts = std::vector<std::pair<std::string, delivery::Receipt>>;

  pipeline::Answer accept(const pipeline::ProfilePtr& profile) { return take(profile, {}); }
  void accept_kept(const pipeline::ProfilePtr& profile, pipeline::Kept kept) {
    take(profile, std::move(kept));
  }
  pipeline::Answer take(const pipeline::ProfilePtr& profile, pipeline::Kept kept);
  void packed(std::uint64_t body_bytes, Receipts receipts,
              const std::expected<delivery::Packed, delivery::Outcome>& result);
  [[nodiscard]] std::string directory_of(const std::string& url, std::size_t n) const;
  void clear_unused_queues();
  [[nodiscard]] delivery::EndpointSettings settings_of(const EndpointArguments& endpoint,
                                                       const QueueArguments& queue) const;
  pipeline::Ledger& ledger_of(const std::string& shown_url);
  std::shared_ptr<delivery::Journey> begin(const pipeline::ProfilePtr& profile, pipeline::Kept kept);
  [[nodiscard]] delivery::Journey::Ended watched_end(const pipeline::ProfilePtr& profile,
                                                     const std::string& shown_url) const;
  void remove(std::unique_ptr<delivery::Endpoint> endpoint, Duration within, delivery::Endpoint::Rest rest,
              const std::string& reason);
  void collect(std::vector<metrics::Sample>& out) const;
  void check_stopped();

  const Environment env_;
  Arguments arguments_;
  std::map<std::string, std::unique_ptr<pipeline::Ledger>>
      ledgers_;  // by shown URL, for the component's life
  std::vector<Slot> endpoints_;
  std::vector<std::unique_ptr<delivery::Endpoint>> leaving_;  // draining
  bool cleared_unused_ = false, stopping_ = false;
  async::Task on_stopped_;
  std::map<pipeline::BodyKind, metrics::Histogram*> total_latency_;
  std::shared_ptr<pipeline::Intake<Writer>> intake_;
  pipeline::ReceiverPtr receiver_;
  delivery::Packer packer_;  // hands over to the endpoints: goes before them
  async::Alive alive_;
};

}  // namespace invar::components::pyroscope_write
