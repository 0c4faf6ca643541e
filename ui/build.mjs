// Bundles the web app and writes it as C++: node ui/build.mjs ESBUILD NODE_MODULES OUT
// OUT gets app/ (the files as served, and manifest.json), and web_assets.cc: each file gzipped, with the links that the document needs.
import {execFileSync} from "node:child_process";
import {createHash} from "node:crypto";
import {mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync} from "node:fs";
import {dirname, join, resolve} from "node:path";
import {fileURLToPath} from "node:url";
import {gzipSync} from "node:zlib";

const [esbuild, modules, out] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const files = join(out, "app");
rmSync(files, {recursive: true, force: true});
mkdirSync(files, {recursive: true});

const common = ["--bundle", "--minify", "--target=es2022,chrome123,firefox120,safari17.5", "--log-level=warning", "--legal-comments=none", `--outdir=${resolve(files)}`];
const run = (...args) => execFileSync(esbuild, [...args, ...common], {cwd: here, env: {...process.env, NODE_PATH: resolve(modules)}, stdio: "inherit"});
run("app/pipeline/worker.ts", "--format=iife", "--entry-names=layout-[hash]");
const [worker] = readdirSync(files);
run("app/main.tsx", `--define:kWorkerFile="${worker}"`, "--format=esm", "--splitting", "--jsx=automatic", "--jsx-import-source=preact", "--entry-names=app-[hash]", "--chunk-names=[name]-[hash]");
run("app/style/app.css", "--loader:.woff2=file", "--entry-names=app-[hash]", "--asset-names=[name]-[hash]");

const scripts = () => readdirSync(files).filter((name) => name.endsWith(".js"));
const read = (name) => readFileSync(join(files, name), "utf8");

// What the app needs at once becomes one file: each more is a request, and beyond six of them a wait. The names under which the parts know
// each other are the same in several: each gets the number of its part.
function joinFirst() {
  const parts = scripts().filter((name) => name.startsWith("app-"));
  for (const part of parts) for (const [, name] of read(part).matchAll(/from"\.\/([^"]+)"/g)) if (!parts.includes(name)) parts.push(name);
  const others = scripts().filter((name) => !parts.includes(name) && name !== worker);
  const exported = parts.map((part, i) => (read(part).match(/export\{([^}]*)\};?\s*$/)?.[1] ?? "").replace(/(?:[\w$]+ as )?([\w$]+)/g, `$1 as e${i}_$1`));
  writeFileSync(join(files, "joined.js"), parts.map((part, i) => `import"./${part}";export{${exported[i]}}from"./${part}";`).join("\n"));
  run(resolve(files, "joined.js"), "--format=esm", "--entry-names=joined-[hash]", ...others.map((name) => `--external:${resolve(files, name)}`));
  const joined = scripts().find((name) => name.startsWith("joined-"));
  for (const name of others) {
    const imports = read(name).replace(/import(?:\{([^}]*)\}from)?"\.\/([^"]+)"/g, (whole, list, part) => {
      const i = parts.indexOf(part);
      if (i < 0) return whole;
      return `import${list ? `{${list.replace(/([\w$]+)(?: as ([\w$]+))?/g, (_, theirs, ours) => `e${i}_${theirs} as ${ours ?? theirs}`)}}from` : ""}"./${joined.replace("joined-", "app-")}"`;
    });
    writeFileSync(join(files, name), imports);
  }
  for (const name of [...parts, "joined.js"]) rmSync(join(files, name));
  renameSync(join(files, joined), join(files, joined.replace("joined-", "app-")));
}
joinFirst();

// esbuild's hashes know where the sources lie. Ours know the content alone, so that every checkout gives the same bytes: of a file with the
// names in it by the hashes of those, as deep as names lead.
const hash = (text) => createHash("sha256").update(text).digest("hex").slice(0, 8);
function nameByContent() {
  const all = scripts();
  const texts = new Map(all.map((name) => [name, read(name)]));
  const renamed = (text, names) => text.replace(/[\w.]+-[A-Z0-9]{8}\.js/g, (name) => names.get(name) ?? name);
  let names = new Map(all.map((name) => [name, ""]));
  for (let depth = 0; depth < all.length; ++depth)
    names = new Map(all.map((name) => [name, name.replace(/-[A-Z0-9]{8}\.js$/, `-${hash(renamed(texts.get(name), names))}.js`)]));
  if (new Set(names.values()).size !== all.length) throw new Error("two files have one name");
  for (const name of all) {
    writeFileSync(join(files, name), renamed(texts.get(name), names));
    renameSync(join(files, name), join(files, names.get(name)));
  }
}
nameByContent();

const icon = readFileSync(join(here, "app/icon.svg"));
writeFileSync(join(files, `icon-${hash(icon)}.svg`), icon);

const kTypes = {svg: "image/svg+xml", js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8", woff2: "font/woff2"};
const names = readdirSync(files).sort();
const one = (pattern) => {
  const found = names.filter((name) => pattern.test(name));
  if (found.length !== 1) throw new Error(`${found.length} files match ${pattern}`);
  return found[0];
};
const manifest = {style: one(/^app-.*\.css$/), script: one(/^app-.*\.js$/), fonts: names.filter((name) => name.endsWith(".woff2"))};
const first = [...read(manifest.script).matchAll(/from"\.\/([^"]+)"/g)].map(([, name]) => name); // what the script needs at once
const head = [
  `<link rel="icon" href="assets/${one(/^icon-.*\.svg$/)}">`,
  `<link rel="stylesheet" href="assets/${manifest.style}">`,
  '<link rel="preload" href="api/v1/verdict" as="fetch" crossorigin>', // the first question of every page
  ...first.map((name) => `<link rel="modulepreload" href="assets/${name}">`),
  `<script type="module" src="assets/${manifest.script}"></script>`,
  ...manifest.fonts.map((name) => `<link rel="preload" href="assets/${name}" as="font" type="font/woff2" crossorigin fetchpriority="low">`),
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
