// The app over the real binary, with real targets: node --test ui/test/real_test.mjs
// Environment: that of daemon.mjs.
import assert from "node:assert/strict";
import {readFileSync, writeFileSync} from "node:fs";
import {createServer} from "node:http";
import {join} from "node:path";
import {after, before, test} from "node:test";

import {configTo, folder, kPatience, run, shot, start, withDaemons, withPage} from "./daemon.mjs";
import {eventually} from "./eventually.mjs";

let refusing;
const config = () => configTo(`http://127.0.0.1:${refusing.address().port}`);

withDaemons();
before(async () => {
  refusing = createServer((_, response) => response.writeHead(401).end("invalid token")).listen(0, "127.0.0.1");
  await new Promise((done) => refusing.on("listening", done));
});
after(() => refusing?.close());

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
  const profiles = 'profiles?q={service_name="invar"}&type=memory';
  await t.test("profiles: callers and callees, only the stacks of a function, a search by pattern", () => open(profiles, async (page) => {
    await page.waitForSelector(".top-list .fn", kPatience);
    await page.locator(".top-list .fn").first().click();
    await page.waitForSelector(".sandwich .flame-line", kPatience);
    await eventually(async () => assert.equal(await page.locator(".sandwich canvas").count(), 2));
    await shot(page, "sandwich");
    await page.click("text=Only its stacks");
    await page.waitForSelector(".only >> text=Only stacks through", kPatience);
    await page.fill("[data-search]", "^[a-z]+::");
    await page.waitForSelector(".tools .told-count >> text=/% in [\\d,]+ frames?/", kPatience);
  }));
  await t.test("profiles: the difference of two windows and of two choices of labels", async () => {
    for (const against of ["vs=-10m..now", 'vs=labels&vsq={team="shop"}']) {
      await open(`${profiles}&at=-5m..now&view=diff&${against}`, async (page) => {
        await page.waitForSelector(".key.more", kPatience);
        await page.waitForSelector(".card-foot >> text=/ profiles? against /", kPatience);
      });
    }
  });
  await t.test("profiles: files for other programs, and a link that shows the same tomorrow", () => open(profiles, async (page) => {
    await page.waitForSelector(".flame-line", kPatience);
    const file = async (label) => {
      await page.click("summary >> text=More");
      const [download] = await Promise.all([page.waitForEvent("download"), page.click(`text=${label}`)]);
      return readFileSync(await download.path(), "utf8");
    };
    const speedscope = JSON.parse(await file("For speedscope"));
    assert.equal(speedscope.$schema, "https://www.speedscope.app/file-format-schema.json");
    assert.ok(speedscope.shared.frames.length > 5 && speedscope.profiles[0].samples.length > 0);
    await page.click("summary >> text=More");
    assert.match(await file("Folded stacks"), /^\S.*;.* \d+$/m);
    await page.focus(".flame-box");
    for (const key of ["ArrowDown", "ArrowDown", "Enter"]) await page.keyboard.press(key);
    await page.waitForFunction(() => location.search.includes("zoom="));
    const name = await page.textContent(".flame-line b");
    await page.click("text=Copy link");
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(copied, /at=\d+\.\.\d+/);
    await page.goto(copied);
    await page.waitForFunction((wanted) => document.querySelector(".flame-line b")?.textContent === wanted, name, kPatience);
  }, {context: {permissions: ["clipboard-read", "clipboard-write"]}}));
  await t.test("pipeline: found and opened by keys alone", () => open("pipeline", async (page) => {
    await page.waitForSelector(".node", kPatience);
    await page.keyboard.press("/");
    await page.keyboard.type("relabel");
    await page.waitForSelector(".told-count >> text=1 of 4", kPatience);
    await page.waitForSelector('[data-id="discovery.relabel.some"].at', kPatience);
    await page.keyboard.press("Tab");
    for (let i = 0; i < 12 && (await page.evaluate(() => document.activeElement?.dataset.id)) === undefined; ++i) await page.keyboard.press("Tab");
    for (const key of ["ArrowRight", "ArrowRight", "ArrowLeft"]) await page.keyboard.press(key);
    await eventually(async () => assert.equal(await page.evaluate(() => document.activeElement.dataset.id), "pyroscope.scrape.some"));
    await page.keyboard.press("Enter");
    await page.waitForSelector("h1 >> text=pyroscope.scrape.some", kPatience);
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
    await page.waitForSelector('.endpoints [data-name^="Took"] >> text=/\\d+ .?s \\/ \\d/', kPatience);
    await shot(page, "delivery");
    assert.ok(!(await page.content()).includes("hidden-word"));
  }));
  await t.test("live: what a scrape gives passes by, filtered and paused", () => open("live/pyroscope.scrape.some?find=memory", async (page) => {
    await page.waitForSelector(".live-line", kPatience);
    await page.mouse.move(5, 5);
    await shot(page, "live");
    await page.keyboard.press(".");
    await page.waitForSelector(".stream >> text=Paused", kPatience);
    await page.fill("[data-search]", "nothing has this");
    await page.waitForSelector("text=/None of \\d+ lines/", kPatience);
  }));
  await t.test("delivery: an archive is replayed, with progress", () => open("delivery", async (page) => {
    await page.click("text=Replay an archive …");
    await page.click("button.main >> text=Replay");
    await page.waitForSelector(".replays li >> text=/\\d+ (of \\d+ )?profiles/", kPatience);
    await page.locator(".replays >> text=/Stop|done|failed|stopped/").first().waitFor(kPatience);
  }));
  await t.test("configuration: coloured, without the password", () => open("configuration", async (page) => {
    await page.waitForSelector(".k-block >> text=pyroscope.scrape", kPatience);
    assert.ok(!(await page.content()).includes("hidden-word"));
    await page.waitForSelector('.code-line[data-line="8"] .rule-note >> text=leaves out 1 of 3 targets', kPatience);
    await page.waitForSelector('.code-line[data-line="13"] .rule-note >> text=changes 2 of 2 targets', kPatience);
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

test("a configuration that is refused stands beside the one that keeps running", async () => {
  const {url, file} = await start(config());
  const text = readFileSync(file, "utf8");
  const reload = async (changed) => {
    writeFileSync(file, changed);
    assert.equal((await fetch(`${url}/-/reload`, {method: "POST"})).status, 400);
  };
  await reload(text.replace("scrape_interval", "scrape_intervall"));
  await withPage(`${url}/configuration`, async (page) => {
    await page.waitForSelector("h1 >> text=The configuration runs, but for what is wrong in it.", kPatience);
    await page.waitForSelector('.code-note >> text=did you mean "scrape_interval"', kPatience);
  });
  await reload(`${text}nonsense "x" { }\n`);
  await withPage(`${url}/configuration`, async (page) => {
    await page.waitForSelector('section[aria-labelledby="refused-title"] .differs >> text=nonsense', kPatience);
    await page.waitForSelector('section[aria-labelledby="kept-title"] .rule-note', kPatience);
    assert.ok(!(await page.content()).includes("hidden-word"));
    await shot(page, "refused");
  });
});

test("a program that ends and comes back: the page says so, and goes on", async () => {
  const {url, program, file} = await start(config());
  await withPage(`${url}/`, async (page) => {
    await page.waitForSelector("h1.verdict-text", kPatience);
    program.kill("SIGTERM");
    await page.waitForSelector(".silence >> text=Invar does not answer", kPatience);
    run(process.env.INVAR, ["run", `--server.http.listen-addr=${new URL(url).host}`, `--storage.path=${join(folder, "again")}`, file]);
    await page.waitForSelector(".silence", {state: "detached", ...kPatience});
  }, {expected: /ERR_|Failed to load/});
});

test("50,000 targets: searched, sorted, grouped, and read to the last one", async () => {
  const file = join(folder, "targets.json");
  writeFileSync(file, JSON.stringify(Array.from({length: 50_000}, (_, i) => ({targets: [`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:8080`], labels: {service_name: `service-${i % 100}`, pod: `pod-${i}`}}))));
  const {url} = await start(`
discovery.file "f" { files = ["${file}"] }
pyroscope.scrape "s" {
  targets         = discovery.file.f.targets
  forward_to      = []
  scrape_interval = "1h"
  profiling_config {
    profile.process_cpu { enabled = false }
    profile.mutex { enabled = false }
    profile.block { enabled = false }
    profile.goroutine { enabled = false }
  }
}`);
  for (const end = Date.now() + 60_000; (await (await fetch(`${url}/api/v1/targets?limit=1`)).json()).total !== 50_000; await new Promise((later) => setTimeout(later, 300))) assert.ok(Date.now() < end);
  await withPage(`${url}/targets?by=none&sort=target`, async (page) => {
    await page.waitForSelector(".grid-foot >> text=50,000 targets", kPatience);
    await page.locator(".grid-row[tabindex='0']").focus();
    await page.keyboard.press("End");
    await page.waitForSelector('.grid-row[aria-rowindex="50001"] code >> text=10.0.99.9:8080', kPatience); // the last as text
    await eventually(async () => assert.ok(await page.evaluate(() => document.querySelectorAll(".grid-row").length) < 60));
    await page.click(".sort >> text=Target");
    await page.waitForFunction(() => location.search.includes("sort=-target"));
    await page.keyboard.press("/");
    await page.locator(":focus").fill('{service_name="service-7", pod=~"pod-4.*"}');
    await page.waitForSelector(".told-count >> text=111 of 50,000", kPatience);
    await page.fill("[data-search]", "");
    await page.click(".seg >> text=Service");
    await page.waitForSelector(".grid-foot >> text=in 100 groups", kPatience);
    await page.waitForSelector(".group >> text=/service-/", kPatience);
  });
});
