// Answers of the API as docs/api/openapi.yaml describes them, made up but of one piece: a shop with a broken roll-out, a server that
// refuses, and `many` targets when asked. The same at every run.
import {profileOf} from "./profile.mjs";

export const kNow = Date.UTC(2026, 10, 28, 14, 40, 0);
const kMinute = 60_000;
const random = (seed) => () => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) / 0x7fffffff;

const kServices = [["checkout", 24], ["search", 20], ["cart", 18], ["ads", 14], ["mail", 7], ["auth", 6], ["kubelet", 12], ["payments", 10]];
const kTypes = ["process_cpu", "memory", "mutex", "block", "goroutine"];

function row(id, service, pod, type, state, next) {
  const own = {
    failing: service === "checkout"
      ? {cause: "refused", text: "the connection was refused", since: kNow - 38 * kMinute, took: 0.001, bytes: null, samples: null}
      : {cause: "http_status", text: `404 Not Found at \`/debug/pprof/${type}\``, since: kNow - 190 * kMinute, took: 0.003, bytes: null, samples: null},
    late: {cause: "slow", text: "it took longer than its interval of 15 s", since: kNow - 328 * kMinute, took: 17 + 5 * next(), bytes: 90_000, samples: 6000},
    waiting: {cause: "", text: "", since: kNow - 5000, took: null, bytes: null, samples: null},
    ok: {cause: "", text: "", since: null, took: type === "process_cpu" ? 10 : 0.02, bytes: Math.floor(40_000 + 50_000 * next()), samples: Math.floor(2000 + 4000 * next())},
    left_out: {cause: "rules", text: "rule 1 of `discovery.relabel.shop` kept only other targets", since: null, took: null, bytes: null, samples: null},
  }[state];
  const namespace = service === "kubelet" ? "infra" : "shop";
  return {
    id, component: `pyroscope.scrape.${namespace}`, group: "", target: `${pod}:6060`, service, labels: {service_name: service, namespace, instance: `${pod}:6060`, pod},
    type: state === "left_out" ? "" : type, state, last: state === "waiting" || state === "left_out" ? null : kNow - Math.floor(14_000 * next()), ...own,
  };
}

export function targets(many = 0) {
  const next = random(11);
  const rows = [];
  const word = () => Math.floor(next() * 36 ** 5).toString(36).padStart(5, "0");
  for (const [service, pods] of kServices) {
    for (let pod = 0; pod < pods; ++pod) {
      const name = `${service}-7d9f6c-${word()}`;
      for (const type of kTypes) {
        const state = service === "checkout" ? "failing" : service === "mail" && type === "mutex" ? "failing" : service === "search" && type === "process_cpu" && pod < 13 ? "late"
          : service === "ads" && pod === 0 && type === "block" ? "waiting" : "ok";
        rows.push(row(`t${rows.length}`, service, name, type, state, next));
      }
    }
  }
  for (let i = 0; i < 26; ++i) rows.push(row(`t${rows.length}`, "batch", `batch-${word()}`, "process_cpu", "left_out", next));
  for (let i = rows.length; i < many; ++i) rows.push(row(`t${i}`, `svc-${i % 400}`, `svc-${i % 400}-${word()}`, kTypes[i % 5], i % 97 === 0 ? "late" : "ok", next));
  return rows;
}

const kGroupTexts = {refused: "Connection refused", http_status: "404 Not Found", slow: "Slower than the interval", waiting: "Waiting for the first scrape", ok: "Delivering", rules: "Left out by rules"};
const kOrder = ["failing", "late", "waiting", "ok", "left_out"];

export function matches(labels, q) {
  if (!q) return true;
  const inner = /^\{(.*)\}$/s.exec(q.trim())?.[1];
  if (inner === undefined) return null;
  for (const [, name, operator, value] of inner.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"/g)) {
    const plain = value.replace(/\\(.)/g, "$1");
    const has = labels[name] ?? "";
    const hit = operator.endsWith("~") ? new RegExp(`^(?:${plain})$`).test(has) : has === plain;
    if (hit === operator.startsWith("!")) return false;
  }
  return inner.trim() === "" || /"\s*,?\s*$/.test(inner) ? true : null;
}

