// The frame of every page: skip link, bar, silence, the page itself, help on keys.
import {useEffect} from "preact/hooks";

import {paused} from "../base/events";
import {addKeys, helpOpen} from "../base/keys";
import {useResource} from "../base/resource";
import {go, link, place} from "../base/router";
import type {Peers, RemoteConfig, Verdict} from "../base/types";
import {copy} from "../parts/text";
import {SilenceBar} from "../parts/states";
import {Bar} from "./bar";
import {Help} from "./help";
import {pageFor} from "./pages";
import {seekOpen} from "./seek";

const kGo: [string, string, string][] = [
  ["o", "", "Overview"], ["p", "pipeline", "Pipeline"], ["t", "targets", "Targets"], ["f", "profiles", "Profiles"],
  ["d", "delivery", "Delivery"], ["l", "live", "Live"], ["c", "configuration", "Configuration"],
];

function useGeneralKeys(): void {
  useEffect(() => addKeys("Everywhere", [
    {key: "/", what: "Search", act: () => {
      const own = document.querySelector<HTMLElement>("[data-search]");
      if (own) own.focus();
      else seekOpen.value = true;
    }},
    ...kGo.map(([letter, path, name]) => ({key: `g${letter}`, what: `Go to ${name}`, act: () => go(link(path))})),
    {key: ".", what: "Pause and go on", act: () => void (paused.value = !paused.value)},
    {key: "y", what: "Copy the link to this", act: () => void copy(location.href)},
    {key: "?", what: "This list", act: () => void (helpOpen.value = !helpOpen.value)},
  ]), []);
}

export function Shell() {
  useGeneralKeys();
  const verdict = useResource<Verdict>("verdict", {}, {topics: ["verdict"], every: 5});
  const peers = useResource<Peers>("peers", {}, {topics: ["peers"], every: 60});
  const remote = useResource<RemoteConfig>("remotecfg", {}, {topics: ["remotecfg"], every: 60});
  const {Page, name, title} = pageFor(place.value.path);
  useEffect(() => void (document.title = `${title} · Invar`), [title]);
  return (
    <>
      <a class="skip" href={`${location.pathname}${location.search}#main`} onClick={(event) => {
        event.preventDefault();
        document.getElementById("main")?.focus();
      }}>To the content</a>
      <Bar verdict={verdict} cluster={peers.data?.enabled === true} remote={remote.data?.enabled === true} page={name}/>
      <SilenceBar/>
      <main id="main" tabIndex={-1} class={`page page-${name}`}><Page verdict={verdict}/></main>
      <Help/>
    </>
  );
}
