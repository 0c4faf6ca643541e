#!/usr/bin/env node
// The app as a reader meets it, in Chromium without a GPU: how long until the page says what is wrong, near by and on a slow link, and how
// long the frames of a flame graph of 100,000 nodes are while it is pointed at, scrolled and zoomed with a real pointer.
// The slow link is a proxy between: a round trip of 400 ms (one more for a new connection) and 400 kbit/s for all connections together.
// Environment: INVAR, APP (ui/app of a build folder), NODE_MODULES; without them those of build/release. Exit status 1 when a limit is missed.
// Usage: bench/web_app.mjs [RUNS of 7]
import {mkdtempSync, rmSync} from "node:fs";
import {createServer, connect} from "node:net";
import {tmpdir} from "node:os";
import {dirname, join} from "node:path";
import {fileURLToPath} from "node:url";

const build = join(dirname(fileURLToPath(import.meta.url)), "../build/release");
process.env.INVAR ??= join(build, "invar");
process.env.APP ??= join(build, "ui/app");
process.env.NODE_MODULES ??= join(build, "ui_test/node_modules");
const {configTo, kPatience, setUp, start, tearDown, withPage} = await import("../ui/test/daemon.mjs");
const {serve} = await import("../ui/test/canned.mjs");
const {largeProfile} = await import("../ui/test/profile.mjs");

const runs = Number(process.argv[2] ?? 7);
const kLimits = {near: 500, far: 2000, frame: 1000 / 60};
const sorted = (values) => [...values].sort((a, b) => a - b);
const at = (values, share) => sorted(values)[Math.min(values.length - 1, Math.floor(values.length * share))];
const ms = (value) => `${value.toFixed(value < 20 ? 1 : 0)} ms`;
let missed = 0;
function tell(what, values, limit) {
  const middle = at(values, 0.5);
  if (limit && middle > limit) ++missed;
  console.log(`  ${what.padEnd(58)} median ${ms(middle).padStart(8)}, worst ${ms(Math.max(...values)).padStart(8)}${limit ? `   limit ${limit} ms` : ""}`);
}