export function targetsPage(rows, params) {
  const q = params.get("q") ?? "";
  if (matches({}, q) === null) return {status: 400, body: {error: {code: "bad_request", text: `expected a label matcher at column ${q.length + 1}`, hint: "", field: "q"}}};
  const component = params.get("component");
  const passing = rows.filter((each) => matches(each.labels, q) && (!component || each.component === component));
  const counts = {failing: 0, late: 0, waiting: 0, ok: 0, left_out: 0};
  passing.forEach((each) => ++counts[each.state]);
  const states = new Set((params.get("state") || "failing,late,waiting,ok").split(","));
  const by = params.get("by") ?? "none";
  const keyOf = {cause: (each) => each.cause || each.state, service: (each) => each.service, job: (each) => each.labels.namespace, component: (each) => each.component, none: () => ""}[by];
  let shown = passing.filter((each) => states.has(each.state)).map((each) => ({...each, group: keyOf(each)}));
  const groups = new Map();
  if (by !== "none") {
    for (const each of shown) {
      const group = groups.get(each.group) ?? {key: each.group, text: by === "cause" ? kGroupTexts[each.group] ?? each.group : each.group, state: each.state, count: 0, since: each.since};
      if (kOrder.indexOf(each.state) < kOrder.indexOf(group.state)) group.state = each.state;
      ++group.count;
      groups.set(each.group, group);
    }
  }
  const ordered = [...groups.values()].sort((a, b) => kOrder.indexOf(a.state) - kOrder.indexOf(b.state) || b.count - a.count);
  const rank = new Map(ordered.map((group, i) => [group.key, i]));
  const [, down, by2] = /^(-?)(.*)$/.exec(params.get("sort") || "state");
  const value = (each) => (by2 === "state" ? kOrder.indexOf(each.state) : each[by2] ?? -1);
  shown.sort((a, b) => (rank.get(a.group) ?? 0) - (rank.get(b.group) ?? 0) || (value(a) < value(b) ? -1 : value(a) > value(b) ? 1 : 0) * (down ? -1 : 1));
  const offset = Number(params.get("offset") ?? 0);
  const limit = Number(params.get("limit") ?? 100);
  return {status: 200, body: {at: kNow, total: rows.length, matched: shown.length, counts, groups: ordered.slice(0, 200), more_groups: Math.max(0, ordered.length - 200), rows: shown.slice(offset, offset + limit), snapshot: `s${q}${by}`, changed: params.get("snapshot") ? 4 : 0}};
}

export function target(rows, id, scraped) {
  const found = rows.find((each) => each.id === id);
  if (!found) return null;
  const interval = 15;
  const scrapes = Array.from({length: 20}, (_, i) => {
    const started = kNow - i * interval * 1000 - 4000;
    const bad = found.state === "failing" && i < 14;
    return {started, took: bad ? 0.001 : 10, bytes: bad ? 0 : 40_000 + 3000 * ((i * 7) % 9), samples: bad ? 0 : 4000 + 100 * ((i * 5) % 7), outcome: bad ? found.cause : "ok", text: bad ? found.text : ""};
  });
  if (scraped) scrapes.unshift({started: kNow + scraped * 1000, took: 0.002, bytes: 0, samples: 0, outcome: "refused", text: "the connection was refused"});
  const address = "10.4.17.23";
  const discovered = {__address__: `${address}:8080`, __meta_kubernetes_pod_label_app: found.service, __meta_kubernetes_namespace: found.labels.namespace, __meta_kubernetes_pod_name: found.labels.pod, __meta_kubernetes_pod_annotation_profiles: "true", ...Object.fromEntries(Array.from({length: 26}, (_, i) => [`__meta_kubernetes_pod_label_l${i}`, `v${i}`]))};
  return {
    at: kNow, row: found, url: `http://${address}:6060/debug/pprof/profile?seconds=14`, interval, next: kNow + 11_000,
    labels: {...found.labels, version: "2.14.0", __address__: `${address}:6060`, __scheme__: "http"}, discovered, found_by: "discovery.kubernetes.pods",
    steps: [
      {component: "discovery.relabel.shop", rule: 1, action: "keep", effect: found.state === "left_out" ? "dropped" : "kept", changed: []},
      ...(found.state === "left_out" ? [] : [
        {component: "discovery.relabel.shop", rule: 2, action: "replace", effect: "unchanged", changed: []},
        {component: "discovery.relabel.shop", rule: 3, action: "replace", effect: "changed", changed: [{label: "__address__", before: `${address}:8080`, after: `${address}:6060`}]},
        {component: "discovery.relabel.shop", rule: 4, action: "labelmap", effect: "changed", changed: [{label: "service_name", before: "", after: found.service}, {label: "version", before: "", after: "2.14.0"}]},
      ]),
    ],
    scrapes,
    answer: found.cause === "http_status" ? {at: kNow - 6000, status: 404, type: "text/plain; charset=utf-8", head: "404 page not found\n"} : null,
  };
}

