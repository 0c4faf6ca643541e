// What the app computes, without a browser: node --test ui/test/logic_test.mjs
// Environment: NODE_MODULES (preact and signals), ESBUILD.
import assert from "node:assert/strict";
import {test} from "node:test";

import {load} from "./bundle.mjs";

const numbers = await load("base/numbers.ts");
const {Plan, Scale} = await load("base/ranges.ts");
const router = await load("base/router.ts");
const {expressionOf} = await load("shell/seek.tsx");
const {pagesOf} = await load("targets/rows.ts");
const {statesOf, forTest} = await load("pages/targets.tsx");
const {curlOf} = await load("targets/scrape.ts");
const {largest, fates} = await load("pages/flow.tsx");
const {marksAt, thinned} = await load("parts/chart.tsx");
const range = await load("profiles/range.ts");
const {originOf, guessOwn} = await load("profiles/origin.ts");
const values = await load("profiles/values.ts");
const releases = await load("profiles/releases.tsx");
const {culprit, insight} = await load("profiles/insight.ts");
const picker = await load("profiles/picker.tsx");
const model = await load("pipeline/model.ts");
const {printBody} = await load("pipeline/print.ts");
const highlight = await load("configuration/highlight.ts");
const {differences} = await load("configuration/lab.tsx");
const {differing, ruleWords} = await load("configuration/rules.ts");
const {summary: clusterSummary} = await load("pages/cluster.tsx");
const {summary, ageWords} = await load("pages/delivery.tsx");
const live = await load("live/lines.ts");
const {remoteInsight} = await load("pages/remotecfg.tsx");
const {clock, utc, millis} = await load("base/times.tsx");

test("every number has its unit, and what is not known is no zero", () => {
  const {bytes, count, counted, duration, percent, rate} = numbers;
  assert.deepEqual([0, 512, 1536, 66.1 * 2 ** 20, null].map(bytes), ["0 B", "512 B", "1.50 KiB", "66.1 MiB", "–"]);
  assert.deepEqual([0, 0.00012, 0.001, 0.25, 1, 18.2, 99, 100, 2460, 3600, 1e6].map(duration), ["0 s", "120 µs", "1 ms", "250 ms", "1 s", "18.2 s", "99 s", "1 min", "41 min", "1 h", "11 d 13 h"]);
  assert.deepEqual([0, 0.0004, 0.69, 0.9999, 1, null].map(percent), ["0 %", "<0.1 %", "69.0 %", "99.9 %", "100 %", "–"]);
  assert.deepEqual([0, 0.2, 19.21, 112, 1234.5, undefined].map(rate), ["0", "0.20", "19.2", "112.0", "1,235", "–"]);
  assert.equal(counted(1, "target"), "1 target");
  assert.equal(counted(1284, "target"), "1,284 targets");
  assert.equal(count(null), "–");
});

test("instants: the day where it is not today's, UTC at hand, never for nothing", () => {
  const noon = new Date(2026, 10, 28, 12, 0, 5).getTime();
  assert.equal(clock(noon, noon), "12:00");
  assert.equal(clock(noon, noon, true), "12:00:05");
  assert.equal(clock(noon - 86400_000, noon), "27 Nov 12:00");
  assert.equal(utc(Date.UTC(2026, 0, 2, 3, 4, 5)), "2026-01-02 03:04:05 UTC");
  assert.equal(millis(0), null);
  assert.equal(millis("2026-01-01T00:00:00Z"), Date.UTC(2026, 0, 1));
});

test("groups become lines: heads, rows, and what is more", () => {
  const groups = [{key: "a", count: 24}, {key: "b", count: 2}, {key: "c", count: 1232}];
  const plan = new Plan(groups, (i) => ["some", "closed", "all"][i]);
  assert.equal(plan.length, 1 + 5 + 1 + 1 + 1 + 1232);
  assert.deepEqual([0, 1, 5, 6, 7, 8, 9].map((line) => plan.at(line)), [
    {kind: "head", group: 0}, {kind: "row", group: 0, offset: 0}, {kind: "row", group: 0, offset: 4}, {kind: "more", group: 0, left: 19},
    {kind: "head", group: 1}, {kind: "head", group: 2}, {kind: "row", group: 2, offset: 26}]);
  assert.equal(plan.lineOf(26), 9);
  assert.equal(plan.lineOf(20), -1);
  assert.equal(new Plan([{key: "a", count: 6}], () => "some").length, 7, "one more is shown rather than told");
  assert.equal(new Plan([{key: "", count: 3}], () => "all", 5, false).at(2).offset, 2);
});

