// The web app in a real Chromium, with canned answers: node --test ui/test/app_test.mjs
// Environment: APP (the files that ui/build.mjs wrote), NODE_MODULES (playwright-core, axe-core), SHOTS (a folder for screenshots, if wanted).
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {createRequire} from "node:module";
import {join} from "node:path";
import {after, before, test} from "node:test";

import {serve} from "./canned.mjs";
import {kNow} from "./canned_data.mjs";
import {eventually} from "./eventually.mjs";
import {largeProfile} from "./profile.mjs";

const {APP, NODE_MODULES, SHOTS} = process.env;
const from = createRequire(join(NODE_MODULES, "x.js"));
const {chromium} = from("playwright-core");
const axe = readFileSync(from.resolve("axe-core/axe.min.js"), "utf8");
const manifest = JSON.parse(readFileSync(join(APP, "manifest.json"), "utf8"));
const kFlags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const kDesk = {viewport: {width: 1440, height: 980}, timezoneId: "UTC"};
const kPhone = {viewport: {width: 390, height: 844}, deviceScaleFactor: 2, isMobile: true, hasTouch: true, timezoneId: "UTC"};

let browser;
before(async () => (browser = await chromium.launch({executablePath: "/usr/bin/chromium", args: kFlags})));
after(() => browser?.close());

// Opens a page of the app, runs `check`, and fails when the page reported an error or asked anybody else. `expected`: errors that belong to the case.
async function withApp(path, check, {device = kDesk, server: options = {}, expected = /^$/, permissions = [], realTime = false} = {}) {
  const server = await serve(APP, options);
  const context = await browser.newContext({...device, colorScheme: "light", permissions});
  const page = await context.newPage();
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && !expected.test(message.text()) && wrong.push(message.text()));
  page.on("request", (request) => !request.url().startsWith(new URL(server.url).origin) && !request.url().startsWith("data:") && wrong.push(`asked for ${request.url()}`));
  if (!realTime) await page.clock.install({time: kNow + 1000});
  try {
    await page.goto(server.url + path);
    await check(page, server, context);
    assert.deepEqual(wrong, []);
  } finally {
    await context.close();
    await server.close();
  }
}
const shot = async (page, name) => SHOTS && page.screenshot({path: join(SHOTS, `${name}.png`)});

// What axe-core finds, as lines; everything it can find.
async function findings(page) {
  await page.clock.runFor(1000);
  return page.evaluate(async (code) => {
    (0, eval)(code);
    const found = await globalThis.axe.run(document, {resultTypes: ["violations"]});
    return found.violations.flatMap(({id, nodes}) => nodes.map(({target, failureSummary}) => `${id}: ${target.join(" ")} ${failureSummary.split("\n").slice(1).join(" ")}`));
  }, axe);
}

test("all of it is no more than 250 KB, the first load no more than 45 KB before the fonts", async () => {
  assert.ok(manifest.total <= 250 * 1024, `${manifest.total} bytes`);
  const first = [manifest.style, manifest.script, ...manifest.first].reduce((sum, name) => sum + manifest.sizes[name], 0);
  assert.ok(first <= 45 * 1024, `${first} bytes`);
});

test("the verdict needs the document, one style, one script and one answer, which are asked for together", () => withApp("", async (page, server) => {
  await page.waitForSelector("h1.verdict-text");
  const asked = (pattern) => server.asked.filter((each) => pattern.test(each));
  assert.equal(asked(/\/assets\/app-.*\.js$/).length, 1);
  assert.deepEqual(manifest.first, []);
  assert.equal(asked(/api\/v1\/verdict/).length, 1, server.asked.join("\n")); // by the document, for the script
  assert.ok(server.asked.findIndex((each) => each.includes("api/v1/verdict")) < server.asked.findIndex((each) => each.includes("api/v1/problems")));
}));

