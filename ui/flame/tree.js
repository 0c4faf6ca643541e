// Ways to look at a profile, all of them as trees of
//   {frame, parent, depth, before, after, selfBefore, selfAfter, value}
// whose children are made when they are first asked for: a view costs what of it is looked at. `value` is the
// width: of a diff, both sides together, so that what vanished can be seen too.

import {totals} from "./data.js";

class View {
  constructor(profile, type) {
    this.diff = profile.sides.length > 1;
    this.nodes = profile.nodes;
    this.frames = profile.frames;
    const side = profile.types.length;
    const pick = (columns) => [columns[type], this.diff ? columns[side + type] : columns[type]];
    [this.selfBefore, this.selfAfter] = pick(this.nodes.self);
    [this.totalBefore, this.totalAfter] = pick(this.nodes.total);
    this.whole = {before: this.totalBefore[0] ?? 0, after: this.totalAfter[0] ?? 0}; // what shares are shares of
  }

  make(fields, parent) {
    const value = this.diff ? fields.before + fields.after : fields.after;
    return {...fields, parent, depth: parent ? parent.depth + 1 : 0, value, kids: undefined};
  }

  // Nothing that used nothing; a stable order, so that a place is found again.
  byName(kids) {
    const name = (kid) => this.frames[kid.frame].name;
    return kids.filter((kid) => kid.value > 0).sort((a, b) => (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0));
  }

  children(node) {
    node.kids ??= this.expand(node);
    return node.kids;
  }

  // Some of the children of `parent` below a node of their own, to be zoomed into.
  group(parent, kids) {
    if (kids.length === 1) return kids[0];
    const sum = (field) => kids.reduce((total, kid) => total + kid[field], 0);
    const frame = this.frames.push({name: `${kids.length.toLocaleString("en-US")} narrow frames`, file: "", line: 0}) - 1;
    const node = this.make({frame, before: sum("before"), after: sum("after"), selfBefore: 0, selfAfter: 0}, parent);
    node.kids = kids.map((kid) => ({...kid, parent: node, depth: node.depth + 1, kids: undefined}));
    return node;
  }
}

// From the root to what it calls.
export class Calls extends View {
  constructor(profile, type) {
    super(profile, type);
    this.root = this.at(0, null);
  }

  at(id, parent) {
    return this.make({
      id,
      frame: this.nodes.frame[id],
      before: this.totalBefore[id],
      after: this.totalAfter[id],
      selfBefore: this.selfBefore[id],
      selfAfter: this.selfAfter[id],
    }, parent);
  }

  expand(node) {
    const kids = [];
    const first = this.nodes.firstChild[node.id];
    for (let i = 0; i < this.nodes.children[node.id]; ++i) {
      const kid = this.at(first + i, node);
      if (kid.value > 0) kids.push(kid);
    }
    return kids;
  }
}

// From functions to what called them. A node holds the stacks that pass through it: {id of the node of the profile, its share}.
class Upwards extends View {
  expand(node) {
    const groups = new Map();
    for (const stack of node.stacks) {
      const id = node.parent || !this.ends ? this.nodes.parent[stack.id] : stack.id;
      if (id === 0) continue; // the root calls everything
      const frame = this.nodes.frame[id];
      let group = groups.get(frame);
      if (!group) groups.set(frame, (group = {frame, stacks: [], before: 0, after: 0, selfBefore: 0, selfAfter: 0}));
      group.stacks.push({id, before: stack.before, after: stack.after});
      group.before += stack.before;
      group.after += stack.after;
    }
    const kids = [...groups.values()].map((group) => this.make(group, node));
    if (!node.parent && this.ends) {
      for (const kid of kids) [kid.selfBefore, kid.selfAfter] = [kid.before, kid.after];
    }
    return this.byName(kids);
  }
}

// From each function that used something itself to what called it.
export class Callers extends Upwards {
  constructor(profile, type) {
    super(profile, type);
    this.ends = true; // below the root stand the functions themselves
    const stacks = [];
    for (let id = 0; id < this.nodes.count; ++id) {
      if (this.selfBefore[id] > 0 || this.selfAfter[id] > 0) stacks.push({id, before: this.selfBefore[id], after: this.selfAfter[id]});
    }
    this.root = this.make({frame: 0, stacks, before: this.totalBefore[0], after: this.totalAfter[0], selfBefore: 0, selfAfter: 0}, null);
  }
}

