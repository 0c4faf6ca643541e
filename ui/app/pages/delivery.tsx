// Do they arrive? Is it keeping up?
import {useState} from "preact/hooks";

import {ApiError, post, remove} from "../base/api";
import {bytes, count, counted, duration, percent} from "../base/numbers";
import {useResource} from "../base/resource";
import {link, param, setParams} from "../base/router";
import {Ago, Time} from "../base/times";
import type {Archives, Components, Endpoint, EndpointErrors, Endpoints, QueueAges, Replay, Replays} from "../base/types";
import {Shape, StateWord, type State} from "../parts/state";
import {Empty, Failure, Loaded} from "../parts/states";
import {Sentence} from "../parts/text";

export function DeliveryPage() {
  const endpoints = useResource<Endpoints>("endpoints", {}, {topics: ["endpoints"], every: 5});
  return (
    <div class="stack-16">
      <Loaded of={endpoints} what="the endpoints" rows={6}>{(data) => <Places endpoints={data.endpoints}/>}</Loaded>
      {endpoints.data === undefined && <h1 class="title">Delivery</h1>}
      <Replaying/>
    </div>
  );
}

// The page in one sentence.
export function summary(endpoints: readonly Endpoint[]): string {
  if (endpoints.length === 0) return "Profiles go nowhere yet.";
  const bad = endpoints.filter(({state}) => state === "failing");
  const waiting = endpoints.reduce((sum, each) => sum + each.queued, 0);
  const size = endpoints.reduce((sum, each) => sum + each.queued_bytes, 0);
  const expires = Math.min(...endpoints.filter((each) => each.oldest !== null && each.max_age != null).map((each) => Math.max(0, each.max_age! - each.oldest!)));
  const places = `${count(endpoints.length)} ${endpoints.length === 1 ? "place" : "places"}`;
  const first = bad.length === 0 ? (endpoints.length === 1 ? "The one place takes everything." : `All ${places} take everything.`)
    : bad.length === endpoints.length ? (endpoints.length === 1 ? "The one place takes nothing." : `None of ${places} takes anything.`)
      : `${bad.length === 1 ? "One" : count(bad.length)} of ${places} ${bad.length === 1 ? "takes" : "take"} nothing.`;
  if (waiting === 0) return `${first} Nothing waits.`;
  return `${first} ${counted(waiting, "profile")} (${bytes(size)}) ${waiting === 1 ? "waits" : "wait"}${bad.length > 0 && Number.isFinite(expires) ? `; the oldest expires in ${duration(expires)}` : ""}.`;
}

function Places({endpoints}: {endpoints: Endpoint[]}) {
  const component = param("component");
  const chosen = param("endpoint") || endpoints.find((each) => each.component === component && each.state === "failing")?.id || endpoints.find((each) => each.component === component)?.id || "";
  const one = endpoints.find(({id}) => id === chosen);
  if (endpoints.length === 0) {
    return <><h1 class="title">{summary(endpoints)}</h1><div class="card"><Empty title="There is no `pyroscope.write` and no `pyroscope.fsdump`."><p>Give profiles to one of them with <code>forward_to</code>. <a href={link("pipeline")}>See how it is wired</a></p></Empty></div></>;
  }
  return (
    <>
      <h1 class="insight">{summary(endpoints)}</h1>
      <div class="card scroll-x" tabIndex={0} role="region" aria-label="Endpoints">
        <table class="plain endpoints">
          <thead><tr><th>State</th><th>Endpoint</th><th class="right">Delivered</th><th class="right">Wait</th><th class="right">Oldest</th><th class="right" title="Half of the last 256 took no longer than the first, 99 in 100 no longer than the second: of a server to answer, of an archive to store.">Took p50 / p99</th><th class="right">Lost</th><th>Last words of the server</th></tr></thead>
          <tbody>{endpoints.map((each) => <Row key={each.id} each={each} chosen={each.id === chosen}/>)}</tbody>
        </table>
      </div>
      {one && <Ages endpoint={one}/>}
      {one && <One endpoint={one}/>}
    </>
  );
}