const kPages = [
  ["overview", "", "h1.verdict-text"],
  ["targets", "targets", ".grid-row.failing"],
  ["target", "targets?t=t0", ".steps"],
  ["target-alone", "targets/t0", ".steps"],
  ["profiles", 'profiles?q={service_name="search"}', ".flame-line"],
  ["difference", 'profiles?q={service_name="search"}&vs=hour&view=diff', ".insight-name"],
  ["sandwich", "profiles?view=sandwich&focus=encoding/json.Unmarshal", ".sandwich .flame-line"],
  ["functions", "profiles?view=table&vs=hour", ".grid-row .fn"],
  ["single-profiles", "profiles?view=single", "td .label"],
  ["pipeline", "pipeline?view=graph", ".node"],
  ["component-list", "pipeline?view=list", ".components"],
  ["component", "component/pyroscope.scrape.shop", ".grid-row"],
  ["arguments", "component/pyroscope.scrape.shop?tab=arguments", "pre.body"],
  ["wiring", "component/pyroscope.scrape.shop?tab=wiring", ".wiring a"],
  ["documentation", "component/pyroscope.scrape.shop?tab=documentation", ".documentation table"],
  ["delivery", "delivery?component=pyroscope.write.eu", ".errors"],
  ["live", "live/pyroscope.scrape.shop", ".live-line"],
  ["cluster", "cluster", "td b"],
  ["remote", "remotecfg", ".facts"],
  ["configuration", "configuration", ".k-block"],
  ["rules", "configuration/rules/discovery.relabel.shop", ".rule-counts"],
  ["missing", "nowhere", "h1.title"],
];

for (const [name, path, ready] of kPages) {
  test(`${name}, light and dark: axe finds nothing, nothing scrolls sideways`, () => withApp(path, async (page) => {
    await page.waitForSelector(ready);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({colorScheme});
      await shot(page, `${name}-${colorScheme}`);
      assert.deepEqual(await findings(page), [], colorScheme);
    }
    await eventually(async () => assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)));
  }));
  test(`${name} on a phone: axe finds nothing, nothing scrolls sideways`, () => withApp(path, async (page) => {
    await page.waitForSelector(ready, {state: "attached"});
    await shot(page, `${name}-phone`);
    assert.deepEqual(await findings(page), []);
    await eventually(async () => assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)));
  }, {device: kPhone}));
}

for (const [state, ready] of [["good", "h1.verdict-text.ok"], ["empty", ".empty"]]) {
  test(`the overview when it is ${state}: axe finds nothing`, () => withApp("", async (page) => {
    await page.waitForSelector(ready);
    await shot(page, `overview-${state}`);
    assert.deepEqual(await findings(page), []);
  }, {server: {state}}));
}

test("a cause leads to its targets, a target to its profiles", () => withApp("", async (page) => {
  await page.click("text=Show 120 targets");
  await page.waitForSelector(".group >> text=Connection refused");
  await eventually(() => assert.match(page.url(), /targets\?component=pyroscope\.scrape\.shop&by=cause/));
  await page.locator(".grid-row.failing").first().click();
  await page.waitForSelector(".say-title >> text=Nothing delivered");
  await eventually(async () => assert.match(await page.getAttribute(".actions a.flat", "href"), /^profiles\?q=.*checkout/));
  await page.goBack();
  await page.waitForSelector(".target", {state: "detached"});
  await page.goBack();
  await page.waitForSelector("h1.verdict-text");
}));

test("targets: search by labels, states, grouping and sorting stand in the URL", () => withApp("targets", async (page, server) => {
  await page.waitForSelector(".grid-row.failing");
  await page.keyboard.press("/");
  await page.locator(":focus").fill('{service_name="mail"}');  // at once: half an expression is refused
  await page.waitForSelector(".told-count >> text=35 of 581");
  await eventually(() => assert.match(page.url(), /q=%7Bservice_name%3D%22mail%22%7D/));
  await page.click(".chip >> text=OK");
  await page.waitForSelector(".told-count >> text=7 of 581");
  await page.click(".seg >> text=Service");
  await page.waitForSelector(".group >> text=mail");
  await page.click("text=Took");
  await page.waitForFunction(() => location.search.includes("sort=took"));
  await page.reload();
  await page.waitForSelector(".told-count >> text=7 of 581");
  assert.ok(server.asked.some((each) => each.includes("sort=took") && each.includes("by=service")));
}));

