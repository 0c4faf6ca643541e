// Bundles the flame graph page and writes it as C++: node build.mjs OUTPUT.cc OUTPUT.html. The page is one file without
// any reference to another; the mark /*profile*/ stands where the program puts a profile. esbuild is found by the
// ordinary rules from the folder NODE_MODULES names, so that nothing is written beside the sources.
import {readFileSync, writeFileSync} from "node:fs";
import {createRequire} from "node:module";
import {dirname, join} from "node:path";
import {fileURLToPath} from "node:url";

const [cpp, page] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(join(process.env.NODE_MODULES ?? join(here, "node_modules"), "x.js"));
const esbuild = require("esbuild");
const bundle = (entry) => esbuild.buildSync({entryPoints: [join(here, "flame", entry)], bundle: true, minify: true, write: false,
  format: "iife", target: "es2021", charset: "ascii", legalComments: "inline"}).outputFiles[0].text.trim();

// By function: a text to be put in may have a dollar sign, which a replacement string gives a meaning.
const html = readFileSync(join(here, "flame/index.html"), "utf8")
  .replace("/*style*/", () => bundle("style.css"))
  .replace("/*script*/", () => bundle("main.js").replaceAll("</script", "<\\/script"));
writeFileSync(page, html);

const [before, after] = html.split("/*profile*/");
const literal = (text) => text.match(/[^]{1,12000}/g).map((part) => `R"UI(${part})UI"`).join("\n");
writeFileSync(cpp, `// Written by ui/build.mjs.
#include "archive_tool/flame_page.h"

namespace invar::archive_tool {
const std::string_view kFlamePageBefore =
${literal(before)};
const std::string_view kFlamePageAfter =
${literal(after)};
}  // namespace invar::archive_tool
`);
