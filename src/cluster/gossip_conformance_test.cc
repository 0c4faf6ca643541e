// The gossip engine keeps what every engine promises, by the ring and by cost.
#include "cluster/testing/gossip_engine.h"

namespace invar::cluster::testing {
INSTANTIATE_TYPED_TEST_SUITE_P(Gossip, ClusterConformance, GossipEngine<false>);
INSTANTIATE_TYPED_TEST_SUITE_P(GossipByCost, ClusterConformance, GossipEngine<true>);
}  // namespace invar::cluster::testing