test("a wrong expression is said in the field, with what the server says", () => withApp("targets?q=%7Bx", async (page) => {
  await eventually(async () => assert.match(await page.textContent("#q-error"), /expected a label matcher at column 3/));
  assert.deepEqual(await findings(page), []);
}, {expected: /400/}));

test("nothing matches: where else it is", () => withApp('targets?q={service_name="mail"}&state=late', async (page) => {
  await eventually(async () => assert.match(await page.textContent(".empty"), /No target of these states matches.*7 targets failing, 28 targets ok match/s));
}));

test("keys: rows, opening, closing, only what fails, the next grouping, pages", () => withApp("targets", async (page) => {
  await page.waitForSelector(".grid-row.failing");
  await page.locator(".grid-row[tabindex='0']").focus();
  for (const key of ["j", "j", "ArrowUp", "j"]) await page.keyboard.press(key);
  await eventually(async () => assert.equal(await page.evaluate(() => document.activeElement.dataset.line), "2"));
  await page.keyboard.press("Enter");
  await page.waitForSelector(".target-title");
  await page.keyboard.press("Escape");
  await page.waitForSelector(".target-title", {state: "detached"});
  await page.waitForFunction(() => document.activeElement.dataset.line === "2");
  await page.keyboard.press("x");
  await page.waitForFunction(() => location.search.includes("state=failing"));
  await page.keyboard.press("b");
  await page.waitForFunction(() => location.search.includes("by=service"));
  await page.keyboard.press("g");
  await page.keyboard.press("o");
  await page.waitForSelector("h1.verdict-text");
  await page.keyboard.press("?");
  await page.waitForSelector("dialog[open]");
  assert.deepEqual(await findings(page), []);
  await page.uncheck("dialog input[type=checkbox]");
  await page.keyboard.press("Escape");
  await page.keyboard.press("g");
  await page.keyboard.press("t");
  await page.clock.runFor(500);
  await eventually(() => assert.match(page.url(), /\/$/, "switched off"));
}));

test("while the table is pointed at its order stays, and it is said how much is otherwise by now", () => withApp("targets", async (page, server) => {
  await page.waitForSelector(".grid-row.failing");
  await page.locator(".grid-row.failing").first().hover();
  await page.waitForSelector(".held");
  await page.clock.runFor(6000);
  await page.waitForSelector(".held >> text=4 rows of these are otherwise by now");
  assert.match(server.asked.findLast((each) => each.includes("api/v1/targets?")), /snapshot=s/);
  await page.click("text=Sort anew");
  await page.waitForFunction(() => !/otherwise by now/.test(document.querySelector(".held")?.textContent ?? ""));
}));

test("scrape now tells how it went", () => withApp("targets/t0", async (page, server) => {
  await page.click("text=Scrape now");
  await page.clock.runFor(1000);
  await page.waitForFunction(() => /refused/.test(document.querySelector(".told-line")?.textContent ?? ""));
  await eventually(() => assert.ok(server.asked.includes("POST /api/v1/targets/t0/scrape")));
}));

test("a command is copied without credentials", () => withApp("targets/t0", async (page) => {
  await page.click("text=Copy curl");
  await page.waitForSelector(".told >> text=Copied");
  await eventually(async () => assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "curl -sS -o profile.pb.gz 'http://10.4.17.23:6060/debug/pprof/profile?seconds=14'"));
}, {permissions: ["clipboard-read", "clipboard-write"]}));

