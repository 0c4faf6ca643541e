// Light or dark: as the system, until the reader chooses.
import {effect, signal} from "@preact/signals";

import {stored} from "./stored";

export const theme = stored("theme", "system");
export const dark = signal(false);

export function startTheme(): void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const root = document.documentElement;
    if (theme.value === "system") delete root.dataset.theme;
    else root.dataset.theme = theme.value;
    dark.value = theme.value === "system" ? system.matches : theme.value === "dark";
  };
  system.addEventListener("change", apply);
  effect(apply);
}

// What a token is in this theme, for what does not draw with CSS.
export function colour(element: HTMLElement, name: string): string {
  const before = element.style.color;
  element.style.color = `var(${name})`;
  const value = getComputedStyle(element).color;
  element.style.color = before;
  return value;
}
