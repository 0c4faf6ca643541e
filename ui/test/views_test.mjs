// What the page computes, without a browser: node --test ui/test/views_test.mjs
import assert from "node:assert/strict";
import {test} from "node:test";

import {change, diffColor, warm} from "../flame/colors.js";
import {read} from "../flame/data.js";
import {formatChange, formatPoints, formatShare, formatValue, packageOf, shortName} from "../flame/format.js";
import {find, layout} from "../flame/layout.js";
import {CalledBy, Callers, CallersOf, Calls, focusedOn, search} from "../flame/tree.js";
import {largeProfile, profileOf} from "./profile.mjs";

// "name value" of each node, indented by depth.
function outline(view, profile, node = view.root) {
  return [`${" ".repeat(node.depth)}${profile.frames[node.frame].name} ${node.value}`,
    ...view.children(node).flatMap((kid) => outline(view, profile, kid))];
}

const small = read(profileOf([["main;a;leaf", 10], ["main;b;leaf", 5], ["main;b", 3], ["main;a;main;leaf", 2]]));

test("calls are what the program wrote", () => {
  assert.deepEqual(outline(new Calls(small, 0), small),
    ["root 20", " main 20", "  a 12", "   leaf 10", "   main 2", "    leaf 2", "  b 8", "   leaf 5"]);
});

test("inverted: from each function that used something to its callers", () => {
  assert.deepEqual(outline(new Callers(small, 0), small),
    ["root 20", " b 3", "  main 3", " leaf 17", "  a 10", "   main 10", "  b 5", "   main 5", "  main 2", "   a 2", "    main 2"]);
});

test("one function: what called it, what it calls, and all that runs through it", () => {
  const profile = read(profileOf([["main;a;leaf", 10], ["main;b;leaf;end", 5], ["main;b", 3], ["main;a;main;leaf", 2]]));
  const frame = (name) => profile.frames.findIndex((each) => each.name === name);
  assert.deepEqual(outline(new CallersOf(profile, 0, frame("leaf")), profile), ["leaf 17", " a 10", "  main 10", " b 5", "  main 5", " main 2", "  a 2", "   main 2"]);
  assert.deepEqual(outline(new CalledBy(profile, 0, frame("leaf")), profile), ["leaf 17", " end 5"]);
  assert.deepEqual(outline(new CalledBy(profile, 0, frame("main")), profile)[0], "main 20"); // recursive: the outermost alone
  const focused = focusedOn(profile, frame("b"));
  assert.deepEqual(outline(new Calls(focused, 0), focused), ["root 8", " main 8", "  b 8", "   leaf 5", "    end 5"]);
});

test("an inverted view sums up to the same, at any size", () => {
  const profile = read(largeProfile(20000));
  const view = new Callers(profile, 0);
  const sum = view.children(view.root).reduce((total, kid) => total + kid.value, 0);
  assert.ok(Math.abs(sum / view.root.value - 1) < 1e-9);
  assert.equal(view.root.value, new Calls(profile, 0).root.value);
});

test("a search counts each part of the profile once", () => {
  assert.deepEqual(search(small, 0, "leaf").shares, [17 / 20]);
  assert.deepEqual(search(small, 0, "^main$").shares, [1]); // recursive: main below main counts once
  assert.equal(search(small, 0, "^main$").nodes, 2);
  assert.equal(search(small, 0, "A").nodes, 6); // case does not matter
  assert.equal(search(small, 0, "(").nodes, 0); // no pattern yet
});

test("a diff keeps what vanished", () => {
  const profile = read(profileOf([["main;gone", 10, 0], ["main;new", 0, 30], ["main;same", 10, 15]]));
  const view = new Calls(profile, 0);
  const [main] = view.children(view.root);
  const kids = view.children(main).map((kid) => [profile.frames[kid.frame].name, kid.before, kid.after, change(kid.before / 20, kid.after / 45)]);
  assert.deepEqual(kids, [["gone", 10, 0, -1], ["new", 0, 30, 1], ["same", 10, 15, (15 / 45 - 0.5) / 0.5]]);
  assert.equal(diffColor(1, false), "rgb(224 98 58)");
  assert.equal(diffColor(-1, true), "rgb(47 110 168)");
  assert.equal(diffColor(0, false), "rgb(223 227 230)");
});