test("c copies the command of the chosen row", () => withApp("targets", async (page) => {
  await page.locator(".grid-row.failing").first().click();
  await page.waitForSelector(".target-title");
  await page.keyboard.press("c");
  await page.waitForSelector(".told-line >> text=The command is copied.");
  await eventually(async () => assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^curl -sS -o profile\.pb\.gz 'http:/));
}, {permissions: ["clipboard-read", "clipboard-write"]}));

test("50,000 targets: the document stays small, the last one is reached by a key", () => withApp("targets?by=none", async (page, server) => {
  await page.waitForSelector(".grid-row.failing");
  await page.locator(".grid-row[tabindex='0']").focus();
  await page.keyboard.press("End");
  await page.waitForFunction(() => document.querySelector(".grid-row[aria-rowindex='49975'] code"));
  await eventually(async () => assert.ok(await page.evaluate(() => document.querySelectorAll(".grid-row").length) < 60));
  for (const each of server.asked.filter((request) => request.includes("api/v1/targets?"))) assert.match(each, /limit=(200|6)\b/);
}, {server: {many: 50000}}));

test("a server that goes: what was seen stays, the bar says since when, and it comes back by itself", () => withApp("", async (page, server) => {
  await page.waitForSelector("h1.verdict-text");
  server.options.state = "down";
  for (let i = 0; i < 8; ++i) {
    await page.clock.runFor(3000);
    await page.waitForTimeout(20);
  }
  await page.waitForSelector(".silence >> text=Invar does not answer for");
  await eventually(async () => assert.match(await page.textContent("h1.verdict-text"), /127 targets/));
  assert.deepEqual(await findings(page), []);
  await shot(page, "overview-silent");
  server.options.state = "bad";
  for (let i = 0; i < 4; ++i) {
    await page.clock.runFor(3000);
    await page.waitForTimeout(20);
  }
  await page.waitForSelector(".silence", {state: "detached"});
}, {expected: /ERR_|Failed to load/, server: {streams: false}}));

test("a wrong password says so and offers the way", () => withApp("targets", async (page, server) => {
  await page.waitForSelector(".grid-row.failing");
  server.options.state = "password";
  await page.click("nav >> text=Overview");
  await page.waitForSelector(".say >> text=Invar asks for a password");
  await page.waitForSelector(".say >> text=Load the page again");
}, {expected: /401/}));

test("a slow link: the shape of what comes, then the content", () => withApp("targets", async (page) => {
  await page.waitForSelector(".coming");
  await page.waitForSelector(".grid-row.failing");
}, {server: {delay: 250}}));

test("below a prefix every request and every link stays inside it", () => withApp("targets", async (page, server) => {
  await page.waitForSelector(".grid-row.failing");
  await page.click("nav >> text=Overview");
  await page.waitForSelector("h1.verdict-text");
  await eventually(() => assert.match(page.url(), /\/p\/q\/$/));
  assert.deepEqual(server.asked.filter((each) => !/^\w+ \/p\/q\//.test(each)), []);
}, {server: {prefix: "/p/q/"}}));

test("profiles: against an hour ago is one key, and says what the rise is", () => withApp('profiles?q={service_name="search"}', async (page, server) => {
  await page.waitForSelector(".insight >> text=search burns 2.21 cores.");
  await page.keyboard.press("h");
  await page.waitForSelector(".insight >> text=0.50 more than an hour ago");
  await eventually(async () => assert.match(await page.textContent(".insight"), /82\u00a0% of that is in json\.\(\*decodeState\)\.object and what it calls/));
  const asked = server.asked.findLast((each) => each.includes("profiles/tree"));
  assert.match(asked, /vs_from=\d+&vs_to=\d+/);
  await page.click(".insight-name");
  await page.waitForSelector(".sandwich");
  await eventually(() => assert.match(page.url(), /focus=encoding%2Fjson|focus=encoding\/json/));
  await page.goBack();
  await page.waitForSelector(".insight-name");
}));

test("profiles: the graph zooms by click and key, search tells its share", () => withApp("profiles", async (page) => {
  await page.waitForSelector(".flame-line");
  await page.clock.runFor(200);
  await page.focus(".flame-box");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await eventually(async () => assert.match(await page.textContent(".flame-line"), /serveHTTP|ServeHTTP/));
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await eventually(async () => assert.match(await page.textContent(".flame-line"), /^Everything/));
  await page.keyboard.press("/");
  await page.keyboard.type("json|mallocgc");
  await page.clock.runFor(500);
  await page.waitForSelector(".told-count >> text=27.60 % in");
  await eventually(() => assert.match(page.url(), /find=json%7Cmallocgc/));
}));

test("profiles: the window moves by keys and by dragging; a copied link says times", () => withApp("profiles", async (page, server) => {
  await page.waitForSelector(".flame-line");
  await page.keyboard.press("[");
  await page.waitForFunction(() => /at=\d+\.\.\d+/.test(location.search));
  await page.waitForSelector(".u-over");
  const box = await page.locator(".u-over").boundingBox();
  await page.mouse.move(box.x + 200, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + 400, box.y + 20, {steps: 4});
  await page.mouse.up();
  const before = server.asked.length;
  await page.waitForFunction(() => /at=\d+\.\.\d+/.test(location.search));
  await page.clock.runFor(300);
  await page.click("text=Copy link");
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, /profiles\?.*at=\d+\.\.\d+/);
  assert.ok(server.asked.length >= before);
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("text=Download pprof")]);
  assert.match(download.url(), /format=pprof/);
}, {permissions: ["clipboard-read", "clipboard-write"]}));

