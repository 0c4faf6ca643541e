// What passed, as lines: bounded, filtered, and honest about what is missing. Pure.
import type {LiveItem} from "../base/types";

export const kMost = 5000;

export interface Line extends LiveItem {
  n: number;
}

// The newest stay.
export function added(lines: readonly Line[], more: readonly Line[]): Line[] {
  const all = [...lines, ...more];
  return all.length > kMost ? all.slice(all.length - kMost) : all;
}

export interface Matcher {
  test(text: string): boolean;
  wrong: string; // why it is no pattern; it is then taken as a text
}

export function matcher(text: string): Matcher {
  if (!text) return {test: () => true, wrong: ""};
  try {
    const pattern = new RegExp(text, "i");
    return {test: (line) => pattern.test(line), wrong: ""};
  } catch (error) {
    const plain = text.toLowerCase();
    return {test: (line) => line.toLowerCase().includes(plain), wrong: `no pattern (${(error as Error).message.replace(/^.*: /, "")}): searched as text`};
  }
}

export const textOf = (line: LiveItem) => `${line.text} ${line.destination ?? ""} ${line.outcome ?? ""} ${Object.entries(line.labels ?? {}).map(([name, value]) => `${name}=${value}`).join(" ")}`;

// A profile that is lost, or was not taken.
export const isBad = (line: LiveItem) => /^(refused|dropped(?! by a rule)|expired)/.test(line.outcome ?? "");
