// FakeEtcd: an etcd behind its JSON gateway in virtual time, with latencies, cut hosts and lost data. For tests: it answers what
// EtcdCluster asks, as Debian's etcd 3.4 does.
// Shape:    every endpoint, whatever its host, is this etcd. A cut host gets no answer; a request that is under way when it is cut or
//           when its client gives it up still has its effect.
// Threads:  loop thread. Lifetime: outlives the clients of its transport.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "async/testing/test_loop.h"
#include "http/testing/fake_transport.h"

namespace invar::cluster_etcd::testing {

class FakeEtcd {
 public:
  explicit FakeEtcd(async::testing::TestLoop& loop);

  [[nodiscard]] std::shared_ptr<http::Client> client();

  std::function<bool(const std::string& host)> cut;  // true: nothing gets through
  std::function<Duration()> latency;                 // of each way
  bool down = false;                                 // connections are refused, leases go on
  std::string user, password;                        // "": everybody may
  std::string stray_key;                             // is in every list, though nobody asked for it
  std::map<std::string, std::size_t> requests;       // by path

  void wipe();  // as when its disk is lost
  void restart_auth() { token_ += "x"; }
  void end_watches();
  void drop_watches() { watches_.clear(); }                    // they stay open and say nothing
  void put(const std::string& key, const std::string& value);  // without a lease
  void remove(const std::string& key_prefix);                  // as an administrator does
  [[nodiscard]] std::vector<std::string> keys() const;

 private:
  using Fields = std::map<std::string, std::string>;
  struct Value {
    std::string text, lease;
    std::int64_t created = 0, changed = 0;
  };
  struct Lease {
    std::int64_t seconds = 0;
    async::TimePoint end;
  };
  struct Watch {
    http::testing::ExchangePtr exchange;
    std::string host, prefix;
  };

  void receive(const http::testing::ExchangePtr& exchange);
  http::testing::Answer answer(const std::string& path, const Fields& fields);
  std::string grant(std::int64_t seconds);
  std::string keep_alive(const std::string& lease);
  std::string put_if(const Fields& fields, bool& known_lease);
  std::string range(const Fields& fields) const;
  void look_at(const std::string& lease);
  void end(const std::string& lease);
  void changed(const std::string& key);
  [[nodiscard]] std::string header() const;
  [[nodiscard]] bool is_cut(const std::string& host) const { return cut && cut(host); }
  [[nodiscard]] Duration delay() const { return latency ? latency() : std::chrono::milliseconds(1); }

  async::testing::TestLoop& loop_;
  http::testing::FakeTransport transport_;
  std::int64_t revision_ = 1, last_lease_ = 7000;
  std::string token_ = "token";
  std::map<std::string, Value> values_;
  std::map<std::string, Lease> leases_;
  std::vector<Watch> watches_;
};

}  // namespace invar::cluster_etcd::testing
