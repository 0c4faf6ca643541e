// The flame graph page in a real Chromium: node --test ui/test/browser_test.mjs
// Environment: PAGE (the page as bundled), NODE_MODULES (where playwright-core is), SHOTS (a folder for screenshots,
// if they are wanted), INVAR and SOURCE (if there, the program's own pages are opened too).
import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";
import {mkdtempSync, rmSync} from "node:fs";
import {createRequire} from "node:module";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {after, before, test} from "node:test";
import {pathToFileURL} from "node:url";

import {eventually} from "./eventually.mjs";
import {largeProfile, profileOf, writePage} from "./profile.mjs";

const {PAGE, NODE_MODULES, SHOTS, INVAR, SOURCE} = process.env;
const {chromium} = createRequire(join(NODE_MODULES, "x.js"))("playwright-core");
const kFlags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const kDesk = {viewport: {width: 1280, height: 860}};
const kPhone = {viewport: {width: 390, height: 844}, deviceScaleFactor: 2, isMobile: true, hasTouch: true};
const kRow = 19;

let folder;
let browser;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "invar-ui-"));
  browser = await chromium.launch({executablePath: "/usr/bin/chromium", args: kFlags});
});
after(async () => {
  await browser?.close();
  rmSync(folder, {recursive: true, force: true});
});

const shop = () => profileOf([
  ["example.com/shop.main;example.com/shop.serve;example.com/shop/cart.(*Cart).Add;runtime.mallocgc", 3e9],
  ["example.com/shop.main;example.com/shop.serve;example.com/shop/cart.(*Cart).Add", 1e9],
  ["example.com/shop.main;example.com/shop.serve;encoding/json.Marshal;runtime.mallocgc", 4e9],
  ["runtime.gcBgMarkWorker", 2e9],
], {title: "process_cpu of shop", facts: [["Profiles", "12"]]});
const before_after = () => profileOf([["main;grown", 1e9, 3e9], ["main;shrunk", 3e9, 1e9], ["main;same", 2e9, 2e9], ["main;new", 0, 1e9], ["main;gone", 1e9, 0]]);

// Opens a page, runs `check`, and fails when the page reported an error or asked for anything but itself.
let pages = 0;
async function withPage(profile, options, check) {
  const url = typeof profile === "string" ? profile : writePage(PAGE, profile, join(folder, `${++pages}.html`));
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(error.message));
  page.on("console", (message) => wrong.push(`${message.type()}: ${message.text()}`));
  page.on("request", (request) => request.url() !== url && !request.url().startsWith("data:") && wrong.push(`asked for ${request.url()}`));
  await page.goto(url);
  await settled(page);
  try {
    await check(page);
    assert.deepEqual(wrong, []);
  } finally {
    await context.close();
  }
}
const settled = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
const shot = async (page, name) => SHOTS && (await settled(page), await page.screenshot({path: join(SHOTS, `${name}.png`)}));
const below = (page) => page.textContent("#below");

// The colour in the middle of a row, at `part` of the width.
const colorAt = async (page, row, part) => (await settled(page), page.evaluate(([y, x]) => {
  const canvas = document.getElementById("graph");
  const scale = canvas.width / canvas.clientWidth;
  const copy = Object.assign(document.createElement("canvas"), {width: 1, height: 1}).getContext("2d", {willReadFrequently: true});
  copy.drawImage(canvas, -Math.floor(x * canvas.width), -Math.floor(y * scale));
  return [...copy.getImageData(0, 0, 1, 1).data].slice(0, 3);
}, [row * kRow + 2, part]));
const at = async (page, row, part) => {
  const box = await page.locator("#graph").boundingBox();
  return {x: box.x + box.width * part, y: box.y + (row + 0.5) * kRow};
};
const until = async (what, check) => {
  for (const end = Date.now() + 10000; Date.now() < end; await new Promise((done) => setTimeout(done, 20))) {
    if (await check()) return;
  }
  assert.fail(`not within 10 s: ${what}`);
};

