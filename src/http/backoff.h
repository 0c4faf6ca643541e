// How long to wait before the n-th attempt after a failure: doubled from 200 ms to 30 s, and shortened by up to a half at random, so
// that the clients of a server that comes back do not come together. Pure.
#pragma once

#include "base/time.h"

namespace invar::http {

// `failures` in a row, 1 or more; `random` from 0 to 1; at least `asked`, what the server asked for.
Duration backoff(int failures, double random, Duration asked);

}  // namespace invar::http
