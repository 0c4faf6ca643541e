// Grafana Agent's flow files: the same language, with names that have changed since and pipelines that are not of profiles.
// Threads: any; pure. Spec: convert.md 3.
#pragma once

#include <string>

#include "component/component.h"
#include "syntax/ast.h"

namespace invar::convert {

// `report`: gets a line for each comment.
std::string profiles_of_flow(const syntax::ast::FilePtr& file, const component::Registry& components,
                             std::string& report);

}  // namespace invar::convert
