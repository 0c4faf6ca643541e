// The ways to a real Invar: TLS, a password, a reverse proxy, a slow link. Environment: that of daemon.mjs; nginx and openssl, or it is skipped.
import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";
import {mkdirSync, writeFileSync} from "node:fs";
import {createServer} from "node:http";
import {get as getTls} from "node:https";
import {join} from "node:path";
import {after, before, test} from "node:test";

import {answers, configTo, folder, freePort, kPatience, run, shot, start, withDaemons, withPage} from "./daemon.mjs";
import {eventually} from "./eventually.mjs";

let refusing;
const config = () => configTo(`http://127.0.0.1:${refusing.address().port}`);
const has = (program) => {
  try {
    execFileSync("sh", ["-c", `command -v ${program} || test -x /usr/sbin/${program}`], {stdio: "ignore"});
    return true;
  } catch {
    return false;
  }
};
const skip = ["openssl", "nginx"].filter((program) => !has(program)).map((program) => `${program} is not installed`).join(", ") || false;

withDaemons();
before(async () => {
  refusing = createServer((_, response) => response.writeHead(401).end("invalid token")).listen(0, "127.0.0.1");
  await new Promise((done) => refusing.on("listening", done));
});
after(() => refusing?.close());

let pair;
function certificate() {
  if (pair) return pair;
  const [certificateFile, key] = ["certificate.pem", "key.pem"].map((name) => join(folder, name));
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificateFile], {stdio: "ignore"});
  return (pair = {certificateFile, key});
}

// One answer over TLS, or its first bytes; ended by us.
const askTls = (url, headers = {}) => new Promise((done, failed) => {
  const request = getTls(url, {rejectUnauthorized: false, headers}, (response) => {
    if (response.headers["content-type"] !== "text/event-stream") response.resume().on("end", () => done(response.statusCode));
    else response.once("data", () => {
      request.destroy();
      done(response.statusCode);
    });
  }).on("error", failed);
});