// A link of 400 kbit/s with 200 ms each way.
async function slowLink(port) {
  const kBytesPerMs = 400_000 / 8 / 1000;
  const kHalf = 200;
  const free = {up: 0, down: 0}; // when the link has sent what it was given
  const server = createServer({noDelay: true}, (near) => {
    const opened = Date.now() + 2 * kHalf; // the handshake
    const far = connect(port, "127.0.0.1");
    far.setNoDelay(true);
    // In pieces as packets are, so that one stream does not hold the link for another; in their order.
    const carry = (from, to, way) => {
      const pieces = [];
      let timer = null;
      const pump = () => {
        for (timer = null; pieces.length > 0 && pieces[0].due <= Date.now();) {
          const {bytes} = pieces.shift();
          if (to.destroyed) continue;
          if (bytes) to.write(bytes);
          else to.end();
        }
        if (pieces.length > 0) timer = setTimeout(pump, Math.max(1, pieces[0].due - Date.now()));
      };
      const put = (bytes) => {
        free[way] = Math.max(free[way], Date.now(), opened - kHalf) + (bytes?.length ?? 0) / kBytesPerMs;
        pieces.push({bytes, due: free[way] + kHalf});
        timer ??= setTimeout(pump, Math.max(1, pieces[0].due - Date.now()));
      };
      from.on("data", (bytes) => {
        for (let i = 0; i < bytes.length; i += 1400) put(bytes.subarray(i, i + 1400));
      }).on("end", () => put(null)).on("error", () => to.destroy());
    };
    carry(near, far, "up");
    carry(far, near, "down");
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {port: server.address().port, close: () => server.close()};
}

// When the document with the server's verdict is painted, and when the app has taken its place.
async function paints(url) {
  let out;
  await withPage(url, async (page) => {
    await page.waitForFunction(() => globalThis.appAt > 0, null, kPatience);
    out = await page.evaluate(() => ({document: performance.getEntriesByName("first-contentful-paint")[0].startTime, app: globalThis.appAt}));
  }, {before: (page) => page.addInitScript(() => {
    new MutationObserver(() => {
      if (!globalThis.appAt && document.querySelector("h1.verdict-text, .grid-row.failing")) {
        globalThis.appAt = -1;
        requestAnimationFrame(() => setTimeout(() => (globalThis.appAt = performance.now())));
      }
    }).observe(document, {childList: true, subtree: true});
  })});
  return out;
}

async function frames() {
  const server = await serve(process.env.APP, {large: largeProfile(100_000)});
  const out = {point: [], scroll: [], zoom: []};
  const work = {point: [], scroll: [], zoom: []};
  await withPage(`${server.url}profiles`, async (page) => {
    await page.waitForSelector(".card-foot >> text=/100,\\d+ frames/", kPatience);
    await page.waitForTimeout(1000);
    const box = await page.locator(".flame-box").boundingBox();
    const [left, top] = [box.x + 8, box.y + 8];
    // Intervals between frames while something is done with the pointer, and how long the page's own code ran in each.
    const record = async (name, act) => {
      await page.evaluate(() => {
        globalThis.recorded = {intervals: [], work: []};
        let last = performance.now();
        const spent = {ms: 0};
        const real = globalThis.requestAnimationFrame.bind(globalThis);
        globalThis.requestAnimationFrame = (task) => real((now) => {
          const began = performance.now();
          task(now);
          spent.ms += performance.now() - began;
        });
        const step = (now) => {
          globalThis.recorded.intervals.push(now - last);
          globalThis.recorded.work.push(spent.ms);
          last = now;
          spent.ms = 0;
          if (!globalThis.stopRecording) real(step);
        };
        globalThis.stopRecording = false;
        globalThis.restore = () => (globalThis.requestAnimationFrame = real);
        real(step);
      });
      await act();
      const found = await page.evaluate(() => {
        globalThis.stopRecording = true;
        globalThis.restore();
        return globalThis.recorded;
      });
      out[name].push(...found.intervals.slice(2));
      work[name].push(...found.work.slice(2));
    };
    const round = async () => {
      await record("point", async () => {
        for (let i = 0; i < 60; ++i) await page.mouse.move(left + (i * 13) % (box.width - 20), top + 60 + (i * 7) % (box.height - 80));
      });
      await record("scroll", async () => {
        for (let i = 0; i < 30; ++i) {
          await page.mouse.wheel(0, i < 15 ? 60 : -60);
          await page.waitForTimeout(16);
        }
      });
      await record("zoom", async () => {
        for (let i = 1; i <= 8; ++i) {
          await page.mouse.click(left + (box.width * i) / 10, top + 22 * 6);
          await page.waitForTimeout(60);
          await page.keyboard.press("Escape");
          await page.waitForTimeout(60);
        }
      });
    };
    await round();
    for (const values of [...Object.values(out), ...Object.values(work)]) values.length = 0; // the first round warms up
    for (let i = 0; i < 3; ++i) await round();
  });
  await server.close();
  return {out, work};
}

try {
  await setUp();
  const {port} = await start(configTo("http://127.0.0.1:9"));
  const link = await slowLink(port);
  for (const [name, at_, limit] of [["near by", port, kLimits.near], ["on a slow link", link.port, kLimits.far]]) {
    for (const [page, path] of [["overview", ""], ["targets", "targets"]]) {
      const all = [];
      for (let i = 0; i < runs; ++i) all.push(await paints(`http://127.0.0.1:${at_}/${path}`));
      if (path === "") tell(`${page}, ${name}: the document with what is wrong`, all.map(({document}) => document), limit);
      tell(`${page}, ${name}: the app`, all.map(({app}) => app));
    }
  }
  link.close();
  const {out, work} = await frames();
  for (const [name, what] of [["point", "pointed at"], ["scroll", "scrolled"], ["zoom", "zoomed in and out"]]) {
    if (at(work[name], 0.99) > kLimits.frame) ++missed;
    console.log(`  100,000 nodes ${what.padEnd(20)} frames every ${ms(at(out[name], 0.5))} (95 %: ${ms(at(out[name], 0.95))}); our work in one: 95 % ${ms(at(work[name], 0.95))}, 99 % ${ms(at(work[name], 0.99))}, worst ${ms(Math.max(...work[name]))}   limit 16.7 ms`);
  }
} finally {
  await tearDown();
}
process.exit(missed > 0 ? 1 : 0);
