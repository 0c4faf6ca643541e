// The bar: pages with what fails in them, search, the state of the stream, the theme.
import {useEffect, useRef} from "preact/hooks";

import {reach} from "../base/api";
import {paused, stream} from "../base/events";
import {helpOpen} from "../base/keys";
import {age, counted} from "../base/numbers";
import type {Resource} from "../base/resource";
import {theme} from "../base/theme";
import {now} from "../base/times";
import type {Verdict} from "../base/types";
import {useResource} from "../base/resource";
import type {Endpoints} from "../base/types";
import {Shape} from "../parts/state";
import {isPage} from "./pages";
import {Seek} from "./seek";

function Mark() {
  return (
    <svg width="24" height="24" viewBox="0 0 24 24" aria-hidden="true" class="mark">
      <rect x="1" y="4" width="22" height="16" rx="2" class="mark-body"/>
      <path d="M4.5 4v5M7.5 4v3M10.5 4v5M13.5 4v3M16.5 4v5M19.5 4v3" class="mark-ticks"/>
      <path d="M3 16.5h18" class="mark-line"/>
    </svg>
  );
}

function Badge({value, what}: {value: number; what: string}) {
  return value > 0 ? <span class="badge" aria-label={counted(value, what)}>{value.toLocaleString("en-US")}</span> : null;
}

function StreamState() {
  const {heard, silentSince} = reach.value;
  if (paused.value) return <span class="stream"><Shape state="waiting"/>Paused</span>;
  if (silentSince > 0 && now.value - silentSince > 1000) return <span class="stream bad"><Shape state="failing"/>No answer for {age((now.value - silentSince) / 1000)}</span>;
  if (heard === 0) return <span class="stream"><Shape state="waiting"/>Connecting</span>;
  const since = age((now.value - heard) / 1000);
  return <span class="stream" title={stream.value === "open" ? "Changes arrive as they happen." : "Asked again every few seconds."}><Shape state="ok"/><span>{stream.value === "open" ? "Live" : "Current"}<span class="stream-age">, {since} ago</span></span></span>;
}

const kThemes = ["system", "light", "dark"];

function ThemeButton() {
  const next = kThemes[(kThemes.indexOf(theme.value) + 1) % kThemes.length];
  const name = theme.value === "system" ? "as the system" : theme.value;
  return (
    <button type="button" class="icon" title={`Colours: ${name}. Change to ${next}.`} aria-label={`Colours: ${name}. Change to ${next}.`} onClick={() => (theme.value = next)}>
      <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true"><circle cx="8" cy="8" r="6.2" class="edge"/><path d={theme.value === "light" ? "M8 5v6M5 8h6" : "M8 1.8a6.2 6.2 0 0 1 0 12.4z"} class={theme.value === "light" ? "edge" : "fill"}/></svg>
    </button>
  );
}

export function Bar({verdict, cluster, remote, page}: {verdict: Resource<Verdict>; cluster: boolean; remote: boolean; page: string}) {
  const endpoints = useResource<Endpoints>("endpoints", {}, {topics: ["endpoints"], every: 15});
  const refusing = endpoints.data?.endpoints.filter((each) => each.state === "failing").length ?? 0;
  const failing = verdict.data?.counts.failing ?? 0;
  const pages: [string, string, string, preact.ComponentChild?][] = [
    ["overview", ".", "Overview"],
    ["pipeline", "pipeline", "Pipeline", <Badge value={verdict.data?.unhealthy ?? 0} what="unhealthy component"/>],
    ["targets", "targets", "Targets", <Badge value={failing} what="failing target"/>],
    ["profiles", "profiles", "Profiles"],
    ["delivery", "delivery", "Delivery", <Badge value={refusing} what="endpoint with problems"/>],
    ["live", "live", "Live"],
    ["configuration", "configuration", "Configuration"],
  ];
  if (cluster) pages.push(["cluster", "cluster", "Cluster"]);
  if (remote) pages.push(["remotecfg", "remotecfg", "Remote"]);
  const shown = page === "component" ? "pipeline" : page;
  const nav = useRef<HTMLElement>(null);
  useEffect(() => nav.current?.querySelector(".on")?.scrollIntoView({block: "nearest", inline: "center"}), [shown, cluster, remote]);
  return (
    <header class="bar">
      <a class="brand" href="." aria-label="Invar: overview"><Mark/>Invar</a>
      <nav aria-label="Pages" ref={nav}>
        {pages.filter(([name]) => isPage(name)).map(([name, href, title, badge]) => <a key={name} href={href} class={name === shown ? "on" : ""} aria-current={name === shown ? "page" : undefined}>{title}{badge}</a>)}
      </nav>
      <span class="grow"/>
      <Seek/>
      <StreamState/>
      <button type="button" class="icon keys-button" title="Keys (?)" aria-label="Keys" onClick={() => (helpOpen.value = true)}>?</button>
      <ThemeButton/>
    </header>
  );
}
