# CPack runs this before it packs: an rpm brings the shared libraries of the build but the C library's, because distributions
# have others. The binary finds them by its run path.
if(NOT CPACK_GENERATOR STREQUAL "RPM")
  return()
endif()
set(root ${CPACK_TEMPORARY_DIRECTORY})
execute_process(COMMAND ${CMAKE_COMMAND} -E env SYSROOT=${CPACK_INVAR_SYSROOT}
                        ${CPACK_INVAR_SOURCE_DIR}/packaging/copy_libraries.sh ${root}/usr/bin/invar ${root}/usr/lib/invar
                COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND patchelf --set-rpath /usr/lib/invar ${root}/usr/bin/invar COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND sh -c "for f in ${root}/usr/lib/invar/*; do patchelf --set-rpath /usr/lib/invar $f; done" COMMAND_ERROR_IS_FATAL ANY)
