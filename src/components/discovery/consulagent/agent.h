// The targets of the services that a Consul agent runs, out of what it says of itself, its services and their checks. Pure.
// Errors: an answer that does not say the data center. Spec: discovery.md 11b.
#pragma once

#include "base/error.h"
#include "component/group_store.h"
#include "components/discovery/consulagent/arguments.h"
#include "syntax/value.h"

namespace invar::components::discovery_consulagent {

struct AgentAnswers {
  syntax::Value self, services, checks;
};
Result<component::Groups> read_agent(const AgentAnswers& answers, const Arguments& arguments);

}  // namespace invar::components::discovery_consulagent