test("a tooltip tells name, values and shares", () => withPage(shop(), kDesk, async (page) => {
  const point = await at(page, 3, 0.5); // breadth: main, serve, then json.Marshal and (*Cart).Add
  await page.mouse.move(point.x, point.y);
  await page.waitForSelector("#tip:not([hidden])");
  const tip = await page.innerText("#tip");
  assert.match(tip, /example\.com\/shop\/cart\.\(\*Cart\)\.Add/);
  assert.match(tip, /Total\s+4 s\s+40\.00 %/);
  assert.match(tip, /Self\s+1 s\s+10\.00 %/);
  await shot(page, "tooltip");
  await page.mouse.move(5, 5);
  await page.waitForSelector("#tip", {state: "hidden"});
}));

test("a click zooms, the buttons lead back", () => withPage(shop(), kDesk, async (page) => {
  assert.equal(await page.title(), "process_cpu of shop · flame graph");
  assert.ok(await page.isDisabled("#reset"));
  const point = await at(page, 3, 0.5);
  await page.mouse.click(point.x, point.y);
  await eventually(async () => assert.match(await below(page), /\(\*Cart\)\.Add 4 s, 40\.00 %; self 1 s/));
  await eventually(async () => assert.deepEqual(await colorAt(page, 3, 0.02), await colorAt(page, 3, 0.98))); // it spans the width now
  await shot(page, "zoomed");
  await page.click("#up");
  await eventually(async () => assert.match(await below(page), /shop\.serve 8 s/));
  await page.click("#reset");
  await eventually(async () => assert.match(await below(page), /root 10 s, 100 %/));
}));

test("a search marks frames and tells their share", () => withPage(shop(), kDesk, async (page) => {
  const plain = await colorAt(page, 4, 0.01);
  await page.fill("#search", "mallocgc");
  await until("the share", async () => (await page.textContent("#found")) === "70.00 % in 2 frames");
  const marked = await colorAt(page, 4, 0.01);
  assert.notDeepEqual(marked, plain);
  await eventually(async () => assert.notDeepEqual(await colorAt(page, 3, 0.01), marked));
  await shot(page, "search");
  await page.fill("#search", "json|gcBg");
  await until("a pattern works", async () => (await page.textContent("#found")) === "60.00 % in 2 frames");
  await page.click("#clear");
  await eventually(async () => assert.equal(await page.textContent("#found"), ""));
  await eventually(async () => assert.deepEqual(await colorAt(page, 4, 0.01), plain));
}));

test("inverted and upright views", () => withPage(shop(), kDesk, async (page) => {
  await page.selectOption("#view", "callers");
  const malloc = await at(page, 1, 0.9); // Add, gcBgMarkWorker, mallocgc by name
  await page.mouse.click(malloc.x, malloc.y);
  await eventually(async () => assert.match(await below(page), /runtime\.mallocgc 7 s, 70\.00 %; self 7 s/));
  await shot(page, "inverted");
  await page.selectOption("#view", "flames");
  const height = (await page.locator("#box").boundingBox()).height;
  const box = await page.locator("#graph").boundingBox();
  await page.mouse.click(box.x + 100, box.y + height - kRow * 1.5); // the row above the root
  await eventually(async () => assert.match(await below(page), /shop\.main 8 s/));
  await shot(page, "upright");
}));

test("frames too narrow to draw are a block to zoom into", () => withPage(profileOf([["main;a", 1e9], ...Array.from({length: 2000}, (_, i) => [`main;tiny${i}`, 1e5])]), kDesk, async (page) => {
  const block = await at(page, 2, 0.9);
  await page.mouse.move(block.x, block.y);
  await eventually(async () => assert.match(await page.innerText("#tip"), /\d+ frames too narrow to draw/));
  await page.mouse.click(block.x, block.y);
  await eventually(async () => assert.match(await below(page), /\d+ narrow frames .* ms/));
  await page.mouse.click(block.x, block.y + kRow); // wide enough by now
  await eventually(async () => assert.match(await below(page), /tiny\d+ 100 µs/));
  await page.click("#reset");
  await eventually(async () => assert.match(await below(page), /root/));
}));

test("every sample type", () => withPage({...shop(), types: [["samples", "count"], ["cpu", "nanoseconds"]], type: 1,
  self: [shop().self[0].map((v) => (v > 0 ? v / 1e7 : v)), shop().self[0]]}, kDesk, async (page) => {
  await eventually(async () => assert.match(await below(page), /root 10 s/));
  await page.selectOption("#type", {label: "samples"});
  await eventually(async () => assert.match(await below(page), /root 1,000, 100 %/));
}));

