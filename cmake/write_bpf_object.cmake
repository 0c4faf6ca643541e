# Writes a file as C++: cmake -D OBJECT=programs.o -D OUT=programs.cc -P this. Without OBJECT: none.
set(bytes "")
if(OBJECT)
  file(READ ${OBJECT} hex HEX)
  string(REGEX REPLACE "(................................................................)" "\\1\n" hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" hex "${hex}")
  string(REGEX REPLACE "\n" "\"\n    \"" bytes "${hex}")
endif()
file(WRITE ${OUT} "// Written by cmake/write_bpf_object.cmake.
#include \"ebpf/programs.h\"

namespace invar::ebpf {
namespace {
alignas(8) constexpr char kObject[] =
    \"${bytes}\";
}
std::string_view embedded_programs() {
  return {kObject, sizeof kObject - 1};
}
}  // namespace invar::ebpf
")
