// Discovery of the records of names. Threads: loop thread only. Spec: discovery.md 5.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "component/poller.h"
#include "components/discovery/dns/arguments.h"
#include "components/discovery/dns/resolver.h"

namespace invar::components::discovery_dns {

// The targets of one name. Pure.
component::Targets targets_of(const std::string& name, const std::vector<Record>& records, RecordType type,
                              std::int64_t port);

class DnsDiscoverer final : public component::PolledDiscoverer {
 public:
  DnsDiscoverer(const component::Options& options, const Arguments& arguments, std::string servers = {});

 private:
  void refresh(Done done) override;
  void answered(Resolver::Answers answers, Done done);

  metrics::Counter& lookups_;
  metrics::Counter& failures_;
  const Arguments arguments_;
  component::Groups known_;  // of a name that cannot be looked up the targets of before stay
  Resolver resolver_;
};

Result<std::unique_ptr<component::Discoverer>> make_discoverer(const component::Options& options,
                                                               const Arguments& arguments);

}  // namespace invar::components::discovery_dns
