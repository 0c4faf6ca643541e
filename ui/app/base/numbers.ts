// Numbers as people read them, always with their unit. Pure.
const kBytes = [["TiB", 2 ** 40], ["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 2 ** 10], ["B", 1]] as const;

export const kUnknown = "–"; // never a zero where nothing is known

function digits(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2);
}

export function count(value: number | null | undefined): string {
  return value == null ? kUnknown : Math.round(value).toLocaleString("en-US");
}

// "1 target", "1,284 targets".
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

export function bytes(value: number | null | undefined): string {
  if (value == null) return kUnknown;
  const [unit, size] = kBytes.find(([, step]) => Math.abs(value) >= step) ?? kBytes[4];
  return `${digits(size === 1 ? Math.round(value) : value / size)} ${unit}`;
}

export function rate(value: number | null | undefined): string {
  if (value == null) return kUnknown;
  const size = Math.abs(value);
  return size === 0 || size >= 1000 ? count(value) : value.toFixed(size >= 10 ? 1 : 2);
}

export function percent(share: number | null | undefined): string {
  if (share == null || !Number.isFinite(share)) return kUnknown;
  const value = share * 100;
  if (value > 0 && value < 0.1) return "<0.1 %";
  return `${value >= 99.95 && value < 100 ? "99.9" : value.toFixed(value === 100 || value === 0 ? 0 : 1)} %`;
}

// Seconds: "1 ms", "18.2 s", "41 min", "12 d 4 h".
export function duration(seconds: number | null | undefined): string {
  if (seconds == null) return kUnknown;
  if (seconds < 0.0005) return seconds <= 0 ? "0 s" : `${Math.max(1, Math.round(seconds * 1e6))} µs`;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 100 && seconds !== 60) return `${seconds < 10 && !Number.isInteger(seconds) ? seconds.toFixed(1) : seconds.toFixed(seconds < 60 && !Number.isInteger(seconds) ? 1 : 0)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return pair(Math.floor(seconds / 3600), "h", Math.floor((seconds % 3600) / 60), "min");
  return pair(Math.floor(seconds / 86400), "d", Math.floor((seconds % 86400) / 3600), "h");
}

function pair(large: number, unit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`;
}

// How long ago, for the eye: whole seconds only.
export function age(seconds: number): string {
  return duration(Math.max(0, Math.floor(seconds)));
}