test("the last of a million rows can be reached", () => {
  const scale = new Scale(1_200_000 * 34, 800);
  assert.equal(scale.height, 8_000_000);
  assert.equal(scale.toList(scale.height - 800), 1_200_000 * 34 - 800);
  assert.ok(Math.abs(scale.toBox(scale.toList(12345)) - 12345) < 1e-6);
  assert.equal(new Scale(3400, 800).toList(77), 77);
});

test("links are relative, and leave out what says nothing", () => {
  assert.equal(router.link("targets", {q: '{a="b"}', state: "failing,late", sort: null, find: ""}), "targets?q=%7Ba%3D%22b%22%7D&state=failing,late");
  assert.equal(router.link(""), ".");
  assert.equal(router.link("component/a b/c"), "component/a%20b/c");
  const {path, params} = router.placeOf(new URL("http://x/p/component/m/a.b/?tab=live"), "/p/");
  assert.equal(path, "component/m/a.b");
  assert.equal(params.get("tab"), "live");
});

test("a part of a name becomes an expression, an expression stays one", () => {
  assert.equal(expressionOf('{a="b"}'), '{a="b"}');
  assert.equal(expressionOf("10.4"), '{instance=~".*10\\\\.4.*"}');
  assert.equal(expressionOf("  "), "");
});

test("states of a link, and back to none when they are the usual ones", () => {
  assert.deepEqual([...statesOf("")], ["failing", "late", "waiting", "ok"]);
  assert.equal(forTest.toggled(statesOf(""), "ok"), "failing,late,waiting");
  assert.equal(forTest.toggled(statesOf("failing,late,waiting"), "ok"), null);
  assert.equal(forTest.toggled(statesOf("failing"), "failing"), null);
  assert.deepEqual(["", "took", "-took"].map((sort) => forTest.nextSort(sort, "took")), ["took", "-took", null]);
});

test("rows come in pages of 200", () => {
  assert.deepEqual(pagesOf(0, 30), [0]);
  assert.deepEqual(pagesOf(190, 410), [0, 1, 2]);
});

test("a copied command cannot end its quotes", () => {
  assert.equal(curlOf("http://a/?x='y'"), "curl -sS -o profile.pb.gz 'http://a/?x='\\''y'\\'''");
});

test("the flow keeps its sum whatever is drawn", () => {
  const many = Array.from({length: 12}, (_, i) => ({component: `c${i}`, taken: i}));
  const drawn = largest(many);
  assert.equal(drawn.length, 8);
  assert.equal(drawn.at(-1).component, "5 more");
  assert.equal(drawn.reduce((sum, each) => sum + each.taken, 0), 66);
  assert.deepEqual(fates({sent: 3, queued: 0, refused: 1, expired: 0, dropped: 0}).map(({name}) => name), ["sent", "refused"]);
});

test("a table of a chart's values is short and has the last one", () => {
  assert.equal(thinned(Array(360)).length, 60);
  assert.equal(thinned(Array(360))[0], 359);
  assert.deepEqual(thinned([1, 2]), [1, 0]);
  const marks = [{at: 1000, kind: "start"}, {at: 11_500, kind: "reload"}, {at: 12_000, kind: "reload"}, {at: 13_000, kind: "refused_reload"}];
  assert.equal(marksAt(marks, 0, 10), "Invar started");
  assert.equal(marksAt(marks, 10_000, 10), "configuration reloaded, a reload was refused");
  assert.equal(marksAt(marks, 20_000, 10), "");
});

test("ranges: relative stays relative, links for tomorrow are absolute", () => {
  const now = 1_764_341_000_000;
  assert.deepEqual(range.parseRange("-5m..now"), {from: "-5m", to: "now"});
  for (const wrong of ["", "5m..now", "-5..now", "-5m", "now..tomorrow", "-5mm..now"]) assert.equal(range.parseRange(wrong), null, wrong);
  assert.deepEqual(range.bounds({from: "-1h30m", to: "now"}, now), [now - 5_400_000, now]);
  assert.deepEqual(range.earlier({from: "-5m", to: "now"}, 3_600_000, now), {from: "-65m", to: "-1h"});
  assert.deepEqual(range.earlier({from: "2000", to: "5000"}, 1000, now), {from: "1000", to: "4000"});
  assert.deepEqual(range.absolute({from: "-5m", to: "now"}, now), {from: String(now - 300_000), to: String(now)});
});

