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
  invar_generated_source(${target} ${out}/flame_page.cc)
endfunction()

# invar_web_app(TARGET): bundles ui/app with the libraries of ui/package-lock.json, which npm installs into the build folder, and compiles
# the result into a library. Without npm everything else is built, and the status page does without the app.
find_program(NPM_PROGRAM npm)
find_program(NODE_PROGRAM node)

function(invar_web_app target)
  set(ui ${CMAKE_SOURCE_DIR}/ui)
  set(out ${CMAKE_BINARY_DIR}/ui)
  if(NOT NPM_PROGRAM OR NOT NODE_PROGRAM)
    message(WARNING "npm or node is missing: the web app is left out, the status page stays")
    file(CONFIGURE OUTPUT ${out}/web_assets.cc @ONLY CONTENT [[#include "services/web_assets.h"
namespace invar::services {
std::span<const WebAsset> web_assets() { return {}; }
std::string_view web_app_head() { return ""; }
}  // namespace invar::services
]])
    invar_generated_source(${target} ${out}/web_assets.cc)
    return()
  endif()
  set(packages ${ui}/package.json ${ui}/package-lock.json ${ui}/.npmrc)
  file(MAKE_DIRECTORY ${out}/packages)
  add_custom_command(
    OUTPUT ${out}/packages/installed
    COMMAND ${CMAKE_COMMAND} -E copy ${packages} ${out}/packages
    COMMAND ${NPM_PROGRAM} ci --omit=dev --ignore-scripts --prefer-offline --silent
    COMMAND ${CMAKE_COMMAND} -E touch installed
    WORKING_DIRECTORY ${out}/packages
    DEPENDS ${packages}
    COMMENT "Installing the libraries of the web app")
  file(GLOB_RECURSE parts CONFIGURE_DEPENDS ${ui}/app/* ${ui}/flame/*)
  add_custom_command(
    OUTPUT ${out}/web_assets.cc
    COMMAND ${NODE_PROGRAM} ${ui}/build.mjs ${ESBUILD_PROGRAM} ${out}/packages/node_modules ${out}
    DEPENDS ${ui}/build.mjs ${out}/packages/installed ${parts}
    COMMENT "Bundling the web app")
  invar_generated_source(${target} ${out}/web_assets.cc)
endfunction()