test("profiles: where the graph is zoomed to stands in the URL; Back zooms out, another view begins anew", () => withApp("profiles", async (page) => {
  await page.waitForSelector(".flame-line");
  await page.clock.runFor(200);
  await page.focus(".flame-box");
  for (const key of ["ArrowDown", "ArrowDown", "ArrowDown", "Enter"]) await page.keyboard.press(key);
  await page.waitForFunction(() => /zoom=\w+\.\w+\.\w+/.test(location.search));
  const name = await page.textContent(".flame-line b");
  await page.reload();
  await page.waitForFunction((wanted) => document.querySelector(".flame-line b")?.textContent === wanted, name);
  await page.goBack();
  await page.waitForFunction(() => /^Everything/.test(document.querySelector(".flame-line")?.textContent ?? ""));
  await page.goForward();
  await page.waitForFunction((wanted) => document.querySelector(".flame-line b")?.textContent === wanted, name);
  await page.keyboard.press("h");
  await page.waitForSelector(".key.more");
  await eventually(async () => assert.equal(await page.textContent(".flame-line b"), name, "the difference shows the same frame"));
  await page.click(".seg >> text=Inverted");
  await page.waitForFunction(() => !location.search.includes("zoom="));
}));

test("profiles: n and N walk what the search found, f goes to callers and callees", () => withApp("profiles?find=mallocgc|json", async (page) => {
  await page.waitForSelector(".told-count >> text=in");
  await page.clock.runFor(200);
  const at = () => page.textContent(".flame-line b");
  const walked = [];
  for (const key of ["n", "n", "N"]) {
    await page.keyboard.press(key);
    walked.push(await at());
  }
  assert.ok(walked.every((name) => /mallocgc|json/.test(name)) && walked[0] !== walked[1] && walked[0] === walked[2], walked.join());
  await page.keyboard.press("f");
  await page.waitForSelector(".sandwich");
  await eventually(() => assert.ok(new URLSearchParams(new URL(page.url()).search).get("focus") === walked[0]));
}));

test("profiles: nothing kept yet says why", () => withApp("profiles", async (page) => {
  await page.waitForSelector(".empty >> text=No profile was taken yet");
  assert.deepEqual(await findings(page), []);
}, {server: {state: "empty"}}));

test("pipeline: a component lights its path, arrows walk it, Enter opens", () => withApp("pipeline", async (page) => {
  await page.waitForSelector(".node");
  await page.focus('[data-id="discovery.kubernetes.pods"]');
  await page.waitForSelector(".graph.lit");
  await eventually(async () => assert.ok(await page.locator('[data-id="infra.default/pyroscope.ebpf.node"].dim').count() === 1));
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await eventually(async () => assert.equal(await page.evaluate(() => document.activeElement.dataset.id), "pyroscope.scrape.shop"));
  await page.keyboard.press("Enter");
  await page.waitForSelector("h1 >> text=pyroscope.scrape.shop");
}));

