// The labels that leave with a profile: filter, validation, external labels, and the `name` of the /ingest
// path. Pure. Errors: the texts of pyroscope-write.md 3. Both paths use one filter: labels starting with __
// stay behind, except __name__ and __delta__ (decision 12), and only what is left is validated: which names it takes, the
// server judges (decision 18).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/error.h"
#include "labels/labels.h"

namespace invar::delivery {

using ExternalLabels = std::map<std::string, std::string>;

// For Push: filtered, validated, then external labels set over the others (an empty value removes).
Result<Labels> push_labels(const Labels& labels, const ExternalLabels& external);
// For /ingest: before the validation a non-empty service_name replaces __name__.
Result<Labels> ingest_labels(const Labels& labels, const ExternalLabels& external);

// `<__name__>{k1=v1,k2=v2}`, sorted, not yet escaped for a query. The syntax has no quoting: a comma or
// closing brace in a value would end it early, so each becomes "_".
std::string ingest_name(const Labels& labels);

}  // namespace invar::delivery