export function verdict(rows, good) {
  const {counts} = targetsPage(rows, new URLSearchParams()).body;
  const all = good ? {...counts, ok: counts.ok + counts.failing + counts.late, failing: 0, late: 0} : counts;
  const of = rows.length - counts.left_out;
  return {
    at: kNow, state: rows.length === 0 ? "empty" : good ? "ok" : "failing",
    text: rows.length === 0 ? "Nothing is collected yet." : good ? `All ${of.toLocaleString("en-US")} targets deliver, and everything arrives.` : `Profiles are arriving, but ${all.failing.toLocaleString("en-US")} targets deliver nothing and one server refuses ours.`,
    counts: all, targets: of, delivered: rows.length === 0 ? null : good ? 1 : 0.69, started: kNow - (12 * 24 + 4) * 60 * kMinute, version: "0.1.0", components: 9, unhealthy: 0, instance: "host-a",
  };
}

export function problems(rows, good) {
  if (good || rows.length === 0) return {at: kNow, total: 0, problems: []};
  const of = (cause) => rows.filter((each) => each.cause === cause);
  const about = (cause, severity, text) => ({severity, kind: "targets", component: "pyroscope.scrape.shop", cause, text, count: of(cause).length, of: rows.length, since: of(cause)[0]?.since ?? null, what: of(cause).slice(0, 5).map((each) => each.target)});
  return {at: kNow, total: 4, problems: [
    about("refused", "failing", "the connection was refused"),
    {severity: "failing", kind: "endpoint", component: "pyroscope.write.eu", text: "`https://profiles.eu.example` answers 401 to every push: “invalid token”. 127,712 profiles wait; the oldest expires in 41 min.", count: 1, of: 2, since: kNow - 19 * kMinute, what: ["https://profiles.eu.example"]},
    about("http_status", "failing", "404 Not Found at `/debug/pprof/mutex`"),
    about("slow", "degraded", "they answer slower than their interval of 15 s"),
  ]};
}

export function history(good) {
  const next = random(5);
  const length = 360;
  const start = kNow - length * 10_000;
  const series = (name, unit, value) => ({name, unit, values: Array.from({length}, (_, i) => value(i / length, next()))});
  return {at: kNow, start, step: 10, series: [
    series("taken", "profiles/s", (part, r) => (part < 0.36 ? 128 : 112) + 3 * r),
    series("oldest", "s", (part, r) => (good || part < 0.68 ? 2 + r : (part - 0.68) * 3560)),
    series("cpu", "cores", (part, r) => 0.06 + 0.04 * r),
    series("rss", "bytes", (part, r) => 66 * 2 ** 20 + part * 2e6 + r * 4e5),
  ]};
}

