// Numbers and names as people read them.

const kTime = [["h", 3600e9], ["min", 60e9], ["s", 1e9], ["ms", 1e6], ["µs", 1e3], ["ns", 1]];
const kBytes = [["TiB", 2 ** 40], ["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 2 ** 10], ["B", 1]];
const kNanoseconds = {nanoseconds: 1, ns: 1, microseconds: 1e3, us: 1e3, milliseconds: 1e6, ms: 1e6, seconds: 1e9, s: 1e9};

// Three significant digits, but all of those before the point.
function digits(number) {
  const size = Math.abs(number);
  return number.toFixed(size >= 100 || Number.isInteger(number) ? 0 : size >= 10 ? 1 : 2);
}

function scaled(value, steps) {
  const [unit, size] = steps.find(([, step]) => Math.abs(value) >= step) ?? steps.at(-1);
  return `${digits(value / size)} ${unit}`;
}

export function formatValue(value, unit) {
  if (unit in kNanoseconds) return scaled(value * kNanoseconds[unit], kTime);
  if (unit === "bytes") return scaled(value, kBytes);
  const plain = Math.round(value).toLocaleString("en-US");
  return unit === "count" || unit === "" ? plain : `${plain} ${unit}`;
}

export function formatShare(share) {
  const percent = share * 100;
  if (percent > 0 && percent < 0.01) return "<0.01 %";
  return `${percent.toFixed(percent >= 99.995 ? 0 : 2)} %`;
}

const sign = (text, number) => (number > 0 ? `+${text}` : number < 0 ? `−${text}` : text);
export const formatChange = (change, unit) => sign(formatValue(Math.abs(change), unit), change);
export function formatPoints(change) {
  return sign(`${(Math.abs(change) * 100).toFixed(2)} points`, Math.round(change * 1e4));
}

// What fits into a frame: without the path of a Go package, "example.com/x/y.(*T).F" -> "y.(*T).F".
export function shortName(name) {
  const end = name.search(/[([<{ ]/);
  const slash = name.lastIndexOf("/", end < 0 ? undefined : end);
  return slash > 0 ? name.slice(slash + 1) : name;
}

// What functions that belong together have in common: a Go package, a namespace, a module.
export function packageOf(name) {
  const end = name.search(/[([<{ ]/);
  const head = end < 0 ? name : name.slice(0, end);
  const slash = head.lastIndexOf("/");
  if (slash >= 0) {
    const dot = head.indexOf(".", slash);
    return dot < 0 ? head : head.slice(0, dot);
  }
  const colons = head.lastIndexOf("::");
  if (colons > 0) return head.slice(0, colons);
  const dot = head.indexOf(".");
  return dot > 0 ? head.slice(0, dot) : head;
}
