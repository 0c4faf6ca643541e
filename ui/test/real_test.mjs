// The app over the real binary, with real targets: node --test ui/test/real_test.mjs
// Environment: INVAR, NODE_MODULES, SHOTS (a folder for screenshots, if wanted). What listens, listens on loopback.
import assert from "node:assert/strict";
import {spawn} from "node:child_process";
import {mkdtempSync, rmSync, writeFileSync} from "node:fs";
import {createServer} from "node:http";
import {createRequire} from "node:module";
import {createServer as listenTcp} from "node:net";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {after, before, test} from "node:test";

const {INVAR, NODE_MODULES, SHOTS} = process.env;
const {chromium} = createRequire(join(NODE_MODULES, "x.js"))("playwright-core");
const kFlags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const kPatience = {timeout: 60000};

let browser;
let folder;
let refusing;
const programs = [];

// A port that nobody listens at.
const freePort = () => new Promise((done) => {
  const server = listenTcp().listen(0, "127.0.0.1", () => {
    const {port} = server.address();
    server.close(() => done(port));
  });
});

async function start(config, {flags = [], user = ""} = {}) {
  const port = await freePort();
  const own = mkdtempSync(join(folder, "run-"));
  const file = join(own, "config.alloy");
  writeFileSync(file, config.replaceAll("PORT", port).replaceAll("ARCHIVE", join(own, "archive")));
  const program = spawn(INVAR, ["run", `--server.http.listen-addr=127.0.0.1:${port}`, `--storage.path=${join(own, "data")}`, ...flags, file], {stdio: ["ignore", "ignore", "pipe"]});
  programs.push(program);
  let said = "";
  program.stderr.on("data", (text) => (said += text));
  const url = `http://127.0.0.1:${port}`;
  const headers = user ? {Authorization: `Basic ${Buffer.from(user).toString("base64")}`} : {};
  for (const end = Date.now() + 60000; ; await new Promise((done) => setTimeout(done, 50))) {
    assert.ok(Date.now() < end && program.exitCode === null, `it does not start: ${said}`);
    if ((await fetch(`${url}/-/ready`, {headers}).catch(() => null))?.status === 200) return {url, program, file};
  }
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "invar-app-"));
  browser = await chromium.launch({executablePath: "/usr/bin/chromium", args: kFlags});
  refusing = createServer((_, response) => response.writeHead(401).end("invalid token")).listen(0, "127.0.0.1");
  await new Promise((done) => refusing.on("listening", done));
});
after(async () => {
  await browser?.close();
  refusing?.close();
  for (const program of programs) {
    program.kill("SIGKILL");
    await new Promise((done) => (program.exitCode !== null || program.signalCode !== null ? done() : program.on("exit", done)));
  }
  rmSync(folder, {recursive: true, force: true});
});

