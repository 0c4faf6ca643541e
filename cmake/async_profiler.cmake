# invar_async_profiler(TARGET): puts async-profiler's library for this processor into a library of ours.
function(invar_async_profiler target)
  set(out ${CMAKE_BINARY_DIR}/async_profiler)
  set(fetch ${CMAKE_SOURCE_DIR}/tools/fetch_async_profiler.sh)
  # A build that had to do without tries again with the next configuration.
  if(EXISTS ${out}/library.gz)
    file(SIZE ${out}/library.gz size)
    if(size EQUAL 0)
      file(REMOVE ${out}/library.gz)
    endif()
  endif()
  add_custom_command(
    OUTPUT ${out}/library.gz
    COMMAND ${fetch} ${CMAKE_SYSTEM_PROCESSOR} ${out}
    DEPENDS ${fetch}
    COMMENT "Getting async-profiler")
  file(CONFIGURE OUTPUT ${out}/embedded.cc CONTENT [[// Written by cmake/async_profiler.cmake.
#include "java/library.h"

asm(R"(
.pushsection .rodata
.hidden invar_async_profiler
.hidden invar_async_profiler_end
.global invar_async_profiler
.global invar_async_profiler_end
invar_async_profiler:
.incbin "@out@/library.gz"
invar_async_profiler_end:
.byte 0
.popsection
)");
extern "C" const char invar_async_profiler[], invar_async_profiler_end[];

namespace invar::java {
std::string_view embedded_profiler() {
  return {invar_async_profiler, static_cast<std::size_t>(invar_async_profiler_end - invar_async_profiler)};
}
}  // namespace invar::java
]] @ONLY)
  set_source_files_properties(${out}/embedded.cc PROPERTIES OBJECT_DEPENDS ${out}/library.gz)
  invar_generated_source(${target} ${out}/embedded.cc)
endfunction()