test("keys reach everything", () => withPage(shop(), kDesk, async (page) => {
  await page.focus("#box");
  for (const key of ["ArrowDown", "ArrowDown", "ArrowDown"]) await page.keyboard.press(key);
  await eventually(async () => assert.match(await below(page), /json\.Marshal|\(\*Cart\)\.Add/));
  const first = await below(page);
  await page.keyboard.press(first.includes("json") ? "ArrowRight" : "ArrowLeft");
  await page.keyboard.press(first.includes("json") ? "ArrowLeft" : "ArrowRight");
  await eventually(async () => assert.equal(await below(page), first));
  await shot(page, "focus");
  await page.keyboard.press("Enter");
  await eventually(async () => assert.ok(await page.isEnabled("#reset")));
  await page.keyboard.press("Backspace");
  await eventually(async () => assert.match(await below(page), /shop\.serve/));
  await page.keyboard.press("Escape");
  await eventually(async () => assert.match(await below(page), /root/));
  await page.keyboard.press("i");
  await eventually(async () => assert.equal(await page.inputValue("#view"), "flames"));
  await page.keyboard.press("?");
  await eventually(async () => assert.ok(await page.isVisible("text=walk from frame to frame")));
  await shot(page, "keys");
  await page.keyboard.press("?");
  await page.keyboard.press("/");
  await page.keyboard.type("json");
  await page.keyboard.press("Enter");
  await eventually(async () => assert.equal(await page.textContent("#found"), "40.00 % in 1 frame"));
  await page.keyboard.press("Escape");
  await eventually(async () => assert.equal(await page.textContent("#found"), ""));
  await eventually(async () => assert.equal(await page.evaluate(() => document.activeElement.id), "box"));
}));

test("a diff is red where the share grew and blue where it shrank", () => withPage(before_after(), kDesk, async (page) => {
  await eventually(async () => assert.ok(await page.isVisible("#scale")));
  // By name: gone 1, grown 4, new 1, same 4, shrunk 4 of 14.
  const [gone, grown, same, shrunk] = await Promise.all([0.5, 3, 8, 12].map((x) => colorAt(page, 2, x / 14)));
  for (const [r, , b] of [gone, shrunk]) assert.ok(b > r + 20, `${r} ${b}`);
  assert.ok(grown[0] > grown[2] + 20);
  assert.ok(Math.abs(same[0] - same[2]) < 10);
  const point = await at(page, 2, 3 / 14);
  await page.mouse.move(point.x, point.y);
  const tip = await page.innerText("#tip");
  assert.match(tip, /Before\s+After\s+Change/);
  assert.match(tip, /Total\s+1 s \(14\.29 %\)\s+3 s \(42\.86 %\)\s+\+2 s \(\+28\.57 points\)/);
  await shot(page, "diff");
}));

test("dark mode follows the system and the button", () => withPage(shop(), {...kDesk, colorScheme: "dark"}, async (page) => {
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await background();
  assert.ok(dark.match(/\d+/g).every((part) => part < 60));
  const below_graph = await colorAt(page, 20, 0.5);
  assert.ok(below_graph.every((part) => part < 60), "the canvas too");
  await shot(page, "dark");
  await page.click("#dark");
  assert.ok((await background()).match(/\d+/g).every((part) => part > 200));
  await eventually(async () => assert.ok((await colorAt(page, 20, 0.5)).every((part) => part > 200)));
}));

test("a phone shows it without scrolling sideways, and a tap zooms", () => withPage(shop(), kPhone, async (page) => {
  await eventually(async () => assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)));
  await eventually(async () => assert.ok((await page.locator("#box").boundingBox()).height > 400));
  for (const control of ["#search", "#view", "#reset"]) assert.ok((await page.locator(control).boundingBox()).height >= 32);
  const point = await at(page, 3, 0.5);
  await page.touchscreen.tap(point.x, point.y);
  await eventually(async () => assert.match(await below(page), /\(\*Cart\)\.Add 4 s, 40\.00 %/));
  await shot(page, "phone");
}));

