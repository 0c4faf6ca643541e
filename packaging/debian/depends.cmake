# CPack reads this before it packs: a cross build's libraries are packages of the system that it is for, which CPack would look for in this one.
if(NOT CPACK_GENERATOR STREQUAL "DEB" OR NOT CPACK_INVAR_SYSROOT)
  return()
endif()
set(work ${CPACK_TOPLEVEL_DIRECTORY}/depends)
file(WRITE ${work}/debian/control "Source: invar\n\nPackage: invar\nArchitecture: any\n")
execute_process(
  COMMAND ${CMAKE_COMMAND} -E env DEB_HOST_ARCH=${CPACK_DEBIAN_PACKAGE_ARCHITECTURE} dpkg-shlibdeps --admindir=${CPACK_INVAR_SYSROOT}/var/lib/dpkg
          -l${CPACK_INVAR_SYSROOT}/usr/lib/${CPACK_INVAR_LIBRARY_ARCHITECTURE} -O ${CPACK_INVAR_PROGRAM}
  WORKING_DIRECTORY ${work} OUTPUT_VARIABLE depends ERROR_VARIABLE said RESULT_VARIABLE failed OUTPUT_STRIP_TRAILING_WHITESPACE)
if(failed)
  message(FATAL_ERROR "dpkg-shlibdeps: ${said}")
endif()
file(REMOVE_RECURSE ${work})
string(REPLACE "shlibs:Depends=" "" depends "${depends}")
string(APPEND CPACK_DEBIAN_PACKAGE_DEPENDS ", ${depends}")
