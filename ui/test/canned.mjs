// The app with canned answers instead of a daemon: node ui/test/canned.mjs FILES [PORT]; FILES is what ui/build.mjs wrote into app/.
// `state` of a server: good, bad, empty, down (no answer), password; it may change while it runs.
import {readFileSync} from "node:fs";
import {createServer} from "node:http";
import {join} from "node:path";
import {fileURLToPath} from "node:url";
import {gzipSync} from "node:zlib";

import * as data from "./canned_data.mjs";

const kTypes = {svg: "image/svg+xml", js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8", woff2: "font/woff2"};
export const kPolicy = "default-src 'self'; base-uri 'self'; object-src 'none'; frame-ancestors 'none'; form-action 'none'";

export async function serve(files, {prefix = "/", state = "bad", many = 0, delay = 0, port = 0, large} = {}) {
  const manifest = JSON.parse(readFileSync(join(files, "manifest.json"), "utf8"));
  const options = {state, delay};
  let rows = state === "empty" ? [] : data.targets(many);
  const scraped = new Map();
  const replays = [];
  const asked = []; // what was requested, in order
  const streams = new Set();
  const document = () => `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><base href="${prefix}"><title>Invar</title>${manifest.head}</head><body><h1>Invar</h1><p>The plain page.</p></body></html>`;

  function answer(path, params, method, body) {
    const good = options.state === "good";
    const is = (pattern) => pattern.exec(path);
    let found;
    if (path === "verdict") return data.verdict(rows, good);
    if (path === "problems") return data.problems(rows, good);
    if (path === "history") return data.history(good);
    if (path === "ledger") return rows.length === 0 ? {...data.ledger, sources: [], destinations: []} : data.ledger;
    if (path === "services") return rows.length === 0 ? {...data.services, total: 0, services: []} : data.services;
    if (path === "targets") {
      const page = data.targetsPage(rows, params);
      return page.status === 200 ? page.body : page;
    }
    if ((found = is(/^targets\/([^/]+)\/scrape$/)) && method === "POST") {
      scraped.set(found[1], (scraped.get(found[1]) ?? 0) + 1);
      return {status: 202, body: {at: data.kNow, id: found[1]}};
    }
    if ((found = is(/^targets\/([^/]+)$/))) return data.target(rows, found[1], scraped.get(found[1]));
    if (path === "components") {
      const module = params.get("module") ?? "";
      const components = rows.length === 0 ? [] : data.components.filter((each) => !module || each.module === module);
      return {at: data.kNow, total: components.length, components};
    }
    if ((found = is(/^components\/(.+)\/rows$/))) return data.componentRows(params);
    if ((found = is(/^components\/(.+)\/schema$/))) return data.componentSchema;
    if ((found = is(/^components\/(.+)$/))) return data.componentDetail(found[1]);
    if (path === "endpoints") return rows.length === 0 ? {at: data.kNow, total: 0, endpoints: []} : good ? {...data.endpoints, endpoints: data.endpoints.endpoints.map((each) => ({...each, state: "ok", text: "takes everything", queued: 0, queued_bytes: 0, oldest: null, refused: 0, dropped: 0, last_error: "", last_error_at: null}))} : data.endpoints;
    if (is(/^endpoints\/.*\/ages$/)) return good ? {at: data.kNow, total: 0, max_age: 3600, ages: []} : data.ages;
    if (is(/^endpoints\/.*\/errors$/)) return good ? {at: data.kNow, total: 0, errors: []} : data.errors;
    if (path === "archives") return data.archives;
    if (path === "replays" && method === "POST") {
      replays.unshift({at: data.kNow, id: `r${replays.length}`, archive: body.archive, to: body.to, state: "running", sent: 41200, failed: 0, total: 98000, started: data.kNow - 60_000, ended: null, text: ""});
      return {status: 201, body: replays[0]};
    }
    if (path === "replays") return {at: data.kNow, replays};
    if ((found = is(/^replays\/(.+)$/)) && method === "DELETE") {
      const replay = replays.find((each) => each.id === found[1]);
      return replay ? Object.assign(replay, {state: "stopped", ended: data.kNow}) : null;
    }
    if (path === "peers") return options.state === "bad" ? data.peers : {at: data.kNow, enabled: false, total: 0, peers: []};
    if (path === "remotecfg") return options.state === "bad" ? data.remotecfg : {at: data.kNow, enabled: false};
    if (path === "config/files") return data.configFiles(options.state === "bad");
    if ((found = is(/^config\/files\/(\d+)$/))) return data.configFile(Number(found[1]));
    if ((found = is(/^config\/files\/(\d+)\/rules$/))) return data.ruleLines(Number(found[1]), options.state === "bad");
    if (path === "config/diagnostics") return data.diagnostics(options.state === "bad");
    if (path === "rules/try" && method === "POST") return data.rulesTry(body);
    const two = params.has("vs_from") || params.has("vs_q") || params.has("vs_id");
    if (path === "series") {
      const all = data.seriesList();
      if (rows.length === 0) return {...all, total: 0, matched: 0, series: [], types: [], oldest: null};
      const series = all.series.filter((each) => data.matches(each.labels, params.get("q") ?? "") && (!params.get("type") || each.type === params.get("type")));
      return {...all, matched: series.length, series: series.slice(0, Number(params.get("limit") ?? 100))};
    }
    if (path === "profiles/list") return data.profileList;
    if (path === "profiles/timeline") return data.timeline();
    if (path === "profiles/tree") return data.tree(two, large);
    if (path === "profiles/top") return data.top(two, params);
    return null;
  }

  function stream(response, topics) {
    response.writeHead(200, {"Content-Type": "text/event-stream", "Cache-Control": "no-store"});
    const send = (event, body) => response.write(`event: ${event}\ndata: ${JSON.stringify(body)}\n\n`);
    for (const topic of topics) {
      const body = topic === "counters" ? {at: data.kNow, values: {taken: 112}} : topic.startsWith("rates") ? {at: data.kNow, window: Number(topic.split(":")[2] ?? 10), components: {"pyroscope.scrape.shop": 112, "pyroscope.write.eu": 118, "pyroscope.fsdump.local": 136, "infra.default/pyroscope.ebpf.node": 24}}
        : topic === "health" ? {at: data.kNow, components: {}} : answer(topic, new URLSearchParams(), "GET");
      if (body) send(topic, body);
    }
    streams.add(response);
    response.on("close", () => streams.delete(response));
    return send;
  }

  function live(response, id) {
    const send = stream(response, []);
    let n = 0;
    const timer = setInterval(() => {
      for (let i = 0; i < 4; ++i, ++n) send("item", {at: data.kNow + n * 50, kind: "profile", text: `process_cpu of ${["checkout", "search", "cart"][n % 3]}, 48.2 KiB`, labels: {service_name: ["checkout", "search", "cart"][n % 3], component: id}, bytes: 49000 + n, destination: "pyroscope.write.eu", outcome: n % 7 === 3 ? "refused: the queue is full" : "accepted"});
      if (n % 40 === 0) send("dropped", {sampled: 3708, lost: 0});
    }, 40);
    response.on("close", () => clearInterval(timer));
  }

  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://x");
    asked.push(`${request.method} ${url.pathname}${url.search}`);
    if (options.delay > 0) await new Promise((done) => setTimeout(done, options.delay));
    if (options.state === "down") return void request.socket.destroy();
    if (options.state === "password") return void response.writeHead(401).end("Unauthorized"); // as after the browser's own question was dismissed
    const send = (status, type, body, more = {}) => {
      const zipped = body.length > 200 && !type.startsWith("font");
      response.writeHead(status, {"Content-Type": type, "X-Content-Type-Options": "nosniff", ...(zipped ? {"Content-Encoding": "gzip"} : {}), ...more});
      response.end(zipped ? gzipSync(body) : body);
    };
    if (!url.pathname.startsWith(prefix)) return void send(404, "text/plain", "404 page not found");
    const path = decodeURI(url.pathname.slice(prefix.length));
    if (path.startsWith("assets/")) {
      const name = path.slice(7);
      if (!/^[\w.-]+$/.test(name)) return void send(404, "text/plain", "404");
      return void send(200, kTypes[name.split(".").at(-1)], readFileSync(join(files, name)), {"Cache-Control": "public, max-age=31536000, immutable"});
    }
    if (path.startsWith("api/v1/")) {
      const name = path.slice(7);
      if (name === "events") return void stream(response, (url.searchParams.get("topics") ?? "").split(","));
      if (name.startsWith("live/")) return void live(response, name.slice(5));
      if (name === "profiles/export") return void send(200, "application/octet-stream", Buffer.from(`format ${url.searchParams.get("format")}`), {"Content-Disposition": "attachment; filename=profile.pb.gz"});
      let text = "";
      for await (const chunk of request) text += chunk;
      const made = answer(name, url.searchParams, request.method, text ? JSON.parse(text) : {});
      const whole = made === null ? {status: 404, body: {error: {code: "not_found", text: `There is no ${name}.`, hint: "", field: ""}}} : made.body ? made : {status: 200, body: made};
      return void send(whole.status, "application/json", JSON.stringify(whole.body), {"Cache-Control": "no-store"});
    }
    send(200, "text/html; charset=utf-8", document(), {"Content-Security-Policy": kPolicy, "Cache-Control": "no-store"});
  });
  await new Promise((done) => server.listen(port, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${server.address().port}${prefix}`,
    asked,
    options,
    rows: (made) => (rows = made),
    push: (event, body) => streams.forEach((response) => response.write(`event: ${event}\ndata: ${JSON.stringify(body)}\n\n`)),
    close: () => (server.closeAllConnections(), new Promise((done) => server.close(done))),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log((await serve(process.argv[2], {port: Number(process.argv[3] ?? 0)})).url);
