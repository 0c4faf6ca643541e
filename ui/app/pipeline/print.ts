// Arguments, exports and debug information as the configuration would write them. Pure.
import type {Statement, Value} from "../base/types";

interface Typed {
  type: string;
  value?: unknown;
}

const kWide = 88;

export function printValue(value: Value | undefined, indent = 0): string {
  if (!value) return "null";
  const pad = "  ".repeat(indent + 1);
  const list = (open: string, items: string[], close: string) => {
    if (items.length === 0) return open + close;
    const flat = `${open}${items.join(", ")}${close}`;
    return flat.length <= kWide && !flat.includes("\n") ? flat : `${open}\n${items.map((item) => pad + item).join(",\n")},\n${"  ".repeat(indent)}${close}`;
  };
  switch (value.type) {
    case "string":
      return JSON.stringify(value.value);
    case "array":
      return list("[", ((value.value ?? []) as Typed[]).map((each) => printValue(each, indent + 1)), "]");
    case "object":
      return list("{", ((value.value ?? []) as {key: string; value: Typed}[]).map(({key, value: of}) => `${/^\w+$/.test(key) ? key : JSON.stringify(key)} = ${printValue(of, indent + 1)}`), "}");
    case "null":
      return "null";
    default:
      return String(value.value ?? "");
  }
}

export function printBody(statements: readonly Statement[], indent = 0): string {
  const pad = "  ".repeat(indent);
  const widest = Math.max(0, ...statements.filter(({type}) => type === "attr").map(({name}) => name.length));
  return statements.map((each) => {
    if (each.type === "attr") return `${pad}${each.name.padEnd(widest)} = ${printValue(each.value, indent)}`;
    const head = `${pad}${each.name}${each.label ? ` ${JSON.stringify(each.label)}` : ""}`;
    const body = each.body ?? [];
    return body.length === 0 ? `${head} { }` : `${head} {\n${printBody(body, indent + 1)}\n${pad}}`;
  }).join("\n");
}
