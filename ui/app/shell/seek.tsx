// Go to a target, a component or a page: one field, answers below it.
import {signal} from "@preact/signals";
import {useEffect, useRef, useState} from "preact/hooks";

import {get} from "../base/api";
import {go, link} from "../base/router";
import type {Components, Targets} from "../base/types";
import {Shape, type State} from "../parts/state";

export const seekOpen = signal(false);

interface Hit {
  href: string;
  title: string;
  what: string;
  state?: State;
}

const kPages: Hit[] = ["Overview", "Pipeline", "Targets", "Profiles", "Delivery", "Live", "Configuration"]
  .map((title) => ({href: title === "Overview" ? "." : title.toLowerCase(), title, what: "page"}));
const kWait = 120;

// A text becomes an expression over the instance; an expression stays one.
export function expressionOf(text: string): string {
  if (text.trim().startsWith("{")) return text.trim();
  const safe = text.trim().replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  return safe ? `{instance=~".*${safe}.*"}` : "";
}

async function find(text: string): Promise<Hit[]> {
  const wanted = text.toLowerCase();
  const pages = kPages.filter((page) => page.title.toLowerCase().includes(wanted));
  const [components, targets] = await Promise.all([
    get<Components>("components").then((all) => all.components, () => []),
    get<Targets>("targets", {q: expressionOf(text), limit: 6}).then((all) => all.rows, () => []),
  ]);
  return [
    ...pages,
    ...components.filter(({id}) => id.toLowerCase().includes(wanted)).slice(0, 6).map(({id}) => ({href: link(`component/${id}`), title: id, what: "component"})),
    ...targets.map((row) => ({href: link(`targets/${row.id}`), title: row.target, what: row.type, state: row.state})),
  ];
}

export function Seek() {
  const [text, setText] = useState("");
  const [hits, setHits] = useState<Hit[]>([]);
  const [at, setAt] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (seekOpen.value) field.current?.focus();
  }, [seekOpen.value]);
  useEffect(() => {
    if (!text) return setHits([]);
    let current = true;
    const timer = setTimeout(() => void find(text).then((found) => {
      if (!current) return;
      setHits(found);
      setAt(0);
    }), kWait);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [text]);
  const close = () => {
    setText("");
    seekOpen.value = false;
  };
  const open = (hit?: Hit) => {
    if (!hit) return;
    close();
    field.current?.blur();
    go(hit.href);
  };
  const key = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") setAt(Math.min(hits.length - 1, at + 1));
    else if (event.key === "ArrowUp") setAt(Math.max(0, at - 1));
    else if (event.key === "Enter") open(hits[at]);
    else if (event.key === "Escape") {
      close();
      field.current?.blur();
    } else return;
    event.preventDefault();
  };
  return (
    <div class="seek" role="search">
      <svg width="14" height="14" aria-hidden="true"><circle cx="6" cy="6" r="4.5" class="edge"/><path d="m9.5 9.5 3.5 3.5" class="edge"/></svg>
      <input ref={field} type="text" role="combobox" aria-label="Go to target, component, page" aria-expanded={hits.length > 0} aria-controls="seek-list" aria-autocomplete="list"
        aria-activedescendant={hits.length > 0 ? `seek-${at}` : undefined}
        placeholder="Go to target, page …" value={text} onInput={(event) => setText(event.currentTarget.value)} onKeyDown={key}
        onFocus={() => (seekOpen.value = true)} onBlur={() => setTimeout(close, 150)} autocomplete="off" spellcheck={false}/>
      {!text && <kbd>/</kbd>}
      <ul id="seek-list" role="listbox" aria-label="Found" class={text ? "seek-list" : "seek-list away"}>
        {hits.map((hit, i) => (
          <li key={hit.href} id={`seek-${i}`} role="option" aria-selected={i === at} class={i === at ? "on" : ""} onMouseDown={(event) => event.preventDefault()} onClick={() => open(hit)}>
            {hit.state ? <Shape state={hit.state}/> : <span class="shape"/>}<span class="seek-title">{hit.title}</span><span class="soft small">{hit.what}</span>
          </li>
        ))}
        {text && hits.length === 0 && <li role="option" aria-selected={false} aria-disabled="true" class="soft">Nothing is called “{text}”.</li>}
      </ul>
    </div>
  );
}
