// Modules of ui/app for Node.js: bundled on the way, as the build bundles them for browsers.
import {execFileSync} from "node:child_process";
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {dirname, join} from "node:path";
import {fileURLToPath, pathToFileURL} from "node:url";

const app = join(dirname(fileURLToPath(import.meta.url)), "../app");

export async function load(path) {
  const folder = mkdtempSync(join(tmpdir(), "invar-app-"));
  const out = join(folder, "module.mjs");
  try {
    execFileSync(process.env.ESBUILD ?? "esbuild", [join(app, path), "--bundle", "--format=esm", "--platform=neutral", "--main-fields=module,main", "--jsx=automatic", "--jsx-import-source=preact", "--log-level=error", `--outfile=${out}`],
      {env: {...process.env, NODE_PATH: process.env.NODE_MODULES}, stdio: "inherit"});
    return await import(pathToFileURL(out).href);
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}
