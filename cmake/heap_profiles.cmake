# INVAR_HEAP_PROFILES: whether the allocator is built with heap profiles, which Debian's is not on every processor (not on ARM64). Asked of
# the library itself, which in a cross build runs under the emulator.
include(CheckCXXSourceRuns)
set(CMAKE_REQUIRED_LIBRARIES PkgConfig::jemalloc)
check_cxx_source_runs("
#include <jemalloc/jemalloc.h>
int main() {
  bool there = false;
  std::size_t size = sizeof there;
  return mallctl(\"config.prof\", &there, &size, nullptr, 0) == 0 && there ? 0 : 1;
}" INVAR_HEAP_PROFILES)
unset(CMAKE_REQUIRED_LIBRARIES)