export const ledger = {
  at: kNow, since: kNow - (12 * 24 + 4) * 60 * kMinute,
  sources: [{component: "pyroscope.scrape.shop", taken: 301442, destinations: ["pyroscope.write.eu", "pyroscope.fsdump.local"]}, {component: "pyroscope.scrape.infra", taken: 88120, destinations: ["pyroscope.write.eu", "pyroscope.fsdump.local"]}, {component: "pyroscope.receive_http.sdk", taken: 23244, destinations: ["pyroscope.write.eu"]}],
  destinations: [
    {component: "pyroscope.write.eu", destination: "https://profiles.eu.example", taken: 412806, sent: 284838, queued: 127712, refused: 24, expired: 0, dropped: 232},
    {component: "pyroscope.fsdump.local", destination: "Local archive", taken: 412806, sent: 412804, queued: 2, refused: 0, expired: 0, dropped: 0},
  ],
  types: [],
};

export const services = {at: kNow, total: 58, services: [["search", 100, 0, 4.6, 2.41], ["cart", 90, 0, 3.6, 1.12], ["ads", 70, 0, 2.2, 0.8], ["kubelet", 60, 0, 1.9, null], ["mail", 35, 7, 0.6, 0.2]]
  .map(([service, targets, failing, mib, cores]) => ({service, targets, failing, bytes: mib * 2 ** 20, samples: mib * 9000, cores}))};

const health = (state = "healthy", text = "started component") => ({state, text, since: kNow - 60 * 60 * kMinute});
const part = (id, more = {}) => {
  const [module, local] = id.includes("/") ? [id.slice(0, id.lastIndexOf("/")), id.slice(id.lastIndexOf("/") + 1)] : ["", id];
  const names = local.split(".");
  const label = names.length > 2 || !local.startsWith("infra") ? names.at(-1) : "";
  return {id, name: names.slice(0, -1).join(".") || local, label, local_id: local, module, health: health(), references_to: [], referenced_by: [], data_flow_to: [], modules: [], targets: null, rate: null, problems: 0, ...more};
};
export const components = [
  part("discovery.kubernetes.pods", {targets: 1310, data_flow_to: ["discovery.relabel.shop"], referenced_by: ["discovery.relabel.shop"]}),
  part("discovery.relabel.shop", {targets: 1284, references_to: ["discovery.kubernetes.pods"], referenced_by: ["pyroscope.scrape.shop"], data_flow_to: ["pyroscope.scrape.shop"]}),
  part("pyroscope.scrape.shop", {targets: 534, rate: 112, problems: 3, references_to: ["discovery.relabel.shop", "pyroscope.write.eu", "pyroscope.fsdump.local"], data_flow_to: ["pyroscope.write.eu", "pyroscope.fsdump.local"]}),
  part("pyroscope.receive_http.sdk", {rate: 6.4, data_flow_to: ["pyroscope.write.eu"], references_to: ["pyroscope.write.eu"]}),
  part("pyroscope.write.eu", {rate: 118, problems: 1, health: health("unhealthy", "401 Unauthorized: invalid token"), referenced_by: ["pyroscope.scrape.shop", "pyroscope.receive_http.sdk"]}),
  part("pyroscope.fsdump.local", {rate: 136, referenced_by: ["pyroscope.scrape.shop"]}),
  part("infra.default", {modules: ["infra.default"], data_flow_to: ["pyroscope.fsdump.local"]}),
  part("infra.default/discovery.process.all", {targets: 60, data_flow_to: ["pyroscope.ebpf.node"], referenced_by: ["pyroscope.ebpf.node"]}),
  part("infra.default/pyroscope.ebpf.node", {targets: 60, rate: 24, references_to: ["discovery.process.all"]}),
];

