# Warnings, sanitizers, ccache, linker: one place for all flags.
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_compile_options(-Wall -Wextra -Werror -Wno-missing-field-initializers -fno-omit-frame-pointer -pthread)
# g++ 12 reports false positives of these three in inlined library code.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overread -Wno-array-bounds -Wno-stringop-overflow)
else()
  # Debian's libstdc++ 12 offers <expected> to clang only with this feature value.
  add_compile_options(-D__cpp_concepts=202002L -Wno-builtin-macro-redefined -Wno-macro-redefined
                      -Wno-deprecated-declarations)  # inside that library's own std::stable_sort
endif()

# Libraries need the coverage that steers the fuzzer; its main comes with the targets themselves.
if(INVAR_FUZZER)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(INVAR_SANITIZE)
  add_compile_options(-fsanitize=${INVAR_SANITIZE} -fno-sanitize-recover=all)
  # These double the build: a null pointer is found by the address sanitizer as well, the other two need what we don't use.
  if(INVAR_SANITIZE MATCHES undefined)
    add_compile_options(-fno-sanitize=null,vptr,object-size)
  endif()
  add_link_options(-fsanitize=${INVAR_SANITIZE})
  # Asio has a memory fence beside its locks; the sanitizer follows the locks.
  if(INVAR_SANITIZE MATCHES thread AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-tsan)
  endif()
endif()

# Files of a folder compiled some as one: half the time of a whole build, twice that of one changed file. So their anonymous namespaces
# are one, too, and what they name there has to differ; dev and tsan compile each file alone and show what it forgot to include.
option(INVAR_UNITY "Compile several files of a folder as one" OFF)
if(INVAR_UNITY)
  set(CMAKE_UNITY_BUILD ON)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 12)
  add_compile_options(-Wno-subobject-linkage)  # a class of this file is not one of a header
  if(NOT INVAR_SHIP)  # Groups name their files in full. Mapped as in what is shipped, the compiler cache serves every checkout.
    add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
  endif()
endif()

# What users run: hardened (delta_bench shows no cost), without what nothing calls, and the same bytes wherever it is built.
option(INVAR_SHIP "Build what is shipped" OFF)
if(INVAR_SHIP)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    set(landing_pads -mbranch-protection=standard)
  else()
    set(landing_pads -fcf-protection=full)
  endif()
  add_compile_options(-fstack-protector-strong ${landing_pads} -D_FORTIFY_SOURCE=2 -ffunction-sections -fdata-sections
                      -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
  # ccache names sources relative to the build folder and preprocesses by itself: neither shows in what it compiles.
  add_compile_options(-ffile-prefix-map=../..=. -gno-record-gcc-switches)
  add_compile_options(-ffile-prefix-map=${CMAKE_BINARY_DIR}/=)  # so it names files that the build writes, too
  # g++ makes cold parts of functions that are empty, and mold keeps their unwind entries, of length 0: an exception that comes through the
  # cold part that begins at the same address finds such an entry instead of its own, and ends the process.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fno-reorder-blocks-and-partition)
  endif()
  add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack,--gc-sections,-z,keep-text-section-prefix)
endif()

# Adds a file that the build writes; it stands alone, so that no other waits for it.
function(invar_generated_source target file)
  target_sources(${target} PRIVATE ${file})
  set_source_files_properties(${file} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

find_program(MOLD ld.mold)
if(MOLD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND NOT CMAKE_CROSSCOMPILING)
  add_link_options(-fuse-ld=mold)
endif()
add_link_options(-Wl,--as-needed)
