// The Huffman table that deltas are packed with, trained on captured ones: less time for 1 to 6 percent more bytes than tables
// made for each block (docs/benchmarks/delta.md).  Threads: any.
#pragma once

#include "codec/gzip.h"

namespace invar::pprof {

const codec::DeflateTable& delta_table();

}  // namespace invar::pprof
