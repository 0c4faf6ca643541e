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
const {curlOf} = await load("targets/panel.tsx");
const {largest, fates} = await load("pages/flow.tsx");
const {thinned} = await load("parts/chart.tsx");
const range = await load("profiles/range.ts");
const {originOf, guessOwn} = await load("profiles/origin.ts");
const values = await load("profiles/values.ts");
const {culprit, insight} = await load("profiles/insight.ts");
const picker = await load("profiles/picker.tsx");
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
  assert.deepEqual(guessOwn([["main.main", "shop.example/search/server.Run"], ["main.main", "github.com/acme/shop/cmd.Execute"], ["a", "github.com/x/y.F"]]), ["shop.example/search", "github.com/acme/shop"]);
});

test("CPU time over a window is cores; the rest keeps its unit", () => {
  const cpu = values.scaleOf("cpu", "nanoseconds", 300);
  assert.equal(values.amount(723e9, cpu), "2.41 cores");
  assert.equal(values.change(186e9, cpu), "+0.62");
  assert.equal(values.change(-186e9, cpu), "−0.62");
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