test("pipeline: a module folds, and that stands in the URL", () => withApp("pipeline", async (page) => {
  await page.waitForSelector(".module");
  await page.click(".node-fold >> text=unfold >> nth=0", {timeout: 500}).catch(() => page.click(".node-fold"));
  await page.waitForSelector(".module", {state: "detached"});
  await eventually(() => assert.match(page.url(), /fold=infra\.default/));
}));

test("delivery: a replay is begun, shows how far it is, and is stopped", () => withApp("delivery", async (page, server) => {
  await page.waitForSelector("h1 >> text=One of 2 places takes nothing");
  await page.click("text=Replay an archive …");
  await page.waitForSelector(".ask");
  assert.deepEqual(await findings(page), []);
  await page.click("button.main >> text=Replay");
  await page.waitForSelector(".replays >> text=41,200 of 98,000 profiles");
  await page.click(".replays >> text=Stop");
  await page.waitForSelector(".replays >> text=stopped");
  await eventually(() => assert.ok(server.asked.includes("POST /api/v1/replays") && server.asked.includes("DELETE /api/v1/replays/r0")));
}));

test("delivery: how long a server takes to answer; an archive that has stored nothing says so", () => withApp("delivery", async (page) => {
  await page.waitForSelector("h1 >> text=One of 2 places takes nothing");
  await eventually(async () => assert.deepEqual(await page.locator('.endpoints [data-name^="Took"]').allTextContents(), ["41 ms / 930 ms", "–"]));
}));

test("cluster: how many targets each member has, and how many nobody", () => withApp("cluster", async (page) => {
  await page.waitForSelector("h1 >> text=They share 1,284 targets. 12 targets have no member yet.");
  await eventually(async () => assert.deepEqual(await page.locator("tbody td.right").allTextContents(), ["642", "50.0 %", "630", "49.1 %", "0", "0 %"]));
}));

test("delivery: how long what waits has waited", () => withApp("delivery?component=pyroscope.write.eu", async (page) => {
  await page.waitForSelector(".age-list >> text=26,880 1 to 5 min");
  await eventually(async () => assert.equal(await page.getAttribute(".ages .stack", "aria-label"), "6,720 under 1 min, 26,880 1 to 5 min, 67,200 5 to 15 min, 26,912 15 min to 1 h"));
}));

test("pipeline: rates over a window that is chosen, of a module alone", () => withApp("pipeline/infra.default?view=list", async (page, server) => {
  await page.waitForSelector("h1 >> text=infra.default");
  await page.waitForSelector(".components >> text=pyroscope.ebpf.node");
  await eventually(async () => assert.equal(await page.locator(".components tbody tr").count(), 2));
  await page.selectOption(".pick select", "300");
  await page.clock.runFor(500);
  await page.waitForFunction(() => location.search.includes("window=300"));
  while (!server.asked.some((each) => /events\?topics=.*rates:infra\.default:300/.test(decodeURIComponent(each)))) await page.clock.runFor(200);
}));

test("delivery: all well, and nothing there", async () => {
  await withApp("delivery", (page) => page.waitForSelector("h1 >> text=All 2 places take everything. Nothing waits."), {server: {state: "good"}});
  await withApp("delivery", (page) => page.waitForSelector("text=There is no pyroscope.write"), {server: {state: "empty"}});
});

test("live: lines are filtered, paused, and bounded", () => withApp("live/pyroscope.scrape.shop", async (page) => {
  await page.waitForSelector(".live-line");
  await page.fill("[data-search]", "of cart");
  await page.clock.runFor(600);
  await page.waitForFunction(() => [...document.querySelectorAll(".live-line .c-text code")].every((each) => each.textContent.includes("of cart")));
  await page.click("text=Pause");
  await page.waitForSelector(".stream >> text=Paused");
  const shown = await page.textContent(".told-count");
  await page.clock.runFor(1000);
  await eventually(async () => assert.equal(await page.textContent(".told-count"), shown));
  await page.locator(".live-line").first().click();
  await page.waitForSelector(".opened >> text=service_name");
  assert.deepEqual(await findings(page), []);
}));

