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

const kChange = {light: {more: [224, 98, 58], same: [223, 227, 230], less: [90, 162, 220]}, dark: {more: [184, 67, 42], same: [70, 81, 90], less: [47, 110, 168]}};

// On dark ground the text is light: see --frame-text.
export function diffColor(amount, dark) {
  const {more, same, less} = dark ? kChange.dark : kChange.light;
  const end = amount > 0 ? more : less;
  const size = Math.min(1, Math.abs(amount));
  const part = size < 0.005 ? 0 : 0.25 + 0.75 * size;
  return `rgb(${same.map((from, i) => Math.round(from + (end[i] - from) * part)).join(" ")})`;
}
