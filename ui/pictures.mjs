// Makes the pictures of the README from canned answers: node ui/pictures.mjs APP NODE_MODULES
// APP: what ui/build.mjs wrote into app/; NODE_MODULES: where playwright-core is.
import {createRequire} from "node:module";
import {dirname, join, resolve} from "node:path";
import {fileURLToPath} from "node:url";

import {serve} from "./test/canned.mjs";
import {kNow} from "./test/canned_data.mjs";

const [app, modules] = process.argv.slice(2);
const {chromium} = createRequire(join(resolve(modules), "x.js"))("playwright-core");
const out = join(dirname(fileURLToPath(import.meta.url)), "../docs/images");
const kDesk = {viewport: {width: 1280, height: 800}};
const kPictures = [
  ["app-overview", "", "light", ".uplot", kDesk],
  ["app-targets", "targets?t=t0", "light", ".steps", kDesk],
  ["app-profiles", 'profiles?q={service_name="search"}&vs=hour', "dark", ".top-list", kDesk],
  ["app-phone", "targets", "dark", ".grid-row", {viewport: {width: 390, height: 700}, deviceScaleFactor: 1.5, isMobile: true, hasTouch: true}],
];

const server = await serve(app);
const browser = await chromium.launch({executablePath: "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu"]});
for (const [name, path, colorScheme, ready, device] of kPictures) {
  const context = await browser.newContext({...device, colorScheme, timezoneId: "UTC"});
  const page = await context.newPage();
  await page.clock.install({time: kNow + 2000});
  await page.goto(server.url + path);
  await page.waitForSelector(ready);
  await page.clock.runFor(1000);
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({path: join(out, `${name}.png`)});
  await context.close();
}
await browser.close();
await server.close();
