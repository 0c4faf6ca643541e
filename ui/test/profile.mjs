// Profiles for the tests, in the form of flame/data.js, and pages with them inside.
import {readFileSync, writeFileSync} from "node:fs";

// stacks: [["main;a;b", value of side 0, value of side 1], …]
export function profileOf(stacks, more = {}) {
  const root = {name: "root", kids: new Map(), self: [0, 0]};
  for (const [path, ...values] of stacks) {
    let node = root;
    for (const name of path.split(";")) {
      if (!node.kids.has(name)) node.kids.set(name, {name, kids: new Map(), self: [0, 0]});
      node = node.kids.get(name);
    }
    values.forEach((value, side) => (node.self[side] += value));
  }
  const strings = [""];
  const frames = [];
  const places = new Map();
  const place = (name) => {
    if (!places.has(name)) {
      places.set(name, places.size);
      strings.push(name);
      frames.push(strings.length - 1, 0, 0);
    }
    return places.get(name);
  };
  const nodes = [];
  const sides = stacks[0].length > 2 ? ["Before", "After"] : [""];
  const self = sides.map(() => []);
  const queue = [[root, 0]];
  for (let i = 0; i < queue.length; ++i) {
    const [node, parent] = queue[i];
    nodes.push(place(node.name), i - parent);
    self.forEach((column, side) => column.push(node.self[side]));
    for (const name of [...node.kids.keys()].sort()) queue.push([node.kids.get(name), i]);
  }
  const short = (column) => {
    const out = [];
    for (const value of column) {
      if (value > 0) out.push(value);
      else if (out.at(-1) < 0) --out[out.length - 1];
      else out.push(-1);
    }
    return out;
  };
  return {title: "test", facts: [], types: [["cpu", "nanoseconds"]], type: 0, sides, strings, frames, nodes, self: self.map(short), ...more};
}

// Random stacks through 4,000 functions, about 50,000 frames; the same for the same seed.
export function largeProfile(frames, diff) {
  let seed = 7;
  const random = () => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) / 0x7fffffff;
  const known = [];
  const stacks = [];
  for (let made = 0; made < frames;) {
    const from = known.length > 0 ? known[Math.floor(known.length * random() * random())] : [];
    const path = from.slice(0, Math.floor(random() * from.length));
    for (let more = 1 + Math.floor(random() * 30); more > 0; --more, ++made)
      path.push(`example.com/shop/pkg${Math.floor(random() * 80)}.(*Type${Math.floor(random() * 50)}).Method${made % 4000}`);
    known.push(path);
    const value = 1000 + Math.floor(random() * 1e9);
    stacks.push(diff ? [path.join(";"), value, Math.floor(value * random() * 2)] : [path.join(";"), value]);
  }
  return profileOf(stacks);
}

export function writePage(page, profile, file) {
  const html = readFileSync(page, "utf8").replace("/*profile*/", () => JSON.stringify(profile).replaceAll("<", "\\u003c"));
  writeFileSync(file, html);
  return `file://${file}`;
}