export function componentDetail(id) {
  const found = components.find((each) => each.id === id);
  if (!found) return null;
  const attr = (name, value) => ({name, type: "attr", value});
  const scrape = found.name === "pyroscope.scrape";
  return {
    ...found, at: kNow,
    arguments: [attr("targets", {type: "array", value: [{type: "object", value: [{key: "__address__", value: {type: "string", value: "10.4.17.23:6060"}}]}]}), attr("scrape_interval", {type: "string", value: "15s"}), attr("forward_to", {type: "array", value: [{type: "capsule", value: "capsule(\"pprof receiver\")"}]}),
      ...(found.name === "discovery.relabel" ? [{name: "rule", type: "block", body: [attr("action", {type: "string", value: "keep"}), attr("regex", {type: "string", value: "true"})]}, {name: "rule", type: "block", body: [attr("target_label", {type: "string", value: "__address__"})]}] : []),
      {name: "profiling_config", type: "block", body: [{name: "profile.process_cpu", type: "block", body: [attr("enabled", {type: "bool", value: true}), attr("path", {type: "string", value: "/debug/pprof/profile"})]}]}],
    exports: found.targets !== null && !scrape ? [attr("output", {type: "array", value: []})] : [],
    debug_info: [attr("profiles", {type: "number", value: 301442})],
    tables: scrape ? [{block: "target", total: 534}] : [],
    problem_list: found.problems > 0 ? [{severity: "failing", what: "https://profiles.eu.example", text: "answers 401 to every push: “invalid token”", since: kNow - 19 * kMinute}] : [],
    live: true,
  };
}

export function componentRows(params) {
  const all = Array.from({length: 534}, (_, i) => [`checkout-7d9f6c-${i}:6060`, i % 7 === 0 ? "down" : "up", `${(i % 9) + 1}ms`, i % 7 === 0 ? "dial tcp: connection refused" : ""]);
  const find = (params.get("find") ?? "").toLowerCase();
  const shown = all.filter((cells) => cells.some((cell) => cell.toLowerCase().includes(find)));
  const offset = Number(params.get("offset") ?? 0);
  return {at: kNow, total: all.length, matched: shown.length, columns: ["url", "health", "last_scrape_duration", "last_error"], rows: shown.slice(offset, offset + Number(params.get("limit") ?? 100))};
}

export const componentSchema = {
  at: kNow, name: "pyroscope.scrape", summary: "Takes profiles from targets over HTTP.", documentation: "Asks each target for each profile type that is switched on.\n\n- CPU profiles take as long as the interval.\n- `delta` profiles are computed here.", example: 'pyroscope.scrape "app" {\n  targets    = discovery.process.all.targets\n  forward_to = [pyroscope.write.eu.receiver]\n}\n',
  arguments: [{name: "targets", kind: "attribute", type: "list(map(string))", required: true, default: "", doc: "Targets to scrape."}, {name: "scrape_interval", kind: "attribute", type: "duration", required: false, default: '"15s"', doc: "How often."}], exports: [],
};

export const endpoints = {at: kNow, total: 2, endpoints: [
  {id: "pyroscope.write.eu/0", component: "pyroscope.write.eu", kind: "server", url: "https://profiles.eu.example", name: "", state: "failing", text: "refuses our credentials", sent: 284838, queued: 127712, queued_bytes: 1.4 * 2 ** 30, disk_bytes: 1.4 * 2 ** 30, oldest: 19 * 60, max_age: 3600, took_p50: 0.0412, took_p99: 0.93, refused: 24, expired: 0, dropped: 232, in_flight: 0, in_flight_limit: 4, last_error: "401 Unauthorized: invalid token", last_error_at: kNow - 3000},
  {id: "pyroscope.fsdump.local", component: "pyroscope.fsdump.local", kind: "archive", url: "/var/lib/invar/profiles", name: "", state: "ok", text: "storing", sent: 412804, queued: 2, queued_bytes: 131072, disk_bytes: 31.2 * 2 ** 30, oldest: 0.4, max_age: null, took_p50: null, took_p99: null, refused: 0, expired: 0, dropped: 0, in_flight: 1, in_flight_limit: 4, last_error: "", last_error_at: null},
]};
export const ages = {at: kNow, total: 127_712, max_age: 3600, ages: [[0, 60, 6_720], [60, 300, 26_880], [300, 900, 67_200], [900, 3600, 26_912], [3600, null, 0]].map(([from, to, count]) => ({from, to, count}))};
export const errors = {at: kNow, total: 2, errors: [{text: "401 Unauthorized: invalid token", count: 4120, first: kNow - 19 * kMinute, last: kNow - 3000}, {text: "413 Request Entity Too Large: limit 4 MiB", count: 24, first: kNow - 300 * kMinute, last: kNow - 250 * kMinute}]};
export const archives = {at: kNow, total: 1, archives: [{id: "pyroscope.fsdump.local", component: "pyroscope.fsdump.local", path: "/var/lib/invar/profiles"}]};
export const peers = {at: kNow, enabled: true, total: 3, targets_of_nobody: 12, peers: [{name: "host-a", address: "10.0.0.1:12345", state: "participant", self: true, targets: 642}, {name: "host-b", address: "10.0.0.2:12345", state: "participant", self: false, targets: 630}, {name: "host-c", address: "10.0.0.3:12345", state: "terminating", self: false, targets: 0}],
  balance: {by_cost: true, leader: "host-a", plan: 3, since: kNow - 240_000, moved: 0.018, nodes: [{name: "host-a", keys: 0.4, cost: 0.52}, {name: "host-b", keys: 0.6, cost: 0.48}]}};
