// Colours of frames. One profile: the warm colours of flame graphs, a package always in the same one. A diff: red where
// the share of the whole grew, blue where it shrank, grey where it is the same.
import {packageOf} from "./format.js";

function hash(text) {
  let h = 2166136261;
  for (let i = 0; i < text.length; ++i) h = Math.imul(h ^ text.charCodeAt(i), 16777619);
  h ^= h >>> 15;
  return (Math.imul(h, 0x2c1b3c6d) >>> 8) / 2 ** 24;
}

export function warm(name, dark) {
  const hue = 5 + 47 * hash(packageOf(name));
  const shade = hash(name);
  return dark ? `hsl(${hue.toFixed(0)} 72% ${(50 + 9 * shade).toFixed(0)}%)` : `hsl(${hue.toFixed(0)} 92% ${(62 + 11 * shade).toFixed(0)}%)`;
}

// -1 (all gone) … 0 … 1 (twice as much, or new).
export function change(shareBefore, shareAfter) {
  if (shareBefore === shareAfter) return 0;
  if (shareBefore === 0) return 1;
  return Math.max(-1, Math.min(1, (shareAfter - shareBefore) / shareBefore));
}

export function diffColor(amount, dark) {
  const size = Math.abs(amount);
  if (size < 0.005) return dark ? "hsl(0 0% 62%)" : "hsl(0 0% 85%)";
  const hue = amount > 0 ? 5 : 214;
  return dark ? `hsl(${hue} ${(18 + 62 * size).toFixed(0)}% ${(62 - 2 * size).toFixed(0)}%)` : `hsl(${hue} ${(35 + 55 * size).toFixed(0)}% ${(86 - 20 * size).toFixed(0)}%)`;
}
