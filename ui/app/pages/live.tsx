// What passes through a component, as it passes.
import {useEffect, useMemo, useRef, useState} from "preact/hooks";

import {paused} from "../base/events";
import {bytes, count} from "../base/numbers";
import {useResource} from "../base/resource";
import {go, link, param, place} from "../base/router";
import {clock, utc} from "../base/times";
import type {Components, LiveItem} from "../base/types";
import {Grid} from "../parts/grid";
import {SearchField} from "../parts/search_field";
import {Shape} from "../parts/state";
import {Empty} from "../parts/states";
import {CopyButton} from "../parts/text";
import {added, isBad, kMost, matcher, textOf, type Line} from "../live/lines";

const kSamples: [string, string][] = [["1", "all"], ["0.1", "10 %"], ["0.01", "1 %"]];
const kFlush = 200; // milliseconds: lines are shown in groups

interface Stream {
  lines: Line[];
  sampled: number;
  lost: number;
  since: number;
  waiting: number; // came while the reader looks
  state: "connecting" | "open" | "broken";
  clear(): void;
}

// `held`: what comes waits, so that nothing moves under the reader.
function useStream(id: string, sample: string, held: boolean): Stream {
  const [shown, setShown] = useState<{lines: Line[]; sampled: number; lost: number}>({lines: [], sampled: 0, lost: 0});
  const [waitingCount, setWaiting] = useState(0);
  const holds = useRef(held);
  holds.current = held;
  const [state, setState] = useState<Stream["state"]>("connecting");
  const [since, setSince] = useState(Date.now());
  const n = useRef(0);
  useEffect(() => {
    setShown({lines: [], sampled: 0, lost: 0});
    setSince(Date.now());
    if (!id) return;
    setState("connecting");
    const source = new EventSource(new URL(`api/v1/${link(`live/${id}`, {sample: sample === "1" ? "" : sample})}`, document.baseURI));
    let waiting: Line[] = [];
    source.onopen = () => setState("open");
    source.onerror = () => setState(source.readyState === EventSource.CLOSED ? "broken" : "connecting");
    source.addEventListener("item", (event) => {
      waiting.push({...(JSON.parse((event as MessageEvent<string>).data) as LiveItem), n: ++n.current});
      if (waiting.length > kMost) waiting.shift();
    });
    source.addEventListener("dropped", (event) => {
      const {sampled, lost} = JSON.parse((event as MessageEvent<string>).data) as {sampled: number; lost: number};
      setShown((old) => ({...old, sampled: old.sampled + sampled, lost: old.lost + lost}));
    });
    const timer = setInterval(() => {
      setWaiting(paused.value ? 0 : waiting.length);
      if (waiting.length === 0 || paused.value || holds.current) return;
      setWaiting(0);
      const more = waiting;
      waiting = [];
      setShown((old) => ({...old, lines: added(old.lines, more)}));
    }, kFlush);
    return () => {
      source.close();
      clearInterval(timer);
    };
  }, [id, sample]);
  return {...shown, since, state, waiting: held ? waitingCount : 0, clear: () => setShown({lines: [], sampled: 0, lost: 0})};
}

