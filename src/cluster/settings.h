// The figures of the protocol, those of the reference's clusters: all nodes should have the same.
// Spec: clustering.md 7.
#pragma once

#include <chrono>
#include <cstddef>

#include "base/time.h"

namespace invar::cluster {

struct Settings {
  Duration probe_interval = std::chrono::seconds(5);
  Duration probe_timeout = std::chrono::seconds(2);
  std::size_t indirect_checks = 3;
  Duration gossip_interval = std::chrono::milliseconds(200);
  std::size_t gossip_nodes = 3;
  Duration gossip_to_the_dead = std::chrono::seconds(30);
  Duration exchange_interval = std::chrono::seconds(30);
  double suspicion_multiplier = 4;
  double suspicion_max_multiplier = 6;
  Duration leave_timeout = std::chrono::seconds(5);
};

// Of a cluster of Invar's nodes alone, where a death is to be known within 15 s: those of memberlist itself for a local network. The
// reference's nodes send packets one after another, 5 s each to a node that hangs: they would be taken for dead.
Settings swift_settings();

// Pure: how long a node is suspected among `nodes` before it counts as dead, after `confirmations` by others.
Duration suspicion_time(const Settings& settings, std::size_t nodes, unsigned confirmations);
// How many confirmations there can be.
unsigned expected_confirmations(const Settings& settings, std::size_t nodes);
// Exchanges are rarer among many nodes.
Duration exchange_interval(const Settings& settings, std::size_t nodes);

}  // namespace invar::cluster
