# What the binary says about itself. Read from git once, when CMake configures; outside git it says "unknown".
# The definitions belong to base/build_info.cc alone, so that a new commit recompiles one file.
set(INVAR_BUILD_USER "unknown" CACHE STRING "Shown by `invar version` as the builder")

function(invar_git variable fallback)
  set(text "")
  if(GIT_EXECUTABLE)
    execute_process(COMMAND ${GIT_EXECUTABLE} -C ${CMAKE_SOURCE_DIR} ${ARGN}
                    OUTPUT_VARIABLE text OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
      set(text "")
    endif()
  endif()
  if(text STREQUAL "")
    set(text "${fallback}")
  endif()
  set(${variable} "${text}" PARENT_SCOPE)
endfunction()

function(invar_version variable)
  execute_process(COMMAND ${CMAKE_SOURCE_DIR}/tools/version.sh OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE
                  COMMAND_ERROR_IS_FATAL ANY)
  set(${variable} "${version}" PARENT_SCOPE)
endfunction()

function(invar_build_info source)
  find_package(Git QUIET)
  invar_git(revision unknown rev-parse --short=12 HEAD)
  invar_git(branch unknown rev-parse --abbrev-ref HEAD)
  # The date of the commit, not of the build: the same source gives the same bytes.
  invar_git(date unknown show -s --format=%cI HEAD)
  invar_version(version)
  set_property(SOURCE ${source} APPEND PROPERTY COMPILE_DEFINITIONS
               INVAR_VERSION="v${version}" INVAR_BRANCH="${branch}" INVAR_REVISION="${revision}"
               INVAR_BUILD_DATE="${date}" INVAR_BUILD_USER="${INVAR_BUILD_USER}")
endfunction()