// The places of one function; of recursive calls the outermost alone, so that nothing counts twice.
function outermost(nodes, wanted) {
  const below = new Uint8Array(nodes.count);
  const out = [];
  for (let id = 1; id < nodes.count; ++id) {
    const hit = nodes.frame[id] === wanted;
    below[id] = below[nodes.parent[id]] || hit ? 1 : 0;
    if (hit && !below[nodes.parent[id]]) out.push(id);
  }
  return out;
}

// From one function to what called it.
export class CallersOf extends Upwards {
  constructor(profile, type, frame) {
    super(profile, type);
    this.ends = false;
    const stacks = outermost(this.nodes, frame).map((id) => ({id, before: this.totalBefore[id], after: this.totalAfter[id]}));
    const sum = (side) => stacks.reduce((total, stack) => total + stack[side], 0);
    this.root = this.make({frame, stacks, before: sum("before"), after: sum("after"), selfBefore: 0, selfAfter: 0}, null);
  }
}

// From one function to what it calls, wherever it was called from. A node holds the nodes of the profile that it joins.
export class CalledBy extends View {
  constructor(profile, type, frame) {
    super(profile, type);
    this.root = this.join(frame, outermost(this.nodes, frame), null);
  }

  join(frame, ids, parent) {
    const sum = (column) => ids.reduce((total, id) => total + column[id], 0);
    return this.make({frame, ids, before: sum(this.totalBefore), after: sum(this.totalAfter), selfBefore: sum(this.selfBefore), selfAfter: sum(this.selfAfter)}, parent);
  }

  expand(node) {
    const groups = new Map();
    for (const id of node.ids) {
      const first = this.nodes.firstChild[id];
      for (let child = first; child < first + this.nodes.children[id]; ++child) {
        const frame = this.nodes.frame[child];
        const ids = groups.get(frame);
        if (ids) ids.push(child);
        else groups.set(frame, [child]);
      }
    }
    return this.byName([...groups].map(([frame, ids]) => this.join(frame, ids, node)));
  }
}

// The second side of two as a profile of its own.
export function latter(profile) {
  const {nodes} = profile;
  const pick = (columns) => columns.slice(profile.types.length);
  return {...profile, sides: profile.sides.slice(1), nodes: {...nodes, self: pick(nodes.self), total: pick(nodes.total)}};
}

// The profile with nothing but the stacks that run through one function.
export function focusedOn(profile, wanted) {
  const {nodes} = profile;
  const {count, frame, parent} = nodes;
  const through = new Uint8Array(count);
  for (let id = 1; id < count; ++id) through[id] = through[parent[id]] || frame[id] === wanted ? 1 : 0;
  const self = nodes.self.map((column) => column.map((value, id) => (through[id] ? value : 0)));
  return {...profile, nodes: {...nodes, self, total: self.map((column) => totals(column, parent))}};
}

// What a search finds: which frames, and how much of the profile runs through them.
export function search(profile, type, text) {
  let matcher;
  try {
    matcher = new RegExp(text, "i");
  } catch {
    const plain = text.toLowerCase(); // no regular expression (yet): the text itself
    matcher = {test: (name) => name.toLowerCase().includes(plain)};
  }
  const frames = profile.frames.map((frame, i) => i > 0 && (matcher.test(frame.name) || (frame.file !== "" && matcher.test(frame.file))));
  const {count, frame, parent, total} = profile.nodes;
  const side = profile.types.length;
  const sums = profile.sides.map(() => 0);
  const below = new Uint8Array(count);
  let nodes = 0;
  for (let i = 1; i < count; ++i) {
    const hit = frames[frame[i]];
    below[i] = below[parent[i]] || hit;
    if (hit) ++nodes;
    if (hit && !below[parent[i]]) sums.forEach((_, s) => (sums[s] += total[s * side + type][i]));
  }
  return {frames, nodes, shares: sums.map((sum, s) => sum / (total[s * side + type][0] || 1))};
}