test("live: nothing moves under the reader: what comes waits while the list is pointed at or scrolled", () => withApp("live/pyroscope.scrape.shop", async (page) => {
  await page.waitForSelector(".live-line");
  const told = () => page.evaluate(() => [document.querySelector(".live-line[data-line='0'] code")?.textContent, document.querySelector(".grid-foot")?.textContent]);
  await page.waitForFunction(() => document.querySelector(".grid-box").scrollHeight > 1200);
  await page.locator(".grid-box").hover();
  await page.clock.runFor(300);
  await page.waitForSelector(".held >> text=/new/");
  const [first] = await told();
  await page.clock.runFor(500);
  assert.equal((await told())[0], first);
  await page.mouse.wheel(0, 400);
  await page.waitForFunction(() => document.querySelector(".grid-box").scrollTop > 0);
  await page.mouse.move(5, 5);
  await page.waitForSelector(".held >> text=at the top");
  assert.deepEqual(await findings(page), []);
  await page.click("text=at the top");
  await page.mouse.move(5, 5);
  await page.clock.runFor(500);
  await page.waitForSelector(".held", {state: "detached"});
}));

test("live on a phone: two lines a row, with what became of it", () => withApp("live/pyroscope.scrape.shop", async (page) => {
  await page.waitForSelector(".live-line .c-outcome >> text=accepted");
  const [text, row] = await Promise.all([".live-line .c-text", ".live-line"].map((each) => page.locator(each).first().boundingBox()));
  assert.ok(text.width > 300 && text.y > row.y + 20, JSON.stringify([text, row]));
}, {device: kPhone}));

test("configuration: what is wrong stands at its line, secrets are hidden", () => withApp("configuration", async (page) => {
  await page.waitForSelector(".code-note >> text=do you mean");
  await page.waitForSelector(".k-secret");
  await page.click(".say a");
  await page.waitForSelector('.code-line.at[data-line="31"]');
}));

test("configuration: what was refused stands beside what keeps running, and where they differ", () => withApp("configuration", async (page) => {
  const [refused, kept] = [page.locator('section[aria-labelledby="refused-title"]'), page.locator('section[aria-labelledby="kept-title"]')];
  await kept.locator(".k-block").first().waitFor();
  await refused.locator(".code-line.differs").first().waitFor();
  const differs = (pane) => pane.locator(".differs").evaluateAll((lines) => lines.map((each) => Number(each.dataset.line)));
  assert.deepEqual(await differs(refused), [31, 32, 33, 34]);
  assert.deepEqual(await differs(kept), []);
  assert.equal(await refused.locator(".rule-note").count(), 0);
  await kept.locator('.code-line[data-line="9"] .rule-note >> text=leaves out 26 of 1,310 targets').waitFor();
  await refused.locator(".tabs >> text=infra.alloy").click();
  await kept.locator('.card-foot code:text-is("/etc/invar/infra.alloy")').waitFor();
  assert.deepEqual(await findings(page), []);
}));

test("configuration: what the rules do stands at their lines, and leads to the rule lab", () => withApp("configuration", async (page) => {
  await page.waitForSelector('.code-line[data-line="14"] .rule-note >> text=changes 1,284 of 1,284 targets');
  assert.deepEqual(await findings(page), []);
  await page.click('.code-line[data-line="9"] .rule-note a');
  await page.waitForSelector("h1 >> text=Rule lab");
  await eventually(() => assert.match(page.url(), /configuration\/rules\/discovery\.relabel\.shop$/));
}, {server: {state: "good"}}));

