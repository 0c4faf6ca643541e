// HttpHandOver: state of work from node to node over the listener that they share, whatever engine holds the cluster together.
//
// One request asks for some keys and is answered with the states of as many as fit; requests to one node follow each other. Packing is
// work for the pool. A node that answers with anything but a state is taken to have none.
// With a secret questions and answers are sealed (seal.h); what is not is refused.
// Bounds:   those of hand_over_messages.h; 5 s a request, 2 of them for state that is itself on its way to the node that is asked.
// Threads:  loop thread. Lifetime: the cluster and the metrics outlive it.
// Spec:     clustering.md 11.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/worker_pool.h"
#include "base/log.h"
#include "cluster/hand_over_messages.h"
#include "cluster/seal.h"
#include "component/hand_over.h"
#include "http/client.h"
#include "http/server.h"
#include "metrics/metrics.h"

namespace invar::cluster {

inline constexpr std::string_view kTakePath = "/api/v1/invar/cluster/take";

class HttpHandOver final : public component::HandOver {
 public:
  struct Config {
    std::shared_ptr<http::Client> client;
    bool tls = false;
    std::shared_ptr<const Seal> seal;  // null: without a secret
    std::string cluster_name, node_name;
    log::Logger logger;
  };
  HttpHandOver(async::Loop& loop, async::WorkerPool& pool, const component::Cluster& cluster, Config config,
               metrics::Scope& metrics);
  ~HttpHandOver() override;

  [[nodiscard]] Subscription serve(const std::string& component, Giver& giver) override;
  void take(const std::string& component, const std::string& node, std::vector<std::string> keys,
            Pieces pieces, async::Task done) override;
  void drain(Duration most, async::Task done) override;

  void handle(const http::ServerRequest& request, const http::ResponderPtr& responder);  // POST kTakePath

 private:
  struct Counters;
  struct Taking;

  void ask(const std::shared_ptr<Taking>& taking, const std::string& address, std::size_t from);
  void on_answer(const std::shared_ptr<Taking>& taking, const std::string& address, std::size_t from,
                 std::expected<http::Response, http::Failure> answer);
  void end_with(const std::shared_ptr<Taking>& taking, const std::string& address,
                const std::string& failure);
  void give_when_here(TakeRequest request, async::TimePoint end, http::ResponderPtr responder);
  void give(const TakeRequest& request, Giver* giver, const http::ResponderPtr& responder);
  [[nodiscard]] std::size_t waiting() const;
  void drain_until(async::TimePoint end, async::Task done);

  async::Loop& loop_;
  async::WorkerPool& pool_;
  const component::Cluster& cluster_;
  const Config config_;
  std::unique_ptr<Counters> counters_;
  std::map<std::string, std::weak_ptr<Giver*>> givers_;  // by component
  std::map<std::uint64_t, std::unique_ptr<http::Call>> calls_;
  std::uint64_t last_call_ = 0;
  std::size_t being_given_ = 0;
  async::Timer drain_timer_;
  async::Alive alive_;  // last
};

}  // namespace invar::cluster
