# invar_flame_page(TARGET): compiles the page of ui/flame into a library. Node bundles it; what it needs is installed
# from the lock file into the build folder, once and again when the lock file changes, so later builds need no network.
find_program(NODE_PROGRAM NAMES node nodejs REQUIRED)
find_program(NPM_PROGRAM npm REQUIRED)

function(invar_flame_page target)
  set(source ${CMAKE_SOURCE_DIR}/ui)
  set(out ${CMAKE_BINARY_DIR}/ui)
  file(GLOB parts CONFIGURE_DEPENDS ${source}/flame/*)
  file(MAKE_DIRECTORY ${out})
  set(packages ${source}/package.json ${source}/package-lock.json ${source}/.npmrc)
  add_custom_command(
    OUTPUT ${out}/installed
    COMMAND ${CMAKE_COMMAND} -E copy ${packages} ${out}
    COMMAND ${NPM_PROGRAM} ci --prefer-offline --silent
    COMMAND ${CMAKE_COMMAND} -E touch ${out}/installed
    WORKING_DIRECTORY ${out}
    DEPENDS ${packages}
    COMMENT "Installing what bundles the pages")
  add_custom_command(
    OUTPUT ${out}/flame_page.cc ${out}/flame.html
    COMMAND ${CMAKE_COMMAND} -E env NODE_MODULES=${out}/node_modules
            ${NODE_PROGRAM} ${source}/build.mjs ${out}/flame_page.cc ${out}/flame.html
    DEPENDS ${out}/installed ${source}/build.mjs ${parts}
    COMMENT "Bundling the flame graph page")
  target_sources(${target} PRIVATE ${out}/flame_page.cc)
endfunction()
