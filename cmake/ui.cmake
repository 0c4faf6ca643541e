# invar_flame_page(TARGET): bundles the page of ui/flame into one HTML file and compiles that into a library.
find_program(ESBUILD_PROGRAM esbuild REQUIRED)

function(invar_flame_page target)
  set(source ${CMAKE_SOURCE_DIR}/ui/flame)
  set(out ${CMAKE_BINARY_DIR}/ui)
  set(writer ${CMAKE_SOURCE_DIR}/cmake/write_flame_page.cmake)
  set(bundle ${ESBUILD_PROGRAM} --bundle --minify --target=es2021 --legal-comments=inline --log-level=warning)
  file(GLOB parts CONFIGURE_DEPENDS ${source}/*)
  file(MAKE_DIRECTORY ${out})
  add_custom_command(
    OUTPUT ${out}/flame_page.cc ${out}/flame.html
    COMMAND ${bundle} --outfile=${out}/style.css ${source}/style.css
    COMMAND ${bundle} --format=iife --outfile=${out}/main.js ${source}/main.js
    COMMAND ${CMAKE_COMMAND} -D PAGE=${source}/index.html -D BUNDLES=${out} -P ${writer}
    DEPENDS ${writer} ${parts}
    COMMENT "Bundling the flame graph page")
  target_sources(${target} PRIVATE ${out}/flame_page.cc)
endfunction()