const config = () => `
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
    url = "http://127.0.0.1:${refusing.address().port}"
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

// Opens a page, runs `check`, and fails when the page reported an error or asked anybody else.
async function withPage(url, check, {context: options = {}, expected = /^$/} = {}) {
  const context = await browser.newContext({viewport: {width: 1440, height: 980}, ...options});
  const page = await context.newPage();
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("console", (message) => message.type() === "error" && !expected.test(message.text()) && wrong.push(message.text()));
  page.on("request", (request) => !request.url().startsWith(new URL(url).origin) && wrong.push(`asked for ${request.url()}`));
  try {
    await page.goto(url);
    await check(page);
    assert.deepEqual(wrong, []);
  } finally {
    await context.close();
  }
}
const shot = async (page, name) => SHOTS && page.screenshot({path: join(SHOTS, `real-${name}.png`)});

test("the real binary: every page, every action", async (t) => {
  const {url} = await start(config());
  const open = (path, check, more) => withPage(`${url}/${path}`, check, more);

  await t.test("overview", () => open("", async (page) => {
    await page.waitForSelector("h1.verdict-text.failing", kPatience);
    await page.waitForSelector(".cause", kPatience);
    await page.waitForSelector(".uplot", kPatience);
    await page.waitForSelector(".place", kPatience);
    await shot(page, "overview");
  }));
  await t.test("targets: one fails, one was left out, one delivers", () => open("targets?state=failing,late,waiting,ok,left_out", async (page) => {
    await page.waitForSelector(".grid-row.failing", kPatience);
    await page.waitForSelector(".grid-row.left_out", kPatience);
    await page.waitForSelector(".grid-row.ok", kPatience);
    await page.locator(".grid-row.failing").first().click();
    await page.waitForSelector(".steps >> text=Rule 2, replace", kPatience);
    await page.waitForSelector(".steps .come >> text=team", kPatience);
    await shot(page, "targets");
    await page.click(".actions >> text=Scrape now");
    await page.waitForFunction(() => (document.querySelector(".told-line")?.textContent ?? "") !== "", null, kPatience);
  }));
  await t.test("targets: a wrong expression is said in the field", () => open("targets?q=%7Bx", (page) => page.waitForSelector(".field-error", kPatience), {expected: /400/}));
  await t.test("profiles: memory has some, the graph is drawn, another view, an export", () => open("profiles?q={service_name=\"invar\"}", async (page) => {
    await page.waitForSelector(".flame-line", kPatience);
    await page.waitForSelector(".insight >> text=/^invar /", kPatience);
    await shot(page, "profiles");
    await page.click(".seg >> text=Table");
    await page.waitForSelector(".grid-row .fn", kPatience);
    await page.click(".seg >> text=Single profiles");
    await page.waitForSelector("td .label", kPatience);
    await page.locator("tbody .nowrap >> button").last().click();
    await page.waitForSelector("text=One profile alone, taken", kPatience);
    await page.waitForSelector(".card-foot >> text=/, 1 profile\\b/", kPatience);
    await page.click("text=Back to the list");
    await page.waitForSelector("td .label", kPatience);
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("text=Download pprof")]);
    assert.match(download.suggestedFilename(), /\.pb\.gz$|\.pprof$/);
  }));
  await t.test("pipeline and a component with its table and documentation", () => open("pipeline", async (page) => {
    await page.waitForSelector('[data-id="pyroscope.write.refused"]', kPatience);
    await shot(page, "pipeline");
    await page.click('[data-id="pyroscope.scrape.some"]');
    await page.waitForSelector("h1 >> text=pyroscope.scrape.some", kPatience);
    await page.waitForSelector(".panel", kPatience);
    await shot(page, "component");
    await page.click("[role=tab] >> text=Documentation");
    await page.waitForSelector(".documentation table", kPatience);
    await page.click("[role=tab] >> text=Arguments");
    await page.waitForSelector("pre.body >> text=scrape_interval", kPatience);
  }));
  await t.test("delivery: the refusing server in its own words, no password anywhere", () => open("delivery?component=pyroscope.write.refused", async (page) => {
    await page.waitForSelector(".endpoints >> text=401", kPatience);
    await shot(page, "delivery");
    assert.ok(!(await page.content()).includes("hidden-word"));
  }));
  await t.test("live: what a scrape gives passes by", () => open("live/pyroscope.scrape.some", async (page) => {
    await page.waitForSelector(".live-line", kPatience);
    await shot(page, "live");
  }));
  await t.test("configuration: coloured, without the password", () => open("configuration", async (page) => {
    await page.waitForSelector(".k-block >> text=pyroscope.scrape", kPatience);
    assert.ok(!(await page.content()).includes("hidden-word"));
    await shot(page, "configuration");
  }));
  await t.test("rule lab: the left-out target would be kept", () => open("configuration/rules/discovery.relabel.some", async (page) => {
    await page.waitForSelector(".rule-counts", kPatience);
    await page.fill("textarea", 'rule {\n  target_label = "team"\n  replacement = "shop"\n}');
    await page.waitForSelector(".lab-rows >> text=would be kept", kPatience);
    await shot(page, "rules");
  }));
});

test("without scripts the status page stays", async () => {
  const {url} = await start(config());
  await withPage(`${url}/`, async (page) => {
    await page.waitForSelector("h1 >> text=Invar");
    await page.waitForSelector("h2 >> text=pyroscope.write.refused");
    await shot(page, "plain");
  }, {context: {javaScriptEnabled: false}});
});

test("below a prefix, and with a password", async () => {
  const {url} = await start(`http {\n  auth {\n    basic {\n      username = "me"\n      password = "secret-word"\n    }\n  }\n}\n${config()}`, {flags: ["--server.http.ui-path-prefix=/p/q/"], user: "me:secret-word"});
  await withPage(`${url}/p/q/targets`, async (page) => {
    await page.waitForSelector(".grid-row.failing", kPatience);
    assert.equal(new URL(await page.getAttribute("nav a.on", "href"), page.url()).pathname.includes("targets"), true);
  }, {context: {httpCredentials: {username: "me", password: "secret-word"}}});
  assert.equal((await fetch(`${url}/p/q/api/v1/verdict`)).status, 401);
});

test("a program that ends and comes back: the page says so, and goes on", async () => {
  const {url, program, file} = await start(config());
  await withPage(`${url}/`, async (page) => {
    await page.waitForSelector("h1.verdict-text", kPatience);
    program.kill("SIGTERM");
    await page.waitForSelector(".silence >> text=Invar does not answer", kPatience);
    const again = spawn(INVAR, ["run", `--server.http.listen-addr=${new URL(url).host}`, `--storage.path=${join(folder, "again")}`, file], {stdio: "ignore"});
    programs.push(again);
    await page.waitForSelector(".silence", {state: "detached", ...kPatience});
  }, {expected: /ERR_|Failed to load/});
});
