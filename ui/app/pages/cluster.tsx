// The members of the cluster, as this one sees them.
import {count, counted, percent} from "../base/numbers";
import {useResource} from "../base/resource";
import {link} from "../base/router";
import {Ago} from "../base/times";
import type {Balance, Peers} from "../base/types";
import {StateWord} from "../parts/state";
import {Empty, Loaded} from "../parts/states";
import {Sentence} from "../parts/text";

const kWords: Record<string, string> = {participant: "takes part", viewer: "looks on", terminating: "is leaving", gone: "is gone"};

// The targets that the members share; null when no component shares any.
const sharedTargets = ({peers, targets_of_nobody: nobodys}: Peers) => (nobodys === undefined ? null : peers.reduce((sum, each) => sum + (each.targets ?? 0), nobodys));

export function summary(data: Peers): string {
  const {peers, targets_of_nobody: nobodys = 0} = data;
  const part = peers.filter(({state}) => state === "participant").length;
  const shared = sharedTargets(data);
  return [
    part === peers.length ? `${counted(part, "member")} agree.` : `${counted(peers.length, "member")}, ${count(part)} of them ${part === 1 ? "takes" : "take"} part.`,
    shared === null ? "They share no targets: no component has a `clustering` block that is enabled." : `They share ${counted(shared, "target")}.`,
    nobodys > 0 ? `${counted(nobodys, "target")} ${nobodys === 1 ? "has" : "have"} no member yet.` : "",
  ].filter(Boolean).join(" ");
}

// How even the work is: of the leader alone, which knows the costs.
export function evenness({nodes}: Balance): string {
  const costs = nodes.map(({cost}) => cost ?? 0);
  return nodes.length > 0 && nodes.every(({cost}) => cost !== undefined) ? ` The one that carries most has ${(Math.max(...costs) * nodes.length).toFixed(2)} times the mean.` : "";
}

function PartOf({node}: {node?: Balance["nodes"][number]}) {
  return <><td>{percent(node?.keys)}</td><td>{percent(node?.cost)}</td></>;
}

function BalanceText({of}: {of: Balance}) {
  if (!of.by_cost) return <p class="small below">All share by the ring: not every member weighs costs.</p>;
  return (
    <p class="small below">
      Work is shared out by what it costs; <b>{of.leader}</b> leads. {of.plan === 0 ? "There is no plan yet: each has what the ring gives it." : <>Plan {count(of.plan)} holds{of.since != null && <>: it came <Ago at={of.since}/> and moved {percent(of.moved)} of the keys</>}.</>}{evenness(of)}
    </p>
  );
}

export function ClusterPage() {
  const peers = useResource<Peers>("peers", {}, {topics: ["peers"], every: 5});
  return (
    <Loaded of={peers} what="the members" rows={4}>{(data) => (!data.enabled ? <NoCluster/> : <Members data={data} shared={sharedTargets(data)}/>)}</Loaded>
  );
}

const NoCluster = () => <><h1 class="title">There is no cluster</h1><div class="card"><Empty title="Clustering is off."><p>With <code>--cluster.enabled</code> several Invars share the targets of components that have a <code>clustering</code> block.</p></Empty></div></>;

function Members({data, shared}: {data: Peers; shared: number | null}) {
  return (
    <>
      <h1 class="insight"><Sentence text={summary(data)}/></h1>
      <div class="card scroll-x" tabIndex={0} role="region" aria-label="Members">
        <table class="plain">
          <thead><tr><th>State</th><th>Name</th><th>Address</th><th class="right">Targets</th><th class="right">Share</th><th>Which</th>{data.balance?.by_cost && <><th>Part of the keys</th><th>Of the cost</th></>}</tr></thead>
          <tbody>{data.peers.map((each) => <tr key={each.name + each.address}><td><StateWord state={each.state === "participant" ? "ok" : each.state === "terminating" ? "late" : "waiting"}>{kWords[each.state] ?? each.state}</StateWord></td><td class="nowrap"><b>{each.name}</b></td><td><code>{each.address}</code></td><td class="right">{count(each.targets)}</td><td class="right soft nowrap">{shared ? percent((each.targets ?? 0) / shared) : "–"}</td><td class="soft nowrap">{each.self ? "this one" : "another"}</td>{data.balance?.by_cost && <PartOf node={data.balance.nodes.find(({name}) => name === each.name)}/>}</tr>)}</tbody>
        </table>
      </div>
      {data.balance && <BalanceText of={data.balance}/>}
      <p class="small soft below"><a href={link("targets", {by: "component"})}>The targets of this member</a></p>
    </>
  );
}
