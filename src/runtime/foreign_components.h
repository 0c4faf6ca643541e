// The language's components that Invar leaves to another agent: those of metrics, logs, traces and the like, known by name so that a
// misspelled one is not taken for one of them; and what discovers or fetches for whoever asks.
// Threads: any; pure. Spec: modules.md 6.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace invar::runtime {

// `loki` of "loki.source.file".
std::string_view family_of(std::string_view component);
// A family of components that have nothing to do with profiles: prometheus, loki, otelcol, ...
bool is_foreign_family(std::string_view family);
// A component of such a family; a name that is nearly one of those is a misspelled one and is not.
bool is_foreign_component(std::string_view name);
// The nearest known foreign component, or "".
std::string nearest_foreign_component(std::string_view name);
// discovery.*, local.* and remote.* that Invar does not have, though the language does.
bool is_missing_helper(std::string_view name);
// A family whose components serve other components: discovery, local, remote.
bool is_helper_family(std::string_view family);

}  // namespace invar::runtime
