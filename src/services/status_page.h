// The status page: one plain HTML page made by the server, whole without scripts. It answers what is collected, where it
// goes, and why something does not work: problems first, then the ledger, what is left on disk, then every component with its health, its targets,
// endpoints or archive. What a component shows comes from its debug info: repeated blocks become tables. By
// attribute name:
//   last_error            a sentence; its row is marked and stands first
//   last_*, *_at, oldest  RFC 3339 text is shown as an age
//   *duration, *age       rounded
//   *_bytes, bytes        numbers are shown in binary units
//   labels                an object, shown without hidden (__) labels and without what the row says elsewhere
// A block that is one of a kind is shown like attributes.
// Pure; threads: loop. Spec: cli-http-ui.md 7.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "component/view.h"
#include "services/ledger_page.h"
#include "services/other_pipelines.h"

namespace invar::services {

// What waits on disk for a component that is not configured any more.
struct LeftQueue {
  std::string component, directory;
  std::uint64_t profiles = 0, bytes = 0;
  UnixNanos oldest_unix_ns = 0;
};

struct StatusInput {
  const component::ComponentDirectory* components = nullptr;
  const LedgerWatch* ledgers = nullptr;  // null: without the table
  std::string config_path;
  std::string prefix = "/";  // of the UI and the API, ends in '/'
  std::string app_head;      // starts the web app where scripts run (web_app.h); "": there is none
  UnixNanos started_unix_ns = 0;
  UnixNanos now_unix_ns = 0;
  std::string last_reload_error;            // "" when the running configuration is the file's
  UnixNanos last_reload_since_unix_ns = 0;  // since when it is not
  bool last_reload_applied = false;         // in spite of the error: but for the components that it concerns
  bool has_profiles = true;                 // /debug/pprof/ is served
  std::vector<component::Problem> cluster_problems;
  std::vector<LeftQueue> left_queues;
  LeftToOthers left_to_others;
};

std::string render_status_page(const StatusInput& input);

}  // namespace invar::services