test("the layout shows what is a pixel wide and joins the rest", () => {
  const profile = read(profileOf([["main;a", 900], ["main;b", 100], ...Array.from({length: 50}, (_, i) => [`main;tiny${i}`, 0.05])]));
  const view = new Calls(profile, 0);
  const rows = layout(view, view.root, 1000);
  assert.deepEqual(rows[2].map(({node, small}) => [profile.frames[node.frame].name, small?.length ?? 0]), [["a", 0], ["b", 0], ["main", 50]]);
  assert.equal(find(rows[2], 10).node.frame, rows[2][0].node.frame);
  assert.equal(find(rows[2], 999).small.length, 50);
  assert.equal(find([{x: 0, width: 5}], 8), null);
  const [main] = view.children(view.root);
  const zoomed = layout(view, view.children(main)[1], 1000);
  assert.deepEqual(zoomed.map((row) => row.map((item) => item.width)), [[1000], [1000], [1000]]);
});

test("a block of narrow frames can be zoomed into", () => {
  const profile = read(profileOf([["main;a", 1e6], ...Array.from({length: 50}, (_, i) => [`main;tiny${i};below`, i + 1])]));
  for (const View of [Calls, Callers]) {
    const view = new View(profile, 0);
    const rows = layout(view, view.root, 1000);
    const row = rows.findIndex((items) => items?.some((item) => item.small));
    const block = rows[row].find((item) => item.small);
    const group = view.group(block.node, block.small);
    const zoomed = layout(view, group, 1000);
    assert.equal(zoomed[row][0].node, group);
    assert.ok(zoomed[row + 1].filter((item) => !item.small).length >= 1);
    assert.ok(zoomed[row + 2].length >= 1, "and what lies below");
    if (View === Calls) assert.equal(group.value, 1275);
  }
});

test("the layout of 50,000 frames has no more than the window shows", () => {
  const view = new Calls(read(largeProfile(50000)), 0);
  const rows = layout(view, view.root, 1280);
  for (const row of rows) {
    assert.ok(row.length <= 2 * 1280);
    row.forEach((item, i) => i > 0 && assert.ok(item.x >= row[i - 1].x + row[i - 1].width - 1e-6, "in order, without overlap"));
  }
});

test("numbers and names are for people", () => {
  assert.equal(formatValue(1234567890, "nanoseconds"), "1.23 s");
  assert.equal(formatValue(90, "milliseconds"), "90 ms");
  assert.equal(formatValue(7200, "seconds"), "2 h");
  assert.equal(formatValue(1536, "bytes"), "1.50 KiB");
  assert.equal(formatValue(1234567, "count"), "1,234,567");
  assert.equal(formatValue(12, "goroutines"), "12 goroutines");
  assert.equal(formatValue(0, "bytes"), "0 B");
  assert.equal(formatShare(0.5), "50.00 %");
  assert.equal(formatShare(1), "100 %");
  assert.equal(formatShare(0.00001), "<0.01 %");
  assert.equal(formatChange(-2048, "bytes"), "−2 KiB");
  assert.equal(formatPoints(0.0123), "+1.23 points");
  assert.equal(shortName("github.com/a/b/c.(*T).F"), "c.(*T).F");
  assert.equal(shortName("std::map<a/b>::find"), "std::map<a/b>::find");
  assert.equal(packageOf("github.com/a/b/c.(*T).F"), "github.com/a/b/c");
  assert.equal(packageOf("std::vector<int>::push_back"), "std");
  assert.equal(packageOf("java.lang.String.length"), "java");
  assert.equal(warm("a/b.F", false), warm("a/b.F", false));
});