test("rule lab: a draft is tried against the targets, stands in the URL, and changes nothing", () => withApp("configuration/rules/discovery.relabel.shop", async (page, server) => {
  await page.waitForSelector("text=No target would be another.");
  await page.fill("textarea", 'rule {\n  action = "drop"\n  regex = "x"\n}');
  await page.clock.runFor(1000);
  await page.waitForSelector(".lab-rows >> text=would be left out");
  await page.waitForSelector(".lab-rows .come >> text=version=2.14.0");
  await eventually(() => assert.match(page.url(), /draft=rule/));
  assert.deepEqual(await findings(page), []);
  await page.fill("textarea", "nonsense");
  await page.clock.runFor(1000);
  await page.waitForSelector(".code-note >> text=expected a rule block");
  assert.ok(server.asked.every((each) => each.startsWith("GET") || each === "POST /api/v1/rules/try"));
}));

test("profiles: 100,000 frames, of which no more is drawn than the window shows", () => withApp("profiles", async (page) => {
  await page.waitForSelector(".flame-line");
  await page.waitForSelector(".card-foot >> text=/100,\\d+ frames, 600 profiles; 25,000 frames with 0.40 % were cut/");
  const drawn = await page.evaluate(async () => {
    let calls = 0;
    const {fillRect} = CanvasRenderingContext2D.prototype;
    CanvasRenderingContext2D.prototype.fillRect = function (...args) {
      ++calls;
      return fillRect.apply(this, args);
    };
    const box = document.querySelector(".flame-box");
    box.focus();
    box.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowDown", bubbles: true}));
    box.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true}));
    return new Promise((done) => setTimeout(() => done(calls), 100));
  });
  assert.ok(drawn > 0 && drawn < 40_000, `${drawn} rectangles`);
}, {server: {large: largeProfile(100_000)}, realTime: true}));

// A day of an open tab in a minute: events, answers, other pages, profiles, a stream of lines. What is kept is bounded, so the heap is.
test("a tab that stays open for a day keeps no more than at first", (t) => withApp("", async (page, server, context) => {
  const cdp = await context.newCDPSession(page);
  const heap = async () => {
    await cdp.send("HeapProfiler.collectGarbage");
    return (await cdp.send("Runtime.getHeapUsage")).usedSize;
  };
  const pages = ["Targets", "Profiles", "Pipeline", "Live", "Delivery", "Configuration", "Overview"];
  const kStep = 120_000;
  const live = async (rounds) => {
    for (let i = 0; i < rounds; ++i) {
      for (const topic of ["verdict", "problems", "counters", "endpoints", "health", "rates::10"]) server.push(topic, {at: kNow});
      if (i % 10 === 0) {
        await page.click(`nav >> text="${pages[(i / 10) % pages.length]}"`);
        if (page.url().endsWith("/live")) await page.selectOption(".pick select", "pyroscope.scrape.shop");
      }
      await page.clock.fastForward(kStep);
    }
    await page.click("nav >> text=Overview");
    await page.waitForSelector("h1.verdict-text");
  };
  await page.waitForSelector(".uplot");
  await live(140); // each page, twice
  const before = await heap();
  await live(24 * 3600_000 / kStep);
  const after = await heap();
  t.diagnostic(`heap ${(before / 2 ** 20).toFixed(1)} MiB, a day later ${(after / 2 ** 20).toFixed(1)} MiB`);
  assert.ok(after < before * 1.25 + 1_000_000, `${before} to ${after} bytes`);
}));

test("the cluster page says who leads, which plan holds, and what each member has", () => withApp("cluster", async (page) => {
  await page.waitForSelector("td b");
  const text = (await page.textContent("main")).replace(/\s+/g, " ");
  for (const part of ["host-a leads. Plan 3 holds: it came", "moved 1.8 % of the keys.", "The one that carries most has 1.04 times the mean."]) assert.ok(text.includes(part), `${part} in ${text}`);
  const cells = await page.$$eval("tbody tr", (rows) => rows.map((row) => [...row.cells].slice(-2).map((cell) => cell.textContent)));
  assert.deepEqual(cells, [["40.0 %", "52.0 %"], ["60.0 %", "48.0 %"], ["–", "–"]]);
}));

test("Alloy's addresses lead to the page that took their place", () => withApp("clustering", async (page) => {
  await page.waitForFunction(() => location.pathname === "/cluster");
}));
