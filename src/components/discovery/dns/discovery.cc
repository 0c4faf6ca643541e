#include "components/discovery/dns/discovery.h"

#include <utility>

#include "component/address.h"

namespace invar::components::discovery_dns {
namespace {

const char* label_of(RecordType type) {
  switch (type) {
    case RecordType::kSrv:
      return "__meta_dns_srv_record_target";
    case RecordType::kMx:
      return "__meta_dns_mx_record_target";
    case RecordType::kNs:
      return "__meta_dns_ns_record_target";
    case RecordType::kA:
    case RecordType::kAaaa:
      break;
  }
  return nullptr;
}

}  // namespace

component::Targets targets_of(const std::string& name, const std::vector<Record>& records, RecordType type,
                              std::int64_t port) {
  component::Targets targets;
  for (const Record& record : records) {
    const std::string target_port = record.port.empty() ? std::to_string(port) : record.port;
    component::Target::Map labels = {{"__address__", component::join_host_port(record.host, target_port)},
                                     {"__meta_dns_name", name},
                                     {"__meta_dns_srv_record_target", ""},
                                     {"__meta_dns_srv_record_port", record.port},
                                     {"__meta_dns_mx_record_target", ""},
                                     {"__meta_dns_ns_record_target", ""}};
    if (const char* label = label_of(type)) labels[label] = record.host + ".";
    targets.emplace_back(labels);
  }
  return targets;
}

DnsDiscoverer::DnsDiscoverer(const component::Options& options, const Arguments& arguments,
                             std::string servers)
    : PolledDiscoverer(options, "dns", arguments.refresh_interval),
      lookups_(options.metrics->counter("prometheus_sd_dns_lookups_total", "The number of DNS-SD lookups.")),
      failures_(options.metrics->counter("prometheus_sd_dns_lookup_failures_total",
                                         "The number of DNS-SD lookup failures.")),
      arguments_(arguments),
      resolver_(*options.loop, *options.disk_pool, options.files, std::move(servers)) {}

void DnsDiscoverer::refresh(Done done) {
  lookups_.add(static_cast<double>(arguments_.names.size()));
  resolver_.look_up(arguments_.names, arguments_.type,
                    [this, done = std::move(done)](Resolver::Answers answers) mutable {
                      answered(std::move(answers), std::move(done));
                    });
}

void DnsDiscoverer::answered(Resolver::Answers answers, Done done) {
  std::string failed;
  std::size_t failures = 0;
  for (auto& [name, records] : answers) {
    if (records) {
      known_[name] = targets_of(name, *records, arguments_.type, arguments_.port.value_or(0));
      continue;
    }
    failures_.add();
    if (failures++ == 0)
      failed = "could not resolve " + name + " (" + std::string(to_string(arguments_.type)) +
               "): " + records.error().message;
  }
  if (failures > 0 && failures == answers.size())
    return done(fail(ErrorCode::kUnavailable, std::move(failed)));
  sink().remark(failed);
  done(known_);
}

Result<std::unique_ptr<component::Discoverer>> make_discoverer(const component::Options& options,
                                                               const Arguments& arguments) {
  return std::make_unique<DnsDiscoverer>(options, arguments);
}

}  // namespace invar::components::discovery_dns
