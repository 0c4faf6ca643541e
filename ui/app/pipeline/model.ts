// The components as a graph to lay out: modules are boxes around what they made, until they are folded. Pure.
import type {Component} from "../base/types";
import type {State} from "../parts/state";

export interface LayoutRequest {
  key: string;
  direction: "LR" | "TB";
  nodes: {id: string; parent: string; width: number; height: number}[];
  groups: {id: string; parent: string}[];
  edges: {from: string; to: string}[];
}
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}
export interface LayoutResult {
  key: string;
  width: number;
  height: number;
  boxes: Record<string, Box>;
  edges: {from: string; to: string; points: {x: number; y: number}[]}[];
}

export const kNode = {width: 236, height: 54};
export const groupId = (module: string) => `module:${module}`;

// The id of a neighbour, which components name as it is called in their module.
export const neighbour = (of: Component, local: string) => (of.module ? `${of.module}/${local}` : local);

// Modules that hold `module`, from the outermost, itself last.
function around(module: string, makers: ReadonlyMap<string, Component>): string[] {
  const out: string[] = [];
  for (let at = module; at !== "" && !out.includes(at); at = makers.get(at)?.module ?? "") out.unshift(at);
  return out;
}

export function graphOf(components: readonly Component[], folded: ReadonlySet<string>, direction: "LR" | "TB"): LayoutRequest {
  const makers = new Map(components.flatMap((each) => each.modules.map((module) => [module, each] as const)));
  const hidden = (each: Component) => around(each.module, makers).some((module) => folded.has(module));
  const shown = components.filter((each) => !hidden(each));
  const inside = new Set(shown.map(({module}) => module).filter(Boolean));
  // Who makes a module stands inside its box, as its head.
  const homeOf = (each: Component) => {
    const own = each.modules.find((module) => inside.has(module));
    return own !== undefined ? groupId(own) : each.module ? groupId(each.module) : "";
  };
  const groups = [...inside].map((module) => ({id: groupId(module), parent: makers.get(module)?.module ? groupId(makers.get(module)!.module) : ""}));
  const known = new Set(shown.map(({id}) => id));
  const edges = new Map<string, {from: string; to: string}>();
  for (const each of shown) {
    for (const local of each.data_flow_to) {
      const to = neighbour(each, local);
      if (known.has(to) && to !== each.id) edges.set(`${each.id} ${to}`, {from: each.id, to});
    }
  }
  const nodes = shown.map((each) => ({id: each.id, parent: homeOf(each), ...kNode}));
  const key = JSON.stringify([direction, nodes.map(({id, parent}) => [id, parent]), [...edges.keys()], groups.map(({id}) => id)]);
  return {key, direction, nodes, groups, edges: [...edges.values()]};
}

// All that leads to `id` and all that it leads to, itself too.
export function pathThrough(id: string, edges: readonly {from: string; to: string}[]): Set<string> {
  const out = new Set([id]);
  for (const [near, far] of [["from", "to"], ["to", "from"]] as const) {
    const waiting = [id];
    const seen = new Set([id]);
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      for (const edge of edges) {
        if (edge[near] !== at || seen.has(edge[far])) continue;
        seen.add(edge[far]);
        out.add(edge[far]);
        waiting.push(edge[far]);
      }
    }
  }
  return out;
}

export function stateOf({health, problems}: Component): State {
  if (health.state === "unhealthy" || health.state === "exited") return "failing";
  if (problems > 0) return "late";
  return health.state === "healthy" ? "ok" : "waiting";
}

// A line through points, rounded at its bends.
export function curve(points: readonly {x: number; y: number}[]): string {
  if (points.length < 2) return "";
  let out = `M${points[0].x} ${points[0].y}`;
  for (let i = 1; i < points.length - 1; ++i) {
    const [a, b] = [points[i], points[i + 1]];
    const end = i === points.length - 2 ? b : {x: (a.x + b.x) / 2, y: (a.y + b.y) / 2};
    out += `Q${a.x} ${a.y} ${end.x} ${end.y}`;
  }
  if (points.length === 2) out += `L${points[1].x} ${points[1].y}`;
  return out;
}
