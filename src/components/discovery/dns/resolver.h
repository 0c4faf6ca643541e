// Resolver: looks names up with c-ares on the loop, as /etc/resolv.conf has it (servers, search list, ndots, options), which is read
// anew for every look-up; where `files` has none, the server on the machine itself is asked, so that tests stay there. UDP with EDNS0, TCP when the answer does not fit.
// Threads: loop thread only; configuration files are read on the pool. Lifetime: the destructor cancels; look_up() again cancels, too.
// Errors: per name. No such name, or none with such records, is an empty answer. Spec: discovery.md 5.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/loop.h"
#include "async/worker_pool.h"
#include "components/discovery/dns/answer.h"
#include "fs/filesystem.h"

struct ares_channeldata;

namespace invar::components::discovery_dns {

class Resolver {
 public:
  using Answers = std::map<std::string, Result<std::vector<Record>>>;  // by name
  using Done = std::move_only_function<void(Answers)>;

  // `servers`: "127.0.0.1:5353,…" in place of those of /etc/resolv.conf; for tests.
  Resolver(async::Loop& loop, async::WorkerPool& pool, std::shared_ptr<fs::FileSystem> files,
           std::string servers = {});
  ~Resolver();

  // Once, also for no names; all at the same time.
  void look_up(std::vector<std::string> names, RecordType type, Done done);

 private:
  struct Query {
    Resolver* resolver;
    std::string name;
  };

  void begin(ares_channeldata* channel, std::vector<std::string> names);
  void answered(const std::string& name, int status, const unsigned char* message, int size);
  void cancel();
  void turn();  // after everything that may have changed what the library waits for
  void unwatch();

  async::Loop& loop_;
  async::WorkerPool& pool_;
  const std::shared_ptr<fs::FileSystem> files_;
  const std::string servers_;
  RecordType type_ = RecordType::kSrv;
  std::uint64_t run_ = 0;
  Done done_;
  Answers answers_;
  std::size_t open_ = 0;
  ares_channeldata* channel_ = nullptr;
  std::vector<async::Loop::WatchId> watches_;
  async::Timer timer_;
  async::Alive alive_;
};

}  // namespace invar::components::discovery_dns
