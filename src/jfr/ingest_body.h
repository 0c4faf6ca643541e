// An /ingest request that carries a JFR recording, as Java SDKs push it: multipart/form-data with the parts `jfr` and, when
// there are labels, `labels` (labels_snapshot.h), or the recording alone. Recording, labels or the whole body may be gzip.
// Errors:  kInvalidArgument for a form that is none, or has no part `jfr`; kDataLoss for damaged gzip; those of to_pprof().
// Threads: any; pure.   Source: pyroscope-java.md 8.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/error.h"
#include "jfr/to_pprof.h"

namespace invar::jfr {

// Of a key in the query of /ingest; none of those read here needs unescaping. Empty when it is not there.
std::string_view query_value(std::string_view query, std::string_view key);

// The parts by name; of several with one name the first. Views into the body.
Result<std::map<std::string, std::string_view>> read_form(std::string_view body, std::string_view boundary);
std::string boundary_of(std::string_view content_type);  // empty: no multipart/form-data

// The `sampleRate` of the query is believed where the recording does not say its interval.
Result<Conversion> convert_ingest_body(std::string_view query, std::string_view content_type,
                                       std::string_view body);

}  // namespace invar::jfr
