# invar_split_debug(TARGET): line tables and inlined frames leave the binary for TARGET.debug beside it (INVAR_SHIP). They are three
# quarters of its bytes, uncompressed, so that a look at some functions does not unpack all; function names stay, packed (tools/pack_symbols.sh). Profiles of Invar itself find the file by the link, beside the binary or in `.debug` there.
function(invar_split_debug target)
  if(NOT INVAR_SHIP)
    return()
  endif()
  set(debug $<TARGET_FILE:${target}>.debug)
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND ${CMAKE_OBJCOPY} --only-keep-debug $<TARGET_FILE:${target}> ${debug}
    COMMAND ${CMAKE_OBJCOPY} --strip-debug --add-gnu-debuglink=${debug} $<TARGET_FILE:${target}>
    COMMAND ${CMAKE_COMMAND} -E env NM=${CMAKE_NM} OBJCOPY=${CMAKE_OBJCOPY} ${CMAKE_SOURCE_DIR}/tools/pack_symbols.sh $<TARGET_FILE:${target}>
    VERBATIM)
endfunction()
