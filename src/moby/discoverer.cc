#include "moby/discoverer.h"

#include <utility>

namespace invar::moby {

MobyDiscoverer::MobyDiscoverer(const component::Options& options, std::unique_ptr<http::Client> client,
                               Host host, Duration interval, Plan plan)
    : PolledDiscoverer(options, plan.mechanism, interval),
      pool_(*options.pool),
      plan_(std::move(plan)),
      client_(std::move(client), std::move(host), interval),
      events_(*options.loop, client_, [this] { soon(); }) {}

void MobyDiscoverer::refresh(Done done) {
  if (!std::exchange(listening_, true)) events_.start();
  client_.get(plan_.paths, [this, done = std::move(done)](Result<Client::Bodies> bodies) mutable {
    if (!bodies) return done(std::unexpected(std::move(bodies).error()));
    pool_.run([read = plan_.read, bodies = std::move(*bodies)] { return read(bodies); },
              alive_.bind([this, done = std::move(done)](Result<component::Groups> groups) mutable {
                if (!groups) groups = std::unexpected(groups.error().wrapped(client_.host().shown));
                done(std::move(groups));
              }));
  });
}

component::BodyValue MobyDiscoverer::debug_info() const {
  component::BodyValue info;
  info.attribute("changes", events_.state());
  return info;
}

Result<std::unique_ptr<component::Discoverer>> make_discoverer(const component::Options& options,
                                                               const std::string& host,
                                                               const http::ClientConfig& client,
                                                               Duration interval, MobyDiscoverer::Plan plan) {
  INVAR_ASSIGN_OR_RETURN(Host parsed, parse_host(host));
  INVAR_ASSIGN_OR_RETURN(auto made, options.http->make_client(client, options.id));
  return std::make_unique<MobyDiscoverer>(options, std::move(made), std::move(parsed), interval,
                                          std::move(plan));
}

}  // namespace invar::moby
