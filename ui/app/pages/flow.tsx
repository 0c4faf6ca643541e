// The ledger as a flow: who took profiles, and what became of them at each place they were given to.
import {count} from "../base/numbers";
import {link} from "../base/router";
import type {LedgerFlow, LedgerRow} from "../base/types";
import {Empty} from "../parts/states";

const kMost = 8; // sources that are drawn; the rest is one

export interface Source {
  component: string;
  taken: number;
}

// The largest sources, the others in one.
export function largest(sources: readonly Source[], most = kMost): Source[] {
  const sorted = [...sources].sort((a, b) => b.taken - a.taken);
  if (sorted.length <= most) return sorted;
  const rest = sorted.slice(most - 1);
  return [...sorted.slice(0, most - 1), {component: `${rest.length} more`, taken: rest.reduce((sum, each) => sum + each.taken, 0)}];
}

export interface Fate {
  name: "sent" | "queued" | "refused" | "expired" | "dropped";
  value: number;
}

// What became of what a place was given, without what did not happen.
export function fates(row: LedgerRow): Fate[] {
  return (["sent", "queued", "refused", "expired", "dropped"] as const).map((name) => ({name, value: row[name]})).filter(({value}) => value > 0);
}

const kWords = {sent: "delivered", queued: "wait", refused: "refused", expired: "expired", dropped: "dropped"};

export function Flow({flow}: {flow: LedgerFlow}) {
  const sources = largest(flow.sources);
  const taken = sources.reduce((sum, each) => sum + each.taken, 0);
  if (sources.length === 0) return <Empty title="No component makes or receives profiles."/>;
  if (flow.destinations.length === 0) return <Empty title="Profiles are collected and go nowhere: there is no `pyroscope.write` and no `pyroscope.fsdump`."/>;
  return (
    <div class="flow">
      <div class="flow-sources">
        <Ribbons sources={sources} taken={taken}/>
        <p class="flow-taken"><b>{count(taken)}</b> taken</p>
      </div>
      <ul class="flow-places">
        {flow.destinations.map((row) => <Place key={`${row.component} ${row.destination}`} row={row}/>)}
      </ul>
    </div>
  );
}

const kGap = 12;
const kSmallest = 30; // a name and its number

function Ribbons({sources, taken}: {sources: Source[]; taken: number}) {
  const height = Math.max(168, sources.length * (kSmallest + kGap));
  const room = height - kGap * (sources.length - 1);
  const shares = sources.map((each) => (taken > 0 ? each.taken / taken : 1 / sources.length));
  const spare = room - kSmallest * sources.length;
  const heights = shares.map((share) => kSmallest + share * spare);
  let left = 0;
  let right = 0;
  const inner = height - 40;
  return (
    <div class="ribbons" style={{height: `${height}px`}}>
      <ul class="ribbon-names">
        {sources.map((each, i) => (
          <li key={each.component} style={{height: `${heights[i]}px`, marginBottom: `${i < sources.length - 1 ? kGap : 0}px`}}>
            {each.component.endsWith(" more") ? <span>{each.component}</span> : <a href={link(`component/${each.component}`)}><code>{each.component}</code></a>}
            <span class="soft small">{count(each.taken)}</span>
          </li>
        ))}
      </ul>
      <svg class="ribbon-lines" viewBox={`0 0 100 ${height}`} preserveAspectRatio="none" aria-hidden="true">
        {sources.map((each, i) => {
          const end = (heights[i] / room) * inner;
          const [a, b, c, d] = [left, left + heights[i], 20 + right, 20 + right + end];
          left += heights[i] + kGap;
          right += end;
          return <g key={each.component}><path d={`M2 ${a}C50 ${a} 50 ${c} 97 ${c}V${d}C50 ${d} 50 ${b} 2 ${b}Z`} class="ribbon"/><rect x="0" y={a} width="2" height={heights[i]} class="ribbon-end"/></g>;
        })}
        <rect x="97" y="20" width="3" height={inner} class="ribbon-sum"/>
      </svg>
    </div>
  );
}

function Place({row}: {row: LedgerRow}) {
  const parts = fates(row);
  const whole = Math.max(row.taken, 1);
  return (
    <li class="place">
      <h3><a href={link("delivery", {component: row.component})}>{row.destination || row.component}</a>{row.destination && row.destination !== row.component && <span class="soft small"> <code>{row.component}</code></span>}</h3>
      <div class="stack" role="img" aria-label={parts.map(({name, value}) => `${count(value)} ${kWords[name]}`).join(", ") || "nothing yet"}>
        {parts.map(({name, value}) => <span key={name} class={`stack-${name}`} style={{width: `${(value / whole) * 100}%`}}/>)}
      </div>
      <p class="small soft">
        {parts.length === 0 ? "Nothing was given to it yet." : parts.map(({name, value}, i) => <span key={name} class={`fate-${name}`}>{i > 0 && ", "}<b>{count(value)}</b> {kWords[name]}</span>)}
      </p>
    </li>
  );
}