// nginx before `port`, with TLS, under a path.
async function proxy(port, path) {
  const own = join(folder, "nginx");
  mkdirSync(own);
  const {certificateFile, key} = certificate();
  const outer = await freePort();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${own}/${name};`).join(" ");
  writeFileSync(join(own, "nginx.conf"), `daemon off; master_process off; pid ${own}/pid; error_log stderr; user root;
events {}
http { access_log off; ${temporary}
  server { listen 127.0.0.1:${outer} ssl; ssl_certificate ${certificateFile}; ssl_certificate_key ${key};
    location ${path} { proxy_pass http://127.0.0.1:${port}; proxy_http_version 1.1; } } }`);
  const program = run(has("nginx") ? "/usr/sbin/nginx" : "nginx", ["-e", "stderr", "-p", own, "-c", join(own, "nginx.conf")]);
  for (const end = Date.now() + 20_000; ; await new Promise((later) => setTimeout(later, 50))) {
    assert.ok(Date.now() < end && program.exitCode === null, program.said);
    if (await askTls(`https://127.0.0.1:${outer}/`).catch(() => 0)) return `https://127.0.0.1:${outer}`;
  }
}

test("with TLS: pages, the event stream, and readers that go without a word", {skip}, async () => {
  const {certificateFile, key} = certificate();
  const {port} = await start(`http {\n  tls {\n    cert_file = "${certificateFile}"\n    key_file = "${key}"\n  }\n}\n${config().replaceAll(/forward_to +=/g, "scheme = \"https\"\n  tls_config {\n    insecure_skip_verify = true\n  }\n  $&")}`, {
    ready: async (at, program) => {
      for (const end = Date.now() + 60_000; (await askTls(`https://127.0.0.1:${at}/-/ready`).catch(() => 0)) !== 200; await new Promise((later) => setTimeout(later, 50)))
        assert.ok(Date.now() < end && program.exitCode === null, program.said);
    },
  });
  const url = `https://127.0.0.1:${port}`;
  // More than may listen at a time: each leaves at once.
  for (let i = 0; i < 40; ++i) {
    for (const end = Date.now() + 20_000; (await askTls(`${url}/api/v1/live/pyroscope.scrape.some`)) !== 200; await new Promise((later) => setTimeout(later, 50)))
      assert.ok(Date.now() < end, `reader ${i}: those before it are taken for present`);
  }
  const secure = {context: {ignoreHTTPSErrors: true}};
  await withPage(`${url}/`, (page) => page.waitForSelector(".stream >> text=Live", kPatience), secure);
  await withPage(`${url}/live/pyroscope.scrape.some`, (page) => page.waitForSelector(".live-line", kPatience), secure);
});

test("behind nginx: TLS outside, a path prefix, the password of Invar", {skip}, async (t) => {
  const user = "me:secret-word";
  const {port} = await start(`http {\n  auth {\n    basic {\n      username = "me"\n      password = "secret-word"\n    }\n  }\n}\n${config().replace('scrape_interval =', 'basic_auth {\n    username = "me"\n    password = "secret-word"\n  }\n  scrape_interval =')}`,
    {flags: ["--server.http.ui-path-prefix=/tools/invar/"], user});
  const url = await proxy(port, "/tools/invar/");
  const context = {ignoreHTTPSErrors: true, httpCredentials: {username: "me", password: "secret-word"}};
  await t.test("changes come by the stream, which the proxy does not keep back", () => withPage(`${url}/tools/invar/`, async (page) => {
    await page.waitForSelector(".stream >> text=Live", kPatience);
    await page.waitForSelector("h1.verdict-text", kPatience);
    await shot(page, "nginx");
  }, {context}));
  await t.test("links stay inside, and what changes something is let through", () => withPage(`${url}/tools/invar/`, async (page) => {
    await page.waitForSelector("h1.verdict-text", kPatience);
    await page.click("nav >> text=Targets");
    await page.locator(".grid-row.failing").first().click(kPatience);
    await eventually(() => assert.match(page.url(), /\/tools\/invar\/targets\?/));
    await page.click(".actions >> text=Scrape now");
    await page.waitForFunction(() => /refused|answered/.test(document.querySelector(".told-line")?.textContent ?? ""), null, kPatience);
    await page.click('nav >> text="Live"');
    await page.selectOption(".pick select", "pyroscope.scrape.some", kPatience);
    await page.waitForSelector(".live-line", kPatience);
  }, {context}));
  await t.test("a wrong password shows nothing of Invar", () => withPage(`${url}/tools/invar/`, async (page) => {
    await eventually(async () => assert.equal(await page.locator("nav, .verdict-text, table").count(), 0));
    const answer = await page.request.get(`${url}/tools/invar/api/v1/verdict`);
    assert.equal(answer.status(), 401);
    assert.ok(!(await answer.text()).includes("target"));
  }, {context: {...context, httpCredentials: {username: "me", password: "wrong"}}, expected: /401/, refused: true}));
});

test("on a slow link the document tells what is wrong before any script has come", async () => {
  const {url} = await start(config());
  let scripts = 0;
  await withPage(`${url}/`, async (page) => {
    await page.waitForSelector("h1.verdict-text", kPatience); // the app has come in the end
    const [paint] = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint").map(({startTime}) => startTime));
    const script = await page.evaluate(() => Math.max(...performance.getEntriesByType("resource").filter(({name}) => name.endsWith(".js")).map(({responseEnd}) => responseEnd)));
    assert.ok(paint < script, `painted after ${paint} ms, scripts came after ${script} ms`);
    assert.ok(scripts > 0);
  }, {before: async (page, context) => {
    page.on("response", (response) => (scripts += response.url().endsWith(".js") ? 1 : 0));
    const session = await context.newCDPSession(page);
    await session.send("Network.emulateNetworkConditions", {offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000});
  }});
});
