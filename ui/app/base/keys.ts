// Single keys that work everywhere, and those of the page that is shown. They can be switched off (WCAG 2.1.4).
import {signal} from "@preact/signals";
import {useEffect} from "preact/hooks";

import {stored} from "./stored";

export interface Key {
  key: string;
  what: string;
  act(event: KeyboardEvent): void;
}

export const keysOn = stored("keys", "on");
export const helpOpen = signal(false);
const groups: {title: string; keys: Key[]}[] = [];
let prefix = "";

export const groupsOfKeys = (): readonly {title: string; keys: Key[]}[] => groups;

export function addKeys(title: string, keys: Key[]): () => void {
  const group = {title, keys};
  groups.push(group);
  return () => void groups.splice(groups.indexOf(group), 1);
}

export function useKeys(title: string, keys: Key[], depends: unknown[] = []): void {
  useEffect(() => addKeys(title, keys), depends);
}

const typing = (target: EventTarget | null) => target instanceof Element && target.matches("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");

// "g" waits for the letter behind it.
export function startKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || typing(event.target)) return;
    if (keysOn.value === "off" && event.key.length === 1) return;
    const wanted = prefix + event.key;
    const known = groups.flatMap((group) => group.keys);
    prefix = "";
    const hit = known.findLast((key) => key.key === wanted) ?? (wanted.length > 1 ? known.findLast((key) => key.key === event.key) : undefined);
    if (hit) {
      hit.act(event);
      event.preventDefault();
    } else if (known.some((key) => key.key.length > 1 && key.key.startsWith(event.key) && event.key.length === 1)) {
      prefix = event.key;
      setTimeout(() => (prefix = ""), 1500);
    }
  });
}