export const remotecfg = {at: kNow, enabled: true, url: "https://fleet.example/v1", id: "host-a", hash: "4f1c9a77", running: true, from_cache: false, unanswered: false, loaded: kNow - 328 * kMinute, polled: kNow - 12_000, error: ""};

const kConfig = `// The shop's profiles.
discovery.kubernetes "pods" {
  role = "pod"
}

discovery.relabel "shop" {
  targets = discovery.kubernetes.pods.targets

  rule {
    action        = "keep"
    source_labels = ["__meta_kubernetes_pod_annotation_profiles"]
    regex         = "true"
  }
  rule {
    source_labels = ["__address__"]
    regex         = "(.*):8080"
    target_label  = "__address__"
    replacement   = "$1:6060"
  }
}

pyroscope.scrape "shop" {
  targets         = discovery.relabel.shop.output
  scrape_interval = "15s"
  forward_to      = [pyroscope.write.eu.receiver, pyroscope.fsdump.local.receiver]
}

pyroscope.write "eu" {
  endpoint {
    url = "https://profiles.eu.example"
    basic_auth {
      username = "invar"
      password = (secret)
    }
  }
}

pyroscope.fsdump "local" { }
`;
const kOld = kConfig.replace("    basic_auth {\n      username = \"invar\"\n      password = (secret)\n    }\n", "");
const kTexts = [["/etc/invar/shop.alloy", kConfig], ["/etc/invar/infra.alloy", "// Nodes.\nimport.file \"infra\" { filename = \"infra\" }\n"], ["/etc/invar/shop.alloy", kOld], ["/etc/invar/infra.alloy", "// Nodes.\nimport.file \"infra\" { filename = \"infra\" }\n"]];
const listed = (from, to) => kTexts.slice(from, to).map(([path, text], i) => ({n: from + i, path, lines: text.split("\n").length - 1}));
// After a refused reload 2 and 3 are what keeps running.
export const configFiles = (bad) => ({at: kNow, path: "/etc/invar/shop.alloy", loaded: kNow - (bad ? 2 : 328) * kMinute, applied: !bad, error: bad ? "shop.alloy:31: unknown attribute" : "", files: listed(0, 2), ...(bad ? {kept_files: listed(2, 4), kept_loaded: kNow - 328 * kMinute} : {})});
export const configFile = (n) => (kTexts[n] ? {at: kNow, n, path: kTexts[n][0], lines: kTexts[n][1].split("\n").length - 1, text: kTexts[n][1]} : null);
export const ruleLines = (n, bad) => {
  const rules = n === (bad ? 2 : 0) ? [{line: 9, action: "keep", component: "discovery.relabel.shop", components: 1, of: "targets", seen: 1310, dropped: 26, changed: 0}, {line: 14, action: "replace", component: "discovery.relabel.shop", components: 1, of: "targets", seen: 1284, dropped: 0, changed: 1284}] : [];
  return {at: kNow, total: rules.length, rules};
};
export const diagnostics = (bad) => ({at: kNow, total: bad ? 1 : 0, diagnostics: bad ? [{severity: "error", file: "/etc/invar/shop.alloy", line: 31, column: 5, text: "unknown attribute \"pasword\": do you mean \"password\"?"}] : []});

