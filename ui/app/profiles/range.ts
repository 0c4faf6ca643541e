// Ranges of time as links carry them: "-5m..now", "-65m..-60m", "1764340800000..1764341100000". Pure.
export interface Range {
  from: string;
  to: string;
}

const kUnits: Record<string, number> = {s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000};

// What a range says, or null.
export function parseRange(text: string): Range | null {
  const found = /^(now|-?[\dhmsd]+)\.\.(now|-?[\dhmsd]+)$/.exec(text);
  if (!found || momentOf(found[1], 0) === null || momentOf(found[2], 0) === null) return null;
  return {from: found[1], to: found[2]};
}

export const rangeText = ({from, to}: Range) => `${from}..${to}`;

// Milliseconds of one end, where it is `now`.
export function momentOf(text: string, now: number): number | null {
  if (text === "now") return now;
  if (/^\d+$/.test(text)) return Number(text);
  const parts = [...text.matchAll(/(\d+)([smhd])/g)];
  if (!text.startsWith("-") || parts.length === 0 || `-${parts.map(([whole]) => whole).join("")}` !== text) return null;
  return now - parts.reduce((sum, [, count, unit]) => sum + Number(count) * kUnits[unit], 0);
}

export function bounds(range: Range, now: number): [number, number] {
  return [momentOf(range.from, now) ?? now, momentOf(range.to, now) ?? now];
}

// "-65m" and the like: the shortest way to say it in whole seconds.
function ago(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds <= 0) return "now";
  if (seconds % 3600 === 0) return `-${seconds / 3600}h`;
  if (seconds % 60 === 0) return `-${seconds / 60}m`;
  return `-${seconds}s`;
}

// The same length, `milliseconds` earlier; relative stays relative.
export function earlier(range: Range, milliseconds: number, now: number): Range {
  const [from, to] = bounds(range, now);
  if (/^\d+$/.test(range.from)) return {from: String(from - milliseconds), to: String(to - milliseconds)};
  return {from: ago(now - from + milliseconds), to: ago(now - to + milliseconds)};
}

// What a link says that is to show the same tomorrow.
export function absolute(range: Range, now: number): Range {
  const [from, to] = bounds(range, now);
  return {from: String(Math.round(from)), to: String(Math.round(to))};
}
