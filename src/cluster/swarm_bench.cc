// A thousand simulated nodes in virtual time: they meet, are quiet, and miss ten that die. Ends with an error if they do not.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>

#include "base/testing/own_process.h"
#include "cluster/testing/sim_network.h"

namespace invar::cluster {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Swarm {
 public:
  explicit Swarm(int nodes) {
    for (int i = 0; i < nodes; ++i) {
      const std::string address = address_of(i);
      Host& host = hosts_[i];
      host.port = net.port(address);
      host.swim = std::make_unique<Swim>(
          loop, *host.port,
          Swim::Config{fmt::format("node-{}", i), *parse_address(address), "", {}, kOurMeta},
          Swim::Hooks{[] {}, [](GossipEvent) {}, [this] { return net.random(); }, {}, {}});
      net.connect(address, host.swim.get());
      host.swim->start();
      if (i > 0) host.swim->join({address_of(i / 2)}, [](std::size_t, const Error&) {});
      loop.advance(milliseconds(5));
      host.swim->become(NodeState::kParticipant, {});
    }
  }
  void crash(int node) {
    net.disconnect(address_of(node));
    hosts_.erase(node);
  }
  // Seconds until every node sees all that are there, and those alone, as participants; none within `most`: -1.
  int settle(int most) {
    for (int took = 0; took <= most; ++took, loop.advance(seconds(1))) {
      if (std::ranges::all_of(hosts_, [&](const auto& entry) {
            const auto seen = entry.second.swim->nodes();
            return seen.size() == hosts_.size() && std::ranges::all_of(seen, [](const auto& n) {
                     return n.state == NodeState::kParticipant;
                   });
          }))
        return took;
    }
    return -1;
  }

  async::testing::TestLoop loop;
  testing::SimNetwork net{loop};

 private:
  struct Host {
    std::unique_ptr<Network> port;
    std::unique_ptr<Swim> swim;
  };
  static std::string address_of(int node) { return fmt::format("10.0.{}.{}:80", node / 250, node % 250); }

  std::map<int, Host> hosts_;
};

void swarm(benchmark::State& state) {
  const auto nodes = static_cast<int>(state.range(0));
  for (auto _ : state) {
    Swarm swarm(nodes);
    const int met = swarm.settle(60);
    if (met < 0) return state.SkipWithError("they do not meet");
    state.counters["met_after_s"] = met;
    state.counters["packets_until_then_per_node"] = static_cast<double>(swarm.net.packets) / nodes;
    swarm.loop.advance(seconds(10));
    constexpr int kIdle = 30;
    const auto before = swarm.net.packets;
    const double cpu = invar::testing::cpu_seconds();
    swarm.loop.advance(seconds(kIdle));
    const double idle = static_cast<double>(swarm.net.packets - before) / nodes / kIdle;
    // Without the HTTP that carries packets: bench/cluster_idle.py has that, too.
    state.counters["idle_percent_of_a_core_per_node"] =
        100 * (invar::testing::cpu_seconds() - cpu) / nodes / kIdle;
    if (idle > 2.4)
      return state.SkipWithError("they are not quiet: a ping and an answer each second are 2 packets");
    state.counters["idle_packets_per_node_s"] = idle;
    for (int i = 0; i < 10; ++i) swarm.crash(nodes / 10 * i + 5);
    const int missed = swarm.settle(60);
    if (missed < 0) return state.SkipWithError("the dead are not missed");
    state.counters["deaths_known_after_s"] = missed;
  }
}
BENCHMARK(swarm)->Arg(100)->Arg(1000)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
}  // namespace invar::cluster

BENCHMARK_MAIN();