export function rulesTry({rules}) {
  if (!rules.includes("rule")) return {at: kNow, targets: 1310, before: {kept: 1284, left_out: 26}, after: {kept: 0, left_out: 0}, changed: 0, rules: [], matched: 0, rows: [], diagnostics: [{severity: "error", file: "rules", line: 1, column: 1, text: "expected a `rule` block"}]};
  const drops = rules.includes("drop");
  const labels = {service_name: "checkout", __address__: "10.4.17.23:6060"};
  return {at: kNow, targets: 1310, before: {kept: 1284, left_out: 26}, after: {kept: drops ? 1271 : 1284, left_out: drops ? 39 : 26}, changed: drops ? 24 : 0, diagnostics: [], rules: Array.from({length: rules.split("rule {").length - 1}, (_, i) => ({dropped: i === 0 ? 26 : drops && i > 1 ? 13 : 0, changed: i === 1 ? 1284 : 0})),
    matched: drops ? 24 : 0, rows: drops ? [{input: {__address__: "10.4.17.23:8080"}, before: labels, after: null}, {input: {__address__: "10.4.17.24:8080"}, before: {...labels, __address__: "10.4.17.24:6060"}, after: {...labels, __address__: "10.4.17.24:6060", version: "2.14.0"}}] : []};
}

// ---- profiles

const kStacks = [
  ["net/http.(*conn).serve;net/http.serverHandler.ServeHTTP;go.opentelemetry.io/otelhttp.(*middleware).serveHTTP;shop.example/search/api.(*Server).Query;shop.example/search/index.(*Reader).Lookup;shop.example/search/index.(*Segment).Postings;github.com/RoaringBitmap/roaring.(*Bitmap).And;github.com/RoaringBitmap/roaring.(*arrayContainer).and", 0.2, 0.2],
  ["net/http.(*conn).serve;net/http.serverHandler.ServeHTTP;go.opentelemetry.io/otelhttp.(*middleware).serveHTTP;shop.example/search/api.(*Server).Query;shop.example/search/index.(*Reader).Lookup;shop.example/search/index.(*Segment).Postings;shop.example/search/index.decodeVarints", 0.15, 0.17],
  ["net/http.(*conn).serve;net/http.serverHandler.ServeHTTP;go.opentelemetry.io/otelhttp.(*middleware).serveHTTP;shop.example/search/api.(*Server).Query;shop.example/search/index.(*Reader).Lookup;shop.example/search/index.(*Reader).score;shop.example/search/index.bm25", 0.2, 0.22],
  ["net/http.(*conn).serve;net/http.serverHandler.ServeHTTP;go.opentelemetry.io/otelhttp.(*middleware).serveHTTP;shop.example/search/api.(*Server).Query;shop.example/search/api.decodeFacets;encoding/json.Unmarshal;encoding/json.(*decodeState).object;encoding/json.(*decodeState).value;encoding/json.(*decodeState).literalStore;runtime.mallocgc", 0.1, 0.31],
  ["net/http.(*conn).serve;net/http.serverHandler.ServeHTTP;go.opentelemetry.io/otelhttp.(*middleware).serveHTTP;shop.example/search/api.(*Server).Query;shop.example/search/api.decodeFacets;encoding/json.Unmarshal;encoding/json.(*decodeState).object;reflect.Value.SetMapIndex;runtime.mapassign", 0.1, 0.3],
  ["net/http.(*conn).serve;net/http.serverHandler.ServeHTTP;go.opentelemetry.io/otelhttp.(*middleware).serveHTTP;shop.example/search/api.(*Server).Query;google.golang.org/grpc.(*ClientStream).RecvMsg;google.golang.org/grpc.(*decoder).Read;internal/poll.(*FD).Read;syscall.read;entry_SYSCALL_64;tcp_recvmsg", 0.4, 0.35],
  ["runtime.gcBgMarkWorker;runtime.gcDrain;runtime.scanobject", 0.2, 0.28], ["runtime.gcBgMarkWorker;runtime.gcDrain;runtime.greyobject", 0.05, 0.08],
  ["runtime.mcall;runtime.schedule;runtime.findRunnable", 0.11, 0.1], ["main.main;shop.example/search/server.Run", 0.1, 0.1], ["main.main;shop.example/search/server.Run;ZSTD_decompress", 0.1, 0.1],
];
const kSeconds = 300;