function Row({each, chosen}: {each: Endpoint; chosen: boolean}) {
  const lost = each.refused + each.expired + each.dropped;
  const parts = [[each.refused, "refused"], [each.expired, "expired"], [each.dropped, "dropped"]].filter(([value]) => Number(value) > 0).map(([value, word]) => `${count(Number(value))} ${word}`).join(", ");
  return (
    <tr class={chosen ? "chosen" : ""}>
      <td><StateWord state={each.state as State}>{each.text || each.state}</StateWord></td>
      <td><button type="button" class="link name" aria-expanded={chosen} onClick={() => setParams({endpoint: chosen ? null : each.id, component: null})}>{each.name || each.url}</button><div class="soft small"><a href={link(`component/${each.component}`)}><code>{each.component}</code></a>{each.kind === "archive" && `, archive of ${bytes(each.disk_bytes)}`}</div></td>
      <td class="right" data-name="Delivered">{count(each.sent)}</td>
      <td class="right" data-name="Wait">{count(each.queued)}{each.queued_bytes > 0 && <div class="soft small">{bytes(each.queued_bytes)}</div>}</td>
      <td class="right" data-name="Oldest">{each.oldest === null ? "–" : duration(each.oldest)}{each.oldest !== null && each.max_age != null && <div class="soft small">of {duration(each.max_age)}</div>}</td>
      <td class="right nowrap" data-name="Took p50 / p99">{each.took_p50 === null || each.took_p99 === null ? "–" : `${duration(each.took_p50)} / ${duration(each.took_p99)}`}</td>
      <td class="right" data-name="Lost">{lost > 0 ? <span class="failing-text" title={parts}>{count(lost)}</span> : "0"}{lost > 0 && <div class="soft small">{parts}</div>}</td>
      <td class="words">{each.last_error ? <>“{each.last_error}” {each.last_error_at !== null && <span class="soft small"><Ago at={each.last_error_at}/></span>}</> : <span class="soft">–</span>}</td>
    </tr>
  );
}

// "under 1 min", "1 to 5 min", "over 1 h".
export function ageWords(from: number, to: number | null): string {
  if (to === null) return `over ${duration(from)}`;
  if (from === 0) return `under ${duration(to)}`;
  const [less, more] = [duration(from), duration(to)];
  const unit = / \D+$/.exec(more)?.[0] ?? "";
  return `${less.endsWith(unit) ? less.slice(0, less.length - unit.length) : less} to ${more}`;
}

function Ages({endpoint}: {endpoint: Endpoint}) {
  const ages = useResource<QueueAges>(`endpoints/${endpoint.id}/ages`, {}, {topics: ["endpoints"], every: 10, keep: false});
  const shown = ages.data?.ages.filter(({count: waiting}) => waiting > 0) ?? [];
  if (!ages.data || ages.data.total === 0) return null;
  const {total, max_age: expires} = ages.data;
  return (
    <section class="card ages" aria-labelledby="ages-title">
      <div class="card-head"><h2 id="ages-title">How long they have waited</h2>{expires !== null && <span class="soft small">given up after {duration(expires)}</span>}</div>
      <div class="stack" role="img" aria-label={shown.map((each) => `${count(each.count)} ${ageWords(each.from, each.to)}`).join(", ")}>
        {ages.data.ages.map((each, i) => each.count > 0 && <span key={each.from} class={`age age-${i}`} style={{width: `${(each.count / total) * 100}%`}}/>)}
      </div>
      <ul class="age-list small">{ages.data.ages.map((each, i) => <li key={each.from} class={each.count === 0 ? "soft" : ""}><i class={`age age-${i}`}/><b>{count(each.count)}</b> {ageWords(each.from, each.to)}</li>)}</ul>
    </section>
  );
}

function One({endpoint}: {endpoint: Endpoint}) {
  const errors = useResource<EndpointErrors>(`endpoints/${endpoint.id}/errors`, {}, {topics: ["endpoints"], every: 10, keep: false});
  return (
    <section class="card" aria-labelledby="errors-title">
      <div class="card-head"><h2 id="errors-title">What went wrong lately</h2><span class="soft small">{endpoint.name || endpoint.url}</span></div>
      <Loaded of={errors} what="the errors" rows={3}>{(data) => (data.errors.length === 0 ? <p class="soft pad">Nothing.</p> : (
        <>
          <ul class="errors">{data.errors.map((each) => <li key={each.text}><Shape state="failing"/><span><b>“{each.text}”</b><span class="soft small"> {counted(each.count, "time")}, <Time at={each.first}/> to <Time at={each.last} seconds/></span></span></li>)}</ul>
          {data.total > data.errors.length && <p class="soft small pad">and {counted(data.total - data.errors.length, "more kind")}</p>}
        </>
      ))}</Loaded>
    </section>
  );
}

// ---- replay

