// The list of components: explicit calls, no static initialisers (the linker drops those from archives).
#include "app/commands.h"
#include "components/discovery/file/component.h"
#include "components/discovery/http/component.h"
#include "components/discovery/relabel/component.h"
#include "components/local/file/component.h"
#include "components/pyroscope/enrich/component.h"
#include "components/pyroscope/fsdump/component.h"
#include "components/pyroscope/receive_http/component.h"
#include "components/pyroscope/relabel/component.h"
#include "components/pyroscope/scrape/component.h"
#include "components/pyroscope/write/component.h"

namespace invar::app {

const component::Registry& components() {
  static const component::Registry registry = [] {
    component::Registry r;
    r.add(invar::components::discovery_file::registration());
    r.add(invar::components::discovery_http::registration());
    r.add(invar::components::discovery_relabel::registration());
    r.add(invar::components::local_file::registration());
    r.add(invar::components::pyroscope_enrich::registration());
    r.add(invar::components::pyroscope_fsdump::registration());
    r.add(invar::components::pyroscope_receive_http::registration());
    r.add(invar::components::pyroscope_relabel::registration());
    r.add(invar::components::pyroscope_scrape::registration());
    r.add(invar::components::pyroscope_write::registration());
    return r;
  }();
  return registry;
}

}  // namespace invar::app
