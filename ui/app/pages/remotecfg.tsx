// The configuration that comes from afar: from where, when, and what was wrong with it.
import {useResource} from "../base/resource";
import {link} from "../base/router";
import {Ago, Time} from "../base/times";
import type {RemoteConfig} from "../base/types";
import {Shape} from "../parts/state";
import {Empty, Loaded} from "../parts/states";

// One sentence for its state. Pure.
export function remoteInsight(remote: RemoteConfig): string {
  if (!remote.running) return remote.error ? "No remote configuration runs; only the local one does." : "Waiting for the first remote configuration.";
  if (remote.from_cache) return "The server does not answer; its last configuration runs from the copy on disk.";
  if (remote.unanswered) return "The server does not answer; its last configuration keeps running.";
  return remote.error ? "The last remote configuration was not taken; the one before keeps running." : "The remote configuration runs.";
}

export function RemotePage() {
  const remote = useResource<RemoteConfig>("remotecfg", {}, {topics: ["remotecfg"], every: 5});
  return (
    <Loaded of={remote} what="the remote configuration" rows={4}>{(data) => (!data.enabled
      ? <><h1 class="title">There is no remote configuration</h1><div class="card"><Empty title="The configuration has no `remotecfg` block."><p><a href={link("configuration")}>See what is loaded</a></p></Empty></div></>
      : (
        <>
          <h1 class="insight">{remoteInsight(data)}</h1>
          {data.error && <div class="say failing"><p class="say-title"><Shape state="failing"/>What it says</p><p>{data.error}</p></div>}
          <div class="card pad"><dl class="facts">
            <div><dt>From</dt><dd><code>{data.url || "–"}</code></dd></div>
            <div><dt>Loaded</dt><dd>{data.loaded == null ? "–" : <Time at={data.loaded} seconds/>}</dd></div>
            <div><dt>Last asked</dt><dd>{data.polled == null ? "–" : <Ago at={data.polled}/>}</dd></div>
            <div><dt>Known there as</dt><dd><code>{data.id || "–"}</code></dd></div>
            <div><dt>Hash</dt><dd><code>{data.hash || "–"}</code></dd></div>
          </dl></div>
          {data.running && <p class="small below"><a href={link("configuration")}>See what runs</a></p>}
        </>
      ))}</Loaded>
  );
}