function Replaying() {
  const archives = useResource<Archives>("archives", {}, {every: 60});
  const replays = useResource<Replays>("replays", {}, {topics: ["replays"], every: 2});
  const [asking, setAsking] = useState(false);
  const running = replays.data?.replays ?? [];
  if (!archives.data || (archives.data.total === 0 && running.length === 0)) return null;
  return (
    <section class="card" aria-labelledby="replay-title">
      <div class="card-head"><h2 id="replay-title">Replay of an archive</h2>{!asking && archives.data.total > 0 && <button type="button" class="btn" onClick={() => setAsking(true)}>Replay an archive …</button>}</div>
      {asking && <Ask archives={archives.data} done={() => { setAsking(false); replays.reload(); }}/>}
      {running.length === 0 ? !asking && <p class="soft pad">None has run since the start. A replay sends what an archive holds to an endpoint; the archive stays as it is.</p>
        : <ul class="replays">{running.map((each) => <Progress key={each.id} replay={each} reload={replays.reload}/>)}</ul>}
    </section>
  );
}

const kReplayStates: Record<Replay["state"], [State, string]> = {running: ["waiting", "running"], done: ["ok", "done"], stopped: ["left_out", "stopped"], failed: ["failing", "failed"]};

function Progress({replay, reload}: {replay: Replay; reload(): void}) {
  const [error, setError] = useState<ApiError | null>(null);
  const [state, word] = kReplayStates[replay.state];
  const share = replay.total ? replay.sent / replay.total : null;
  const stop = () => remove(`replays/${replay.id}`).then(reload, setError);
  return (
    <li>
      <StateWord state={state}>{word}</StateWord>
      <span><code>{replay.archive}</code> to <code>{replay.to}</code></span>
      <progress value={share ?? undefined} max={1} aria-label="Progress"/>
      <span>{count(replay.sent)}{replay.total !== null ? ` of ${count(replay.total)}` : ""} profiles{share !== null && ` (${percent(share)})`}{replay.failed > 0 && <span class="failing-text">, {count(replay.failed)} failed</span>}</span>
      {replay.text && <span class="soft"><Sentence text={replay.text}/></span>}
      <span class="soft small">since <Time at={replay.started} seconds/></span>
      {replay.state === "running" && <button type="button" class="btn" onClick={stop}>Stop</button>}
      {error && <Failure error={error}/>}
    </li>
  );
}

function Ask({archives, done}: {archives: Archives; done(): void}) {
  const components = useResource<Components>("components", {}, {every: 0});
  const writers = (components.data?.components ?? []).filter(({name}) => name === "pyroscope.write");
  const [archive, setArchive] = useState(archives.archives[0]?.id ?? "");
  const [to, setTo] = useState("");
  const [q, setQ] = useState("");
  const [from, setFrom] = useState("-1h");
  const [until, setUntil] = useState("now");
  const [error, setError] = useState<ApiError | null>(null);
  const target = to || writers[0]?.id || "";
  const begin = async (event: Event) => {
    event.preventDefault();
    setError(null);
    try {
      await post("replays", {archive, to: target, ...(q ? {q} : {}), from, until});
      done();
    } catch (failed) {
      setError(failed as ApiError);
    }
  };
  if (components.data && writers.length === 0) return <p class="soft pad">There is no <code>pyroscope.write</code> to send to.</p>;
  return (
    <form class="ask" onSubmit={begin}>
      <label><span>Archive</span><select value={archive} onChange={(event) => setArchive(event.currentTarget.value)}>{archives.archives.map((each) => <option key={each.id} value={each.id}>{each.id} ({each.path})</option>)}</select></label>
      <label><span>To</span><select value={target} onChange={(event) => setTo(event.currentTarget.value)}>{writers.map(({id}) => <option key={id} value={id}>{id}</option>)}</select></label>
      <label><span>From</span><input type="text" value={from} onInput={(event) => setFrom(event.currentTarget.value)} aria-invalid={error?.field === "from"}/></label>
      <label><span>Until</span><input type="text" value={until} onInput={(event) => setUntil(event.currentTarget.value)} aria-invalid={error?.field === "until"}/></label>
      <label class="grow"><span>Labels (all when empty)</span><input type="text" value={q} placeholder={'{service_name="cart"}'} spellcheck={false} onInput={(event) => setQ(event.currentTarget.value)} aria-invalid={error?.field === "q"}/></label>
      <span class="ask-buttons"><button type="submit" class="btn main">Replay</button> <button type="button" class="btn" onClick={done}>Close</button></span>
      {error && <p class="field-error" role="alert"><Sentence text={`${error.message} ${error.hint}`}/></p>}
    </form>
  );
}