test("whose code a frame is", () => {
  const own = ["shop.example/search"];
  for (const [name, file, kind] of [
    ["shop.example/search/api.(*Server).Query", "", "own"], ["main.main", "", "own"], ["github.com/a/b.F", "", "library"], ["golang.org/x/net/http2.(*Framer).ReadFrame", "", "library"],
    ["net/http.(*conn).serve", "", "standard"], ["encoding/json.Unmarshal", "/usr/local/go/src/encoding/json/decode.go", "standard"], ["runtime.mallocgc", "", "runtime"],
    ["tcp_recvmsg", "", "kernel"], ["do_syscall_64", "[kernel.kallsyms]", "kernel"], ["java.util.HashMap.put", "", "standard"], ["org.apache.kafka.Sender.run", "", "library"],
    ["std::vector<int>::push_back", "", "standard"], ["tokio::runtime::park", "", "library"], ["ZSTD_decompress", "", "native"], ["[unknown]", "", "native"],
  ]) assert.equal(originOf(name, file, own), kind, name);
  assert.deepEqual(guessOwn([["main.main", "shop.example/search/server.Run"], ["main.main", "github.com/acme/shop/cmd.Execute"], ["a", "github.com/x/y.F"], ["main", "std::run"]]), ["shop.example/search", "github.com/acme/shop"]);
  assert.deepEqual(guessOwn([["main", "invar::app::main"], ["main", "std::terminate"]]), ["invar::"]);
});

test("CPU time over a window is cores; the rest keeps its unit", () => {
  const cpu = values.scaleOf("cpu", "nanoseconds", 300);
  assert.equal(values.amount(723e9, cpu), "2.41 cores");
  assert.equal(values.change(186e9, cpu), "+0.62");
  assert.equal(values.change(-186e9, cpu), "−0.62");
  assert.deepEqual([1.2e9, 1e5, 0].map((value) => values.amount(value, cpu)), ["0.0040 cores", "0.00 cores", "0.00 cores"]);
  assert.equal(values.amount(1536, values.scaleOf("inuse_space", "bytes", 300)), "1.50 KiB");
  assert.equal(values.amount(2e9, values.scaleOf("contentions", "nanoseconds", 300)), "2 s");
});

test("the sentence names what has most of the change, and claims no more", () => {
  const leaf = {frame: 3, before: 10, after: 60, kids: []};
  const other = {frame: 4, before: 90, after: 100, kids: []};
  const main = {frame: 1, before: 100, after: 160, kids: [other, leaf]};
  const view = {root: {frame: 0, before: 100, after: 160, kids: [main]}, children: (node) => node.kids};
  assert.equal(culprit(view), leaf);
  const scale = values.scaleOf("cpu", "nanoseconds", 1e-9 * 100);
  assert.deepEqual(insight("search", "an hour ago", view.root, {name: "f", before: 10, after: 60}, scale), {text: "search burns 1.60 cores, 0.60 more than an hour ago. 83\u00a0% of that is in ", name: "f", rest: " and what it calls."});
  assert.equal(insight("search", "", view.root, null, scale).text, "search burns 1.60 cores.");
  assert.equal(insight("search", "an hour ago", {before: 100, after: 101}, null, scale).text, "search burns 1.01 cores, as much as an hour ago.");
  assert.equal(culprit({root: {before: 1, after: 1}, children: () => []}), null);
});

test("a service is one matcher among others", () => {
  assert.equal(picker.serviceOf('{pod="a", service_name="cart"}'), "cart");
  assert.equal(picker.withService('{service_name="cart", pod=~"a,b"}', "ads"), '{service_name="ads", pod=~"a,b"}');
  assert.equal(picker.withService('{service_name="cart"}', ""), "");
});

const component = (id, more = {}) => ({id, name: id, module: id.includes("/") ? id.slice(0, id.lastIndexOf("/")) : "", modules: [], data_flow_to: [], health: {state: "healthy"}, problems: 0, ...more});

test("the graph: modules are boxes until they are folded, edges stay inside their module", () => {
  const all = [component("a", {data_flow_to: ["m"]}), component("m", {modules: ["m"], data_flow_to: ["b"]}), component("b"), component("m/x", {data_flow_to: ["y"]}), component("m/y")];
  const whole = model.graphOf(all, new Set(), "LR");
  assert.deepEqual(whole.nodes.map(({id, parent}) => [id, parent]), [["a", ""], ["m", "module:m"], ["b", ""], ["m/x", "module:m"], ["m/y", "module:m"]]);
  assert.deepEqual(whole.edges, [{from: "a", to: "m"}, {from: "m", to: "b"}, {from: "m/x", to: "m/y"}]);
  const folded = model.graphOf(all, new Set(["m"]), "LR");
  assert.deepEqual(folded.nodes.map(({id}) => id), ["a", "m", "b"]);
  assert.notEqual(whole.key, folded.key);
  assert.deepEqual([...model.pathThrough("m", whole.edges)].sort(), ["a", "b", "m"]);
  assert.deepEqual([...model.pathThrough("a", [{from: "a", to: "b"}, {from: "b", to: "a"}])].sort(), ["a", "b"], "a circle ends");
  assert.deepEqual([{}, {problems: 1}, {health: {state: "unhealthy"}}, {health: {state: "unknown"}}].map((more) => model.stateOf(component("x", more))), ["ok", "late", "failing", "waiting"]);
});

