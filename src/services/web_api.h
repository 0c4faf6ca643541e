// The JSON API under PREFIX/api/v0/web: components, details, modules, peers, ledger. Spec: cli-http-ui.md 6.1-6.3.
// Replies are application/json. Threads: loop thread only.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "component/cluster.h"
#include "component/view.h"
#include "services/debug_streams.h"
#include "services/ledger_page.h"
#include "services/other_pipelines.h"
#include "services/router.h"

namespace invar::services {

// One component as the API shows it; details add arguments, exports and debug info. `live`: live debugging is enabled.
std::string component_json(const component::ComponentView& view, bool details, bool live = false);
std::string components_json(const component::ComponentDirectory& components, std::string_view module_id,
                            bool live = false);
// Those that take part, or did so until now.
std::string peers_json(const std::vector<component::ClusterPeer>& peers);
using Peers = std::function<std::vector<component::ClusterPeer>()>;

// `components`, `ledgers` and `debug` outlive the router. `prefix` ends in '/'.
void add_web_api(Router& router, const std::string& prefix, const component::ComponentDirectory& components,
                 const LedgerWatch& ledgers, DebugStreams& debug, Peers peers);
// PREFIX/api/v0/web/left-to-others: what `--skip-other-pipelines` leaves out; `left` says it now.
void add_left_to_others(Router& router, const std::string& prefix,
                        const component::ComponentDirectory& components, std::function<LeftToOthers()> left);

}  // namespace invar::services
