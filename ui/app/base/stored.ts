// A choice of the reader that outlives the tab. Where nothing can be kept, it lives as long as the tab.
import {effect, signal, type Signal} from "@preact/signals";

export function stored(name: string, initial: string): Signal<string> {
  const key = `invar-${name}`;
  let value = initial;
  try {
    value = localStorage.getItem(key) ?? initial;
  } catch {
    // not allowed here
  }
  const made = signal(value);
  effect(() => {
    const now = made.value;
    try {
      if (now === initial) localStorage.removeItem(key);
      else localStorage.setItem(key, now);
    } catch {
      // not allowed here
    }
  });
  return made;
}
