// The profile in the page: written by the program, read here once.
//
// {
//   "title": "…", "facts": [["Profiles", "12"], …],
//   "sides": ["", …]            one name; two for a diff: before, after
//   "types": [["cpu", "nanoseconds"], …], "type": 0   the one to show first
//   "strings": ["", …]
//   "frames": [name, file, line, …]    three numbers a frame; name and file are places in strings; frame 0 is the root
//   "nodes":  [frame, distance, …]     two numbers a node, in breadth-first order: its parent is `distance` nodes
//                                      before it; 0 for the root
//   "self":   [[…], …]          a column for each type of side 0, then of side 1; in a column runs of
//                               zeros are shortened: -n stands for n zeros; those at the end are left out
// }
export function read(json) {
  const count = json.nodes.length / 2;
  const frame = new Int32Array(count);
  const parent = new Int32Array(count);
  const firstChild = new Int32Array(count);
  const children = new Int32Array(count);
  for (let i = 0; i < count; ++i) {
    frame[i] = json.nodes[2 * i];
    parent[i] = i - json.nodes[2 * i + 1];
    if (i > 0 && children[parent[i]]++ === 0) firstChild[parent[i]] = i;
  }
  const self = json.self.map((column) => expand(column, count));
  const total = self.map((column) => totals(column, parent));
  const frames = [];
  for (let i = 0; i < json.frames.length; i += 3) {
    frames.push({name: json.strings[json.frames[i]], file: json.strings[json.frames[i + 1]], line: json.frames[i + 2]});
  }
  return {
    title: json.title,
    facts: json.facts,
    types: json.types.map(([type, unit]) => ({type, unit})),
    type: json.type,
    sides: json.sides,
    frames,
    nodes: {count, frame, parent, firstChild, children, self, total},
  };
}

// What each node and all below it used.
export function totals(self, parent) {
  const sums = self.slice();
  for (let i = sums.length - 1; i > 0; --i) sums[parent[i]] += sums[i]; // children stand behind their parent
  return sums;
}

// Values below zero make no width; a page shows them as nothing.
function expand(column, count) {
  const out = new Float64Array(count);
  let at = 0;
  for (const value of column) {
    if (value < 0) at -= value;
    else out[at++] = value;
  }
  return out;
}
