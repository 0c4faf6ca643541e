# invar_bpf_programs(TARGET): compiles the BPF programs of src/ebpf/bpf with clang and puts the object into a library. Without a clang
# that knows the BPF target everything else is built all the same; pyroscope.ebpf then says why it does not run.
find_program(INVAR_BPF_CLANG NAMES clang-14 clang-15 clang-16 clang-17 clang-18 clang-19 clang)
find_path(INVAR_BPF_HEADERS bpf/bpf_helpers.h)

function(invar_bpf_programs target)
  set(source ${CMAKE_SOURCE_DIR}/src/ebpf/bpf)
  set(out ${CMAKE_BINARY_DIR}/bpf)
  set(writer ${CMAKE_SOURCE_DIR}/cmake/write_bpf_object.cmake)
  file(MAKE_DIRECTORY ${out})
  if(NOT INVAR_BPF_CLANG OR NOT INVAR_BPF_HEADERS)
    message(STATUS "No clang or no bpf/bpf_helpers.h: this build has no BPF programs, pyroscope.ebpf will not run")
    execute_process(COMMAND ${CMAKE_COMMAND} -D OUT=${out}/programs.cc -P ${writer})
    invar_generated_source(${target} ${out}/programs.cc)
    return()
  endif()
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    set(machine -D__TARGET_ARCH_arm64 -DINVAR_AARCH64)
  else()
    set(machine -D__TARGET_ARCH_x86)
  endif()
  # The kernel's headers for user space lie in a folder that only the host's target searches.
  set(include)
  if(CMAKE_LIBRARY_ARCHITECTURE)
    set(include -isystem ${CMAKE_SYSROOT}/usr/include/${CMAKE_LIBRARY_ARCHITECTURE})
  endif()
  file(GLOB parts CONFIGURE_DEPENDS ${source}/*)
  add_custom_command(
    OUTPUT ${out}/programs.cc
    COMMAND ${INVAR_BPF_CLANG} -target bpf -mcpu=v3 -O2 -g -Wall -Werror ${machine} ${include} -isystem ${INVAR_BPF_HEADERS} -I ${CMAKE_SOURCE_DIR}/src
            -fdebug-compilation-dir=. -ffile-prefix-map=${CMAKE_SOURCE_DIR}=. -c ${source}/profiler.bpf.c -o ${out}/profiler.bpf.o
    COMMAND ${CMAKE_COMMAND} -D OBJECT=${out}/profiler.bpf.o -D OUT=${out}/programs.cc -P ${writer}
    DEPENDS ${writer} ${parts}
    COMMENT "Compiling the BPF programs")
  invar_generated_source(${target} ${out}/programs.cc)
endfunction()
