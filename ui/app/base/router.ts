// Where the reader is: a path below the document's base and its parameters. All state of a page stands in its URL, so that
// Back goes back and a link shows what its sender saw.
import {signal} from "@preact/signals";

export interface Place {
  path: string; // below the base, without the slash before it: "", "targets", "component/a.b"
  params: URLSearchParams;
}

export function placeOf(url: URL, base: string): Place {
  const path = url.pathname.startsWith(base) ? url.pathname.slice(base.length) : "";
  return {path: decodeURI(path).replace(/\/+$/, ""), params: url.searchParams};
}

export const base = () => new URL(".", document.baseURI).pathname;
export const place = signal<Place>({path: "", params: new URLSearchParams()});

function read(): void {
  place.value = placeOf(new URL(location.href), base());
}

export type Params = Record<string, string | number | null | undefined>;

// A relative link; parameters without a value are left out. Readable: what needs no escape in a query has none.
export function link(path: string, params: Params = {}): string {
  const query = Object.entries(params)
    .filter(([, value]) => value != null && value !== "")
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value)).replaceAll("%2C", ",").replaceAll("%2F", "/").replaceAll("%3A", ":")}`)
    .join("&");
  return (encodeURI(path) || ".") + (query ? `?${query}` : "");
}

export function go(to: string, {replace = false} = {}): void {
  const url = new URL(to, document.baseURI);
  if (url.href === location.href) return;
  if (replace) history.replaceState(null, "", url);
  else history.pushState(null, "", url);
  const before = place.value.path;
  read();
  if (!replace && place.value.path !== before) {
    scrollTo(0, 0);
    document.getElementById("main")?.focus({preventScroll: true});
  }
}

// Changes parameters of the page that is shown. What is typed replaces the entry of the history, what is chosen adds one.
export function setParams(changes: Params, {replace = false} = {}): void {
  const all: Params = Object.fromEntries(place.value.params);
  go(link(place.value.path, {...all, ...changes}), {replace});
}

export const param = (name: string): string => place.value.params.get(name) ?? "";

export function startRouter(): void {
  read();
  addEventListener("popstate", read);
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const anchor = (event.target as Element).closest?.("a");
    if (!anchor || anchor.target || anchor.hasAttribute("download") || anchor.dataset.plain !== undefined) return;
    const url = new URL(anchor.href, document.baseURI);
    if (url.origin !== location.origin || !url.pathname.startsWith(base())) return;
    if (url.hash && url.pathname === location.pathname && url.search === location.search) return;
    event.preventDefault();
    go(url.href);
  });
}
