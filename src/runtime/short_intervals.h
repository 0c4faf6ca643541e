// Warnings of `validate` about intervals that are taken longer than written (shortest_interval.h): whatever looks at something again and
// again says how often in an attribute that ends in `_interval`, `_frequency` or `_period`. Values that are not literals are told when it
// runs. Pure.
#pragma once

#include "syntax/ast.h"
#include "syntax/diagnostics.h"
#include "syntax/schema.h"

namespace invar::runtime {

void warn_of_short_intervals(const syntax::ast::Body& body, const syntax::SourcePtr& source,
                             const syntax::Schema& schema, syntax::Diagnostics& diagnostics);

}  // namespace invar::runtime