test("a deep profile scrolls, and the keyboard takes the window along", () => {
  const deep = Array.from({length: 3000}, (_, i) => `f${i}`).join(";");
  return withPage(profileOf([[deep, 5]]), kDesk, async (page) => {
    await page.focus("#box");
    await page.keyboard.press("ArrowDown");
    await eventually(async () => assert.equal(await page.evaluate(() => document.getElementById("box").scrollHeight), 3001 * kRow));
    await page.evaluate((y) => (document.getElementById("box").scrollTop = y), 1000 * kRow);
    await settled(page);
    const point = await at(page, 4, 0.5);
    await page.mouse.click(point.x, point.y);
    await eventually(async () => assert.match(await below(page), /f1003 5 ns/));
    await page.selectOption("#view", "flames");
    await eventually(async () => assert.ok((await page.evaluate(() => document.getElementById("box").scrollTop)) > 2900 * kRow, "the root is in sight"));
    await shot(page, "deep");
  });
});

test("an empty profile says so", () => withPage(profileOf([["main", 0]]), kDesk, async (page) => {
  await eventually(async () => assert.match(await below(page), /root 0 ns/));
}));

// Generous limits: they are to notice a graph that costs by its frames, not a slow machine. Figures: docs/benchmarks/archive.md.
for (const diff of [false, true]) {
  test(`50,000 frames${diff ? " of a diff" : ""}: every action is quick`, () => withPage(largeProfile(50000, diff), kDesk, async (page) => {
    const took = await page.evaluate(async () => {
      const $ = (id) => document.getElementById(id);
      const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
      const timed = async (act) => {
        const start = performance.now();
        act();
        await painted();
        return Math.round(performance.now() - start);
      };
      const edge = $("graph").getBoundingClientRect();
      const point = {bubbles: true, clientX: edge.left + 20, clientY: edge.top + 60};
      const navigation = performance.getEntriesByType("navigation")[0];
      return {
        load: Math.round(navigation.domComplete - navigation.responseEnd),
        move: await timed(() => $("graph").dispatchEvent(new PointerEvent("pointermove", point))),
        zoom: await timed(() => $("graph").dispatchEvent(new MouseEvent("click", point))),
        reset: await timed(() => $("reset").click()),
        search: await timed(() => {
          $("search").value = "Method12";
          $("search").dispatchEvent(new KeyboardEvent("keydown", {key: "Enter"}));
        }),
        invert: await timed(() => {
          $("view").value = "callers";
          $("view").dispatchEvent(new Event("change"));
        }),
      };
    });
    console.log(`50,000 frames${diff ? ", diff" : ""}, milliseconds: ${JSON.stringify(took)}`);
    await shot(page, diff ? "large-diff" : "large");
    for (const [what, milliseconds] of Object.entries(took)) assert.ok(milliseconds < 5000, `${what}: ${milliseconds} ms`);
  }));
}

// The whole way: profiles as captured -> the program -> the browser.
if (INVAR) {
  const captured = (name) => join(SOURCE, "testdata/profiles", name);
  const written = (...args) => {
    const file = join(folder, `${++pages}.html`);
    execFileSync(INVAR, [...args, "-o", file]);
    return pathToFileURL(file).href;
  };
  test("a page of captured profiles", () => withPage(written("archive", "flame", captured("prom-cpu-1.pb.gz"), captured("prom-cpu-2.pb.gz")), kDesk, async (page) => {
    await eventually(async () => assert.match(await page.textContent("#count"), /^[\d,]+ frames$/));
    await page.fill("#search", "runtime\\.");
    await until("a share", async () => /\d %/.test(await page.textContent("#found")));
    await shot(page, "captured-search");
    await page.click("#clear");
    await page.selectOption("#view", "callers");
    const point = await at(page, 1, 0.3);
    await page.mouse.move(point.x, point.y);
    await shot(page, "captured");
  }));
  test("a page of a captured diff", () => withPage(written("archive", "diff", captured("prom-heap-1.pb.gz"), captured("prom-heap-3.pb.gz")), {...kDesk, colorScheme: "dark"}, async (page) => {
    await eventually(async () => assert.ok(await page.isVisible("#scale")));
    await eventually(async () => assert.ok((await page.locator("#type option").count()) === 4));
    await shot(page, "captured-diff");
  }));
}
