// What relabel rules do, in words for the lines where they stand; and where two texts differ. Pure.
import {count, counted} from "../base/numbers";
import type {RuleLine} from "../base/types";

const kDecides = /^(keep|drop)(equal)?$/;

export function ruleWords({of, action, seen, dropped, changed, components}: RuleLine): string {
  const things = of === "targets" ? counted(seen, "target") : counted(seen, "series", "series");
  const by = components > 1 ? `, in ${count(components)} components` : "";
  if (seen === 0) return `no ${of === "targets" ? "target" : "series"} comes here${by}`;
  if (dropped > 0) return `leaves out ${count(dropped)} of ${things}${by}`;
  if (changed > 0) return `changes ${count(changed)} of ${things}${by}`;
  return `${kDecides.test(action) ? "keeps all of" : "changes none of"} ${things}${by}`;
}

export interface Span {
  from: number; // lines, counted from 1
  to: number; // not in it
}

// From the first line that differs to the last, in each.
export function differing(one: string, other: string): [Span, Span] {
  const [a, b] = [one, other].map((text) => text.split("\n"));
  const least = Math.min(a.length, b.length);
  let same = 0;
  while (same < least && a[same] === b[same]) ++same;
  let end = 0;
  while (end < least - same && a[a.length - 1 - end] === b[b.length - 1 - end]) ++end;
  return [{from: same + 1, to: a.length - end + 1}, {from: same + 1, to: b.length - end + 1}];
}
