// A running Invar and a Chromium before it, for the tests of the app over the real binary. What listens, listens on loopback.
// Environment: INVAR, NODE_MODULES, SHOTS (a folder for screenshots, if wanted).
import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {mkdtempSync, rmSync, writeFileSync} from "node:fs";
import {createRequire} from "node:module";
import {createServer as listenTcp} from "node:net";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {after, before} from "node:test";

const {INVAR, NODE_MODULES, SHOTS} = process.env;
const {chromium} = createRequire(join(NODE_MODULES, "x.js"))("playwright-core");
const kFlags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
export const kPatience = {timeout: 60000};

let browser;
export let folder;
const programs = [];

export async function setUp() {
  folder = mkdtempSync(join(tmpdir(), "invar-app-"));
  browser = await chromium.launch({executablePath: "/usr/bin/chromium", args: kFlags});
}
export async function tearDown() {
  await browser?.close();
  for (const program of programs) {
    program.kill("SIGKILL");
    await new Promise((done) => (program.exitCode !== null || program.signalCode !== null ? done() : program.on("exit", done)));
  }
  rmSync(folder, {recursive: true, force: true});
}
// For a test file that needs both.
export function withDaemons() {
  before(setUp);
  after(tearDown);
}

// A port that nobody listens at.
export const freePort = () => new Promise((done) => {
  const server = listenTcp().listen(0, "127.0.0.1", () => {
    const {port} = server.address();
    server.close(() => done(port));
  });
});

// Runs until the end of the tests; what it says is added to `program.said`.
export function run(command, args, {environment = {}} = {}) {
  const program = spawn(command, args, {stdio: ["ignore", "ignore", "pipe"], env: {...process.env, ...environment}});
  programs.push(program);
  program.said = "";
  program.stderr.on("data", (text) => (program.said += text));
  return program;
}

// Waits until somebody answers `url` at all.
export async function answers(url, program, {headers = {}, good = (response) => response.status === 200} = {}) {
  for (const end = Date.now() + 60000; ; await new Promise((done) => setTimeout(done, 50))) {
    assert.ok(Date.now() < end && program.exitCode === null, `it does not start: ${program.said}`);
    const response = await fetch(url, {headers}).catch(() => null);
    if (response && good(response)) return;
  }
}

// `PORT` in the configuration is that of the server, `ARCHIVE` a folder. `ready`: with TLS it has to be looked for otherwise.
export async function start(config, {flags = [], user = "", ready} = {}) {
  const port = await freePort();
  const own = mkdtempSync(join(folder, "run-"));
  const file = join(own, "config.alloy");
  writeFileSync(file, config.replaceAll("PORT", port).replaceAll("ARCHIVE", join(own, "archive")));
  const program = run(INVAR, ["run", `--server.http.listen-addr=127.0.0.1:${port}`, `--storage.path=${join(own, "data")}`, ...flags, file]);
  const url = `http://127.0.0.1:${port}`;
  if (ready) await ready(port, program);
  else await answers(`${url}/-/ready`, program, {headers: user ? {Authorization: `Basic ${Buffer.from(user).toString("base64")}`} : {}});
  return {url, port, program, file};
}

// Opens a page, runs `check`, and fails when the page reported an error or asked anybody else. `refused`: the server lets nobody in.
export async function withPage(url, check, {context: options = {}, expected = /^$/, before: prepare, refused = false} = {}) {
  const context = await browser.newContext({viewport: {width: 1440, height: 980}, ...options});
  const page = await context.newPage();
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(error.message));
  // Interfaces of this machine that come and go (others test in network namespaces) are no fault of the page.
  page.on("console", (message) => message.type() === "error" && !/ERR_NETWORK_CHANGED/.test(message.text()) && !expected.test(message.text()) && wrong.push(message.text()));
  page.on("request", (request) => !request.url().startsWith(new URL(url).origin) && wrong.push(`asked for ${request.url()}`));
  try {
    await prepare?.(page, context);
    await page.goto(url).catch((error) => {
      if (!refused) throw error;
    });
    await check(page, context);
    assert.deepEqual(wrong, []);
  } finally {
    await context.close();
  }
}
export const shot = async (page, name) => SHOTS && page.screenshot({path: join(SHOTS, `real-${name}.png`)});

// A target that delivers (Invar itself), one that is gone, one that a rule leaves out; a server that refuses, and an archive.
export const configTo = (refusing) => `
discovery.relabel "some" {
  targets = [
    {"__address__" = "127.0.0.1:PORT", "service_name" = "invar", "keep" = "yes"},
    {"__address__" = "127.0.0.1:1", "service_name" = "gone", "keep" = "yes"},
    {"__address__" = "127.0.0.1:2", "service_name" = "unwanted", "keep" = "no"},
  ]
  rule {
    source_labels = ["keep"]
    regex         = "yes"
    action        = "keep"
  }
  rule {
    target_label = "team"
    replacement  = "shop"
  }
}
pyroscope.scrape "some" {
  targets         = discovery.relabel.some.output
  forward_to      = [pyroscope.write.refused.receiver, pyroscope.fsdump.local.receiver]
  scrape_interval = "2s"
  scrape_timeout  = "3s"
  profiling_config {
    profile.process_cpu { enabled = false }
    profile.mutex { enabled = false }
    profile.block { enabled = false }
    profile.goroutine { enabled = false }
  }
}
pyroscope.write "refused" {
  endpoint {
    url = "${refusing}"
    basic_auth {
      username = "u"
      password = "hidden-word"
    }
  }
}
pyroscope.fsdump "local" {
  target_directory = "ARCHIVE"
}
`;