test("bodies are written as the configuration writes them", () => {
  const attr = (name, type, value) => ({name, type: "attr", value: {type, value}});
  assert.equal(printBody([attr("url", "string", "a\"b"), attr("n", "number", 1.5), {name: "basic_auth", type: "block", body: [attr("password", "capsule", "(secret)")]}, {name: "rule", type: "block", label: "x", body: []}]),
    'url = "a\\"b"\nn   = 1.5\nbasic_auth {\n  password = (secret)\n}\nrule "x" { }');
  assert.equal(printBody([attr("t", "array", [{type: "object", value: [{key: "__address__", value: {type: "string", value: "a"}}, {key: "a-b", value: {type: "null"}}]}])]), 't = [{__address__ = "a", "a-b" = null}]');
});

test("the language in colours, whatever is wrong with it", () => {
  const kinds = (text) => highlight.pieces(text).filter(({text: part}) => part.trim()).map(({kind, text: part}) => `${kind} ${part}`);
  assert.deepEqual(kinds('a.b "c" {\n  d = [1, true, x.y] // e\n  p = (secret)\n}'), ["block a.b", 'string "c"', "sign {", "name d", "sign =", "sign [", "number 1", "sign ,", "word true", "sign ,", "plain x.y", "sign ]", "comment // e", "name p", "sign =", "secret (secret)", "sign }"]);
  assert.deepEqual(kinds('p = "(secret)"'), ["name p", "sign =", 'secret "(secret)"']);
  for (const text of ['a = "open', "/* open", "a { b", "\u0000ä€", ""]) assert.equal(highlight.pieces(text).map((each) => each.text).join(""), text);
  assert.equal(highlight.lines("a = `x\ny`\n").length, 2);
});

test("labels that differ, as before and after", () => {
  assert.deepEqual(differences({a: "1", b: "2"}, {b: "3", c: "4"}), [{name: "a", before: "1", after: ""}, {name: "b", before: "2", after: "3"}, {name: "c", before: "", after: "4"}]);
  assert.deepEqual(differences(null, {}), []);
});

test("a release in words, and the way to compare it", () => {
  const one = {at: 1_000_000_000, service: "search", label: "version", value: "4.8.1", before: "4.8.0"};
  assert.equal(releases.releaseWords(one), "search: version 4.8.1 after 4.8.0");
  const query = new URLSearchParams(releases.compareLink(one, "process_cpu", "", 1_000_060_000).split("?")[1]);
  assert.deepEqual([query.get("q"), query.get("vsq"), query.get("at"), query.get("vs")], ['{service_name="search", version="4.8.1"}', '{service_name="search", version="4.8.0"}', "999100000..1000060000", "labels"]);
  const build = {...one, service: "", label: "", value: "0123456789abcdef0123"};
  assert.equal(releases.releaseWords(build), "build 0123456789ab… after 4.8.0");
  assert.equal(releases.compareLink(build, "", "", 0), "");
  assert.equal(marksAt(releases.marksOf([one]), 1_000_000_000, 15), "search: version 4.8.1 after 4.8.0");
});

test("what a rule does, in words", () => {
  const words = (more) => ruleWords({line: 1, action: "replace", component: "c", components: 1, of: "targets", seen: 1310, dropped: 0, changed: 0, ...more});
  assert.equal(words({action: "keep", dropped: 26}), "leaves out 26 of 1,310 targets");
  assert.equal(words({changed: 1}), "changes 1 of 1,310 targets");
  assert.equal(words({}), "changes none of 1,310 targets");
  assert.equal(words({action: "dropequal", seen: 1}), "keeps all of 1 target");
  assert.equal(words({seen: 0}), "no target comes here");
  assert.equal(words({of: "series", seen: 12, dropped: 12, components: 3}), "leaves out 12 of 12 series, in 3 components");
});

