// What one look at two windows says. It claims no more than the sums show. Pure.
import {amount, change, type Scale} from "./values";

interface Node {
  frame: number;
  before: number;
  after: number;
}
interface View<N extends Node> {
  root: N;
  children(node: N): N[];
}

// The deepest function that still has at least half of the root's change.
export function culprit<N extends Node>(view: View<N>): N | null {
  const rise = view.root.after - view.root.before;
  if (rise === 0) return null;
  let at: N | null = null;
  for (let node = view.root; ;) {
    const next = view.children(node).find((kid) => (kid.after - kid.before) / rise >= 0.5);
    if (!next) return at;
    at = node = next;
  }
}

export interface Insight {
  text: string; // up to the name
  name: string; // "": without one
  rest: string;
}

export function insight(who: string, against: string, root: Node, deepest: {name: string; before: number; after: number} | null, scale: Scale): Insight {
  const uses = scale.cores ? "burns" : "has";
  const now = `${who} ${uses} ${amount(root.after, scale)}`;
  if (!against) return {text: `${now}.`, name: "", rest: ""};
  const rise = root.after - root.before;
  const small = root.before > 0 && Math.abs(rise) / root.before < 0.02;
  if (small || rise === 0) return {text: `${now}, as much as ${against}.`, name: "", rest: ""};
  const said = `${now}, ${change(Math.abs(rise), scale).replace("+", "")} ${rise > 0 ? "more" : "less"} than ${against}`;
  if (!deepest) return {text: `${said}.`, name: "", rest: ""};
  return {text: `${said}. ${Math.min(100, Math.round(((deepest.after - deepest.before) / rise) * 100))}\u00a0% of that is in `, name: deepest.name, rest: " and what it calls."};
}
