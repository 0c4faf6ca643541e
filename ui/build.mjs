// Bundles the web app and writes it as C++: node ui/build.mjs ESBUILD NODE_MODULES OUT
// OUT gets app/ (the files as served, and manifest.json), and web_assets.cc: each file gzipped, with the links that the document needs.
import {execFileSync} from "node:child_process";
import {createHash} from "node:crypto";
import {mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync} from "node:fs";
import {dirname, join} from "node:path";
import {fileURLToPath} from "node:url";
import {gzipSync} from "node:zlib";

const [esbuild, modules, out] = process.argv.slice(2);
const source = join(dirname(fileURLToPath(import.meta.url)), "app");
const files = join(out, "app");
rmSync(files, {recursive: true, force: true});
mkdirSync(files, {recursive: true});

const common = ["--bundle", "--minify", "--target=es2022,chrome123,firefox120,safari17.5", "--log-level=warning", "--legal-comments=none", `--outdir=${files}`];
const run = (...args) => execFileSync(esbuild, [...args, ...common], {env: {...process.env, NODE_PATH: modules}, stdio: "inherit"});
run(join(source, "pipeline/worker.ts"), "--format=iife", "--entry-names=layout-[hash]");
const [worker] = readdirSync(files);
run(join(source, "main.tsx"), `--define:kWorkerFile="${worker}"`, "--format=esm", "--splitting", "--jsx=automatic", "--jsx-import-source=preact", "--entry-names=app-[hash]", "--chunk-names=[name]-[hash]");
run(join(source, "style/app.css"), "--loader:.woff2=file", "--entry-names=app-[hash]", "--asset-names=[name]-[hash]");

const icon = readFileSync(join(source, "icon.svg"));
writeFileSync(join(files, `icon-${createHash("sha256").update(icon).digest("hex").slice(0, 8)}.svg`), icon);

const kTypes = {svg: "image/svg+xml", js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8", woff2: "font/woff2"};
const names = readdirSync(files).sort();
const one = (pattern) => {
  const found = names.filter((name) => pattern.test(name));
  if (found.length !== 1) throw new Error(`${found.length} files match ${pattern}`);
  return found[0];
};
const manifest = {style: one(/^app-.*\.css$/), script: one(/^app-.*\.js$/), fonts: names.filter((name) => name.endsWith(".woff2"))};
const first = [...readFileSync(join(files, manifest.script), "utf8").matchAll(/from"\.\/([^"]+)"/g)].map(([, name]) => name); // what the script needs at once
const head = [
  `<link rel="icon" href="assets/${one(/^icon-.*\.svg$/)}">`,
  `<link rel="stylesheet" href="assets/${manifest.style}">`,
  ...manifest.fonts.map((name) => `<link rel="preload" href="assets/${name}" as="font" type="font/woff2" crossorigin>`),
  ...first.map((name) => `<link rel="modulepreload" href="assets/${name}">`),
  `<script type="module" src="assets/${manifest.script}"></script>`,
].join("");

// As C++ string literals: octal escapes of three digits end by themselves, whatever follows.
function literal(bytes) {
  const lines = [];
  for (let at = 0; at < bytes.length; at += 200) {
    let line = "";
    for (const byte of bytes.subarray(at, at + 200)) {
      const plain = byte >= 32 && byte < 127 && byte !== 34 && byte !== 92 && byte !== 63;
      line += plain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, "0")}`;
    }
    lines.push(`"${line}"`);
  }
  return lines.join("\n");
}

let total = 0;
const sizes = {};
const entries = names.map((name) => {
  const zipped = gzipSync(readFileSync(join(files, name)), {level: 9});
  total += zipped.length;
  sizes[name] = zipped.length;
  return `    {"${name}", "${kTypes[name.split(".").at(-1)]}", std::string_view(\n${literal(zipped)}, ${zipped.length})},`;
});
writeFileSync(join(files, "manifest.json"), JSON.stringify({...manifest, first, head, total, sizes}, null, 1));
writeFileSync(join(out, "web_assets.cc"), `// Written by ui/build.mjs.
#include "services/web_assets.h"

namespace invar::services {
namespace {
constexpr WebAsset kAssets[] = {
${entries.join("\n")}
};
}  // namespace
std::span<const WebAsset> web_assets() { return kAssets; }
std::string_view web_app_head() { return ${literal(Buffer.from(head))}; }
}  // namespace invar::services
`);