test("where two texts differ", () => {
  assert.deepEqual(differing("a\nb\nc\n", "a\nx\ny\nc\n"), [{from: 2, to: 3}, {from: 2, to: 4}]);
  assert.deepEqual(differing("a\na\n", "a\n"), [{from: 2, to: 3}, {from: 2, to: 2}]);
  assert.deepEqual(differing("a", "a"), [{from: 2, to: 2}, {from: 2, to: 2}]);
});

test("the cluster in a sentence", () => {
  const peer = (more) => ({name: "a", address: "", state: "participant", self: false, ...more});
  assert.match(clusterSummary({peers: [peer({})]}), /^1 member agree\. They share no targets/);
  assert.equal(clusterSummary({targets_of_nobody: 1, peers: [peer({targets: 7}), peer({state: "viewer", targets: 0})]}), "2 members, 1 of them takes part. They share 8 targets. 1 target has no member yet.");
});

test("delivery in a sentence", () => {
  const place = (more) => ({state: "ok", queued: 0, queued_bytes: 0, oldest: null, max_age: null, ...more});
  assert.equal(summary([]), "Profiles go nowhere yet.");
  assert.equal(summary([place({})]), "The one place takes everything. Nothing waits.");
  assert.equal(summary([place({state: "failing", queued: 1, queued_bytes: 1024, oldest: 60, max_age: 3600}), place({})]), "One of 2 places takes nothing. 1 profile (1 KiB) waits; the oldest expires in 59 min.");
  assert.equal(summary([place({state: "failing"}), place({state: "failing"})]), "None of 2 places takes anything. Nothing waits.");
});

test("the remote configuration in a sentence", () => {
  const state = {at: 0, enabled: true, running: true, error: ""};
  assert.equal(remoteInsight(state), "The remote configuration runs.");
  assert.match(remoteInsight({...state, error: "3:1: no"}), /was not taken; the one before/);
  assert.match(remoteInsight({...state, unanswered: true, error: "no route"}), /does not answer; its last configuration keeps/);
  assert.match(remoteInsight({...state, unanswered: true, from_cache: true, error: "no route"}), /from the copy on disk/);
  assert.match(remoteInsight({...state, running: false, error: "no route"}), /only the local one/);
  assert.match(remoteInsight({...state, running: false}), /Waiting/);
});

test("live lines: the newest stay, a text that is no pattern is still searched", () => {
  const some = Array.from({length: 4990}, (_, n) => ({n, text: ""}));
  const all = live.added(some, Array.from({length: 20}, (_, i) => ({n: 5000 + i, text: ""})));
  assert.equal(all.length, 5000);
  assert.equal(all[0].n, 10);
  assert.ok(live.matcher("of (cart|ads)").test("profile OF CART"));
  assert.ok(live.matcher("a(").test("A(b"));
  assert.match(live.matcher("a(").wrong, /searched as text/);
  assert.ok(live.matcher("mimir.*refused").test(live.textOf({text: "x", destination: "http://mimir", outcome: "refused: no"})));
  for (const [outcome, bad] of [["accepted", false], ["sent", false], ["refused: queue full", true], ["refused by some: x", true], ["dropped: stopped", true], ["dropped by a rule", false], ["expired", true], [undefined, false]]) assert.equal(live.isBad({text: "", outcome}), bad, outcome);
});

test("ages of a queue in words", () => {
  assert.deepEqual([[0, 60], [60, 300], [900, 3600], [3600, null]].map(([from, to]) => ageWords(from, to)), ["under 1 min", "1 to 5 min", "15 min to 1 h", "over 1 h"]);
});

const zoom = await load("profiles/zoom.ts");
test("a zoomed frame is found again by its path, or the deepest that is still there", () => {
  const frames = ["root", "a", "b", "c", "2 narrow frames"].map((name) => ({name}));
  const node = (frame, ...kids) => {
    const made = {frame, parent: null, kids};
    for (const kid of kids) kid.parent = made;
    return made;
  };
  const view = (root) => ({root, children: ({kids}) => kids});
  const deep = node(3);
  const root = node(0, node(1, node(2, deep)), node(2));
  const path = zoom.pathOf(deep, frames, 4);
  assert.equal(path.split(".").length, 3);
  assert.equal(zoom.nodeAt(view(root), frames, path), deep);
  const shallow = node(0, node(1));
  assert.equal(zoom.nodeAt(view(shallow), frames, path), shallow.kids[0]);
  assert.equal(zoom.nodeAt(view(root), frames, ""), root);
  const block = node(4, node(3));
  node(0, node(1, block));
  assert.equal(zoom.pathOf(block.kids[0], frames, 4), zoom.pathOf(shallow.kids[0], frames, 4), "blocks of narrow frames are left out");
});