export function LivePage() {
  const id = place.value.path.slice("live/".length);
  const sample = param("sample") || "1";
  const find = param("find");
  const components = useResource<Components>("components", {}, {every: 30});
  const [[pointed, away], setLook] = useState([false, false]);
  const stream = useStream(id, sample, pointed || away);
  const [line, setLine] = useState(0);
  const toTop = () => {
    document.querySelector(".page-live .grid-box")!.scrollTop = 0;
    setLook([false, false]);
  };
  const filter = useMemo(() => matcher(find), [find]);
  const lines = useMemo(() => stream.lines.filter((each) => filter.test(textOf(each))).reverse(), [stream.lines, filter]);
  const opened = lines.find((each) => String(each.n) === param("open"));
  const all = components.data?.components ?? [];
  return (
    <>
      <h1 class="unseen">Live</h1>
      <div class="filters">
        <label class="pick"><span>Component</span>
          <select value={id} onChange={(event) => go(link(event.currentTarget.value ? `live/${event.currentTarget.value}` : "live", {find}))}>
            <option value="">choose</option>
            {id && !all.some((each) => each.id === id) && <option value={id}>{id}</option>}
            {all.map((each) => <option key={each.id} value={each.id}>{each.id}</option>)}
          </select>
        </label>
        <SearchField name="find" plain value={find} error={filter.wrong} label="Filter lines" placeholder="Text or pattern" told={id ? `${count(lines.length)} shown` : ""}/>
        <label class="pick"><span>Of them</span>
          <select value={sample} onChange={(event) => go(link(place.value.path, {find, sample: event.currentTarget.value === "1" ? null : event.currentTarget.value}), {replace: true})}>{kSamples.map(([value, text]) => <option key={value} value={value}>{text}</option>)}</select>
        </label>
        <button type="button" class={`btn tall${paused.value ? " on" : ""}`} aria-pressed={paused.value} onClick={() => (paused.value = !paused.value)}>{paused.value ? "Go on" : "Pause"} <kbd>.</kbd></button>
        <button type="button" class="btn tall" onClick={stream.clear}>Clear</button>
        <CopyButton class="btn tall" label="Copy" text={() => lines.map((each) => `${utc(each.at)} ${each.kind} ${textOf(each)}`).join("\n")}/>
      </div>
      <div class="card clip">
        {!id ? <Empty title="Choose a component."><p>What passes through it is shown as it passes; nothing is kept by Invar, and nothing is slowed down.</p></Empty>
          : stream.state === "broken" ? <Empty title={`\`${id}\` cannot be listened to.`}><p>It may be gone, or too many streams are open. <button type="button" class="link" onClick={() => location.reload()}>Try again</button></p></Empty>
            : lines.length === 0 ? <Empty title={stream.lines.length > 0 ? `None of ${count(stream.lines.length)} lines has “${find}”.` : `Listening. Nothing passed \`${id}\` since ${clock(stream.since, Date.now(), true)}.`}/>
              : (
                <Grid label={`What passes through ${id}`} count={lines.length} current={Math.min(line, lines.length - 1)} onMove={setLine} rowHeight={28}
                  onOpen={(at) => go(link(place.value.path, {find, sample: sample === "1" ? null : sample, open: String(lines[at].n) === param("open") ? null : lines[at].n}), {replace: true})}
                  onPointer={(inside) => setLook(([, scrolled]) => [inside, scrolled])} onScrolled={(scrolled) => setLook(([inside]) => [inside, scrolled])}
                  columns={[{name: "time", title: "Time", width: "104px"}, {name: "kind", title: "What", width: "84px"}, {name: "text", title: "Item", width: "minmax(160px, 1fr)"}, {name: "size", title: "Size", width: "84px", right: true}, {name: "to", title: "To", width: "minmax(0, 0.4fr)"}, {name: "outcome", title: "Outcome", width: "minmax(0, 0.3fr)"}]}
                  row={(at) => {
                    const each = lines[at];
                    const date = new Date(each.at);
                    return {key: String(each.n), class: `live-line${each === opened ? " chosen" : ""}`, cells: [
                      <span class="mono" title={utc(each.at)}>{clock(each.at, each.at, true)}.{String(date.getMilliseconds()).padStart(3, "0")}</span>, <span class="soft">{each.kind}</span>,
                      <span><code>{each.text}</code> <span class="soft">{Object.entries(each.labels ?? {}).filter(([name]) => !name.startsWith("__")).map(([name, value]) => `${name}=${value}`).join("  ")}</span></span>,
                      each.bytes === undefined ? "" : bytes(each.bytes), <code title={each.destination}>{each.destination}</code>,
                      <span class={isBad(each) ? "failing-text" : "soft"} title={each.outcome}>{each.outcome}</span>,
                    ]};
                  }}
                  foot={<>{stream.waiting > 0 && <span class="held"><b>{count(stream.waiting)} new</b>, {away ? "" : "shown when you point elsewhere"}{away && <button type="button" class="link small" onClick={toTop}>at the top</button>}</span>}<span>{count(stream.lines.length)} kept of at most {count(kMost)}, the newest first{stream.sampled > 0 && `; ${count(stream.sampled)} left out by sampling`}; {stream.lost > 0 ? <b class="failing-text">{count(stream.lost)} lost, this browser was too slow</b> : "0 lost"}</span><span><Shape state={paused.value ? "waiting" : "ok"}/> {paused.value ? "paused" : stream.state === "open" ? "listening" : "connecting"}</span></>}/>
              )}
      </div>
      {opened && (
        <section class="card opened" aria-label="The chosen line">
          <div class="card-head"><h2>{opened.kind} at {clock(opened.at, Date.now(), true)}</h2><span class="soft small">{utc(opened.at)}</span></div>
          <p class="pad-x"><code>{opened.text}</code></p>
          {opened.outcome && <p class="pad-x">{opened.destination && <>To <code>{opened.destination}</code>: </>}<span class={isBad(opened) ? "failing-text" : ""}>{opened.outcome}</span></p>}
          <table class="plain"><tbody>{Object.entries(opened.labels ?? {}).map(([name, value]) => <tr key={name}><th scope="row"><code>{name}</code></th><td><code>{value}</code></td></tr>)}</tbody></table>
        </section>
      )}
    </>
  );
}
