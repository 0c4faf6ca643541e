// SimNetwork: the network of a simulated cluster in virtual time: delays, losses, partitions, dead hosts. For tests.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "async/testing/test_loop.h"
#include "cluster/swim.h"

namespace invar::cluster::testing {

class SimNetwork {
 public:
  explicit SimNetwork(async::testing::TestLoop& loop) : loop_(loop) {}

  // What one host sends goes through its port.
  std::unique_ptr<Network> port(const std::string& address) { return std::make_unique<Port>(*this, address); }
  void connect(const std::string& address, Swim* node) { hosts_[address] = node; }
  void disconnect(const std::string& address) { hosts_.erase(address); }

  std::function<bool(const std::string& from, const std::string& to)> cut;  // true: nothing gets through
  double loss = 0;                                                          // of packets
  std::uint64_t packets = 0, bytes = 0;
  std::mt19937_64 random{1};

 private:
  class Port final : public Network {
   public:
    Port(SimNetwork& net, std::string self) : net_(net), self_(std::move(self)) {}
    void send(const std::string& to, std::string packet) override {
      ++net_.packets;
      net_.bytes += packet.size();
      if (net_.is_cut(self_, to) || net_.uniform() < net_.loss) return;
      net_.later([&net = net_, from = self_, to, packet = std::move(packet)] {
        if (Swim* node = net.host(to)) node->receive(packet, from);
      });
    }
    void exchange(const std::string& to, std::string stream, Done done) override {
      auto shared = std::make_shared<Done>(std::move(done));
      if (net_.is_cut(self_, to) || net_.host(to) == nullptr) {
        net_.loop_.schedule_after(std::chrono::seconds(2),
                                  [shared] { (*shared)(fail(ErrorCode::kTimeout, "no answer")); });
        return;
      }
      net_.later([&net = net_, to, stream = std::move(stream), shared] {
        Swim* node = net.host(to);
        auto answer = node == nullptr
                          ? Result<std::optional<std::string>>(fail(ErrorCode::kUnavailable, "gone"))
                          : node->answer(stream);
        net.later([answer = std::move(answer), shared]() mutable {
          if (!answer) return (*shared)(std::unexpected(answer.error()));
          (*shared)(answer->value_or(""));
        });
      });
    }

   private:
    SimNetwork& net_;
    const std::string self_;
  };

  [[nodiscard]] bool is_cut(const std::string& from, const std::string& to) const {
    return cut && cut(from, to);
  }
  double uniform() { return std::uniform_real_distribution<>(0, 1)(random); }
  Swim* host(const std::string& address) {
    const auto found = hosts_.find(address);
    return found == hosts_.end() ? nullptr : found->second;
  }
  void later(async::Task task) {
    loop_.schedule_after(std::chrono::microseconds(200 + random() % 5000), std::move(task));
  }

  async::testing::TestLoop& loop_;
  std::map<std::string, Swim*> hosts_;
};

}  // namespace invar::cluster::testing
