#include "kube/hub.h"

namespace invar::kube {

std::shared_ptr<Connection> Hub::connection(const Host& host, const ServerPlace& place) {
  std::erase_if(connections_, [](const auto& connection) { return connection.expired(); });
  for (const auto& known : connections_) {
    const auto connection = known.lock();
    if (connection && connection->place() == place && &connection->loop() == host.loop) return connection;
  }
  auto connection = std::make_shared<Connection>(host, place);
  connections_.push_back(connection);
  return connection;
}

std::shared_ptr<Watch> Hub::watch(const std::shared_ptr<Connection>& connection, const WatchKey& key) {
  std::erase_if(watches_, [](const auto& entry) { return entry.second.expired(); });
  auto& known = watches_[{connection.get(), key}];
  if (auto watch = known.lock()) return watch;
  auto watch = std::make_shared<Watch>(connection, key, random_);
  known = watch;
  return watch;
}

}  // namespace invar::kube
