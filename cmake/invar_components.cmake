# Every folder src/components/<namespace>/<name> that has a component.h is a component: it is built, and registered by a list of calls
# that is written here (no static initialisers: the linker drops those from archives).

# invar_components([DEPS folder...] [LIBS library...]): sets INVAR_COMPONENTS, their folders.
macro(invar_components)
  file(GLOB component_headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/src
       ${CMAKE_SOURCE_DIR}/src/components/*/*/component.h)
  set(INVAR_COMPONENTS)
  foreach(header ${component_headers})
    get_filename_component(folder ${header} DIRECTORY)
    list(APPEND INVAR_COMPONENTS ${folder})
    invar_folder(${folder} ${ARGN})
  endforeach()
endmacro()

# invar_component_list(TARGET): adds components(), the registry of all of them, to a library.
function(invar_component_list target)
  set(includes)
  set(calls)
  foreach(folder ${INVAR_COMPONENTS})
    string(REGEX REPLACE "^components/(.*)/(.*)$" "\\1_\\2" name ${folder})
    string(APPEND includes "#include \"${folder}/component.h\"\n")
    string(APPEND calls "    r.add(invar::components::${name}::registration());\n")
  endforeach()
  set(INVAR_COMPONENT_INCLUDES "${includes}")
  set(INVAR_COMPONENT_CALLS "${calls}")
  configure_file(${CMAKE_SOURCE_DIR}/src/app/components.cc.in ${CMAKE_BINARY_DIR}/generated/components.cc @ONLY)
  invar_generated_source(${target} ${CMAKE_BINARY_DIR}/generated/components.cc)
endfunction()
