// Where a graph is zoomed to, as a link can carry it: of each frame on the way from the root a short hash of its name. Pure.
import {shortKey} from "../base/ranges";

interface Node {
  frame: number;
  parent: Node | null;
}
interface View<N extends Node> {
  root: N;
  children(node: N): N[];
}
type Frames = readonly {name: string}[];

const kLetters = 3; // enough among the callees of one frame
const keyOf = (name: string) => shortKey(name).slice(-kLetters);

// "" at the root. Blocks of narrow frames are in no profile: the path ends above them.
export function pathOf(node: Node, frames: Frames, known: number): string {
  const out: string[] = [];
  for (let at = node; at.parent; at = at.parent) out.unshift(at.frame < known ? keyOf(frames[at.frame].name) : "");
  const end = out.indexOf("");
  return (end < 0 ? out : out.slice(0, end)).join(".");
}

// As deep as the path leads: profiles of another time may lack its end.
export function nodeAt<N extends Node>(view: View<N>, frames: Frames, path: string): N {
  let at = view.root;
  for (const key of path ? path.split(".") : []) {
    const next = view.children(at).find((kid) => keyOf(frames[kid.frame].name) === key);
    if (!next) break;
    at = next;
  }
  return at;
}
