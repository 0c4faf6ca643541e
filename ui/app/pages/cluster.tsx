// The members of the cluster, as this one sees them.
import {count, counted} from "../base/numbers";
import {useResource} from "../base/resource";
import {link} from "../base/router";
import type {Peers} from "../base/types";
import type {PageProps} from "../shell/pages";
import {StateWord} from "../parts/state";
import {Empty, Loaded} from "../parts/states";

const kWords: Record<string, string> = {participant: "takes part", viewer: "looks on", terminating: "is leaving", gone: "is gone"};

export function summary({peers}: Peers): string {
  const part = peers.filter(({state}) => state === "participant").length;
  return part === peers.length ? `${counted(part, "member")} agree.` : `${counted(peers.length, "member")}, ${count(part)} of them ${part === 1 ? "takes" : "take"} part.`;
}

export function ClusterPage({verdict}: PageProps) {
  const peers = useResource<Peers>("peers", {}, {topics: ["peers"], every: 5});
  return (
    <Loaded of={peers} what="the members" rows={4}>{(data) => (!data.enabled
      ? <><h1 class="title">There is no cluster</h1><div class="card"><Empty title="Clustering is off."><p>With <code>--cluster.enabled</code> several Invars share the targets of components that have a <code>clustering</code> block.</p></Empty></div></>
      : (
        <>
          <h1 class="insight">{summary(data)}{verdict.data && ` ${counted(verdict.data.targets, "target")} here.`}</h1>
          <div class="card scroll-x" tabIndex={0} role="region" aria-label="Members">
            <table class="plain">
              <thead><tr><th>State</th><th>Name</th><th>Address</th><th>Which</th></tr></thead>
              <tbody>{data.peers.map((each) => <tr key={each.name + each.address}><td><StateWord state={each.state === "participant" ? "ok" : each.state === "terminating" ? "late" : "waiting"}>{kWords[each.state] ?? each.state}</StateWord></td><td class="nowrap"><b>{each.name}</b></td><td><code>{each.address}</code></td><td class="soft nowrap">{each.self ? "this one" : "another"}</td></tr>)}</tbody>
            </table>
          </div>
          <p class="small soft below"><a href={link("targets", {by: "component"})}>The targets of this member</a></p>
        </>
      ))}</Loaded>
  );
}