export function tree(two, large) {
  if (large) return {at: kNow, profiles: [600], first: kNow - 300_000, last: kNow, seconds: kSeconds, cut: {nodes: 25_000, share: 0.004, profiles: 0}, tree: large};
  const lines = kStacks.map(([path, before, after]) => [path, ...(two ? [before * kSeconds * 1e9, after * kSeconds * 1e9] : [after * kSeconds * 1e9])]);
  const made = profileOf(lines, {title: "search", sides: two ? ["An hour ago", "Now"] : [""]});
  return {at: kNow, profiles: two ? [600, 600] : [600], first: kNow - 300_000, last: kNow, seconds: kSeconds, cut: {nodes: 0, share: 0, profiles: 0}, tree: made};
}

export function top(two, params) {
  const self = new Map();
  for (const [path, before, after] of kStacks) {
    const names = path.split(";");
    new Set(names).forEach((name) => {
      const each = self.get(name) ?? {name, file: "", self: [0, 0], total: [0, 0]};
      const own = name === names.at(-1) ? 1 : 0;
      [before, after].forEach((value, side) => {
        each.self[side] += own * value * kSeconds * 1e9;
        each.total[side] += value * kSeconds * 1e9;
      });
      self.set(name, each);
    });
  }
  const all = [...self.values()];
  const sort = params.get("sort") ?? "-self";
  const by = {"-self": (each) => -each.self[1], "-total": (each) => -each.total[1], "-change": (each) => each.self[0] - each.self[1], change: (each) => each.self[1] - each.self[0], name: (each) => each.name}[sort];
  all.sort((a, b) => (by(a) < by(b) ? -1 : by(a) > by(b) ? 1 : 0));
  const pick = (values) => (two ? values : [values[1]]);
  const offset = Number(params.get("offset") ?? 0);
  return {at: kNow, total: all.length, type: "cpu", unit: "nanoseconds", sum: pick([1.71e9 * kSeconds, 2.21e9 * kSeconds]), functions: all.slice(offset, offset + Number(params.get("limit") ?? 100)).map((each) => ({...each, self: pick(each.self), total: pick(each.total)}))};
}

export function seriesList() {
  const series = [];
  for (const [service, pods] of kServices) {
    for (let pod = 0; pod < Math.min(pods, 4); ++pod) {
      for (const type of ["process_cpu", "memory"]) series.push({id: `${service}${pod}${type}`, labels: {service_name: service, namespace: "shop", pod: `${service}-7d9f6c-${pod}`}, component: "pyroscope.scrape.shop", type, first: kNow - 22 * kMinute, last: kNow - 3000, profiles: 88, bytes: 88 * 50_000});
    }
  }
  return {at: kNow, total: series.length, matched: series.length, kept_bytes: 63 * 2 ** 20, limit_bytes: 64 * 2 ** 20, not_shown: 0, oldest: kNow - 22 * kMinute, sources: ["memory", "pyroscope.fsdump.local"], types: ["process_cpu", "memory"], series};
}

export function timeline() {
  const next = random(3);
  const length = 240;
  return {at: kNow, start: kNow - length * 15_000, step: 15, type: "cpu", unit: "nanoseconds", values: Array.from({length}, (_, i) => ((i < 180 ? 1.79 : 2.3) + 0.2 * next()) * 15e9), marks: [{at: kNow - 15 * kMinute, service: "search", label: "version", value: "4.8.1", before: "4.8.0"}], profiles: 4800, cut: 0};
}

export const profileList = {at: kNow, total: 600, matched: 600, profiles: Array.from({length: 100}, (_, i) => ({id: `p${i}`, series: "search0process_cpu", labels: {service_name: "search", pod: `search-7d9f6c-${i % 20}`}, type: "process_cpu", taken: kNow - i * 15_000, bytes: 50_000}))};
