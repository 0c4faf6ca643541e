// What burns now, and what changed?
import {useEffect, useMemo, useRef, useState} from "preact/hooks";

import {read} from "../../flame/data.js";
import {formatShare} from "../../flame/format.js";
import {CalledBy, CallersOf, Calls, Callers, focusedOn, latter, search} from "../../flame/tree.js";
import {typeName} from "../base/advice";
import {bytes, count, counted} from "../base/numbers";
import {useKeys} from "../base/keys";
import {useResource} from "../base/resource";
import {link, param, setParams, type Params} from "../base/router";
import {clock, skew, Time} from "../base/times";
import type {ProfileList, SeriesList, Timeline, Tree} from "../base/types";
import {Chart, type ChartBand} from "../parts/chart";
import {SearchField} from "../parts/search_field";
import {Empty, Loaded} from "../parts/states";
import {CopyButton} from "../parts/text";
import {Flame, type FlameFrame, type FlameProfile, type FlameView} from "../profiles/flame";
import {culprit, insight} from "../profiles/insight";
import {guessOwn, originOf, type Origin} from "../profiles/origin";
import {choiceOf, Picker, serviceOf, type Choice} from "../profiles/picker";
import {absolute, bounds, earlier, rangeText} from "../profiles/range";
import {marksOf, ReleaseList} from "../profiles/releases";
import {TopList, TopTable} from "../profiles/top";
import {amount, scaleOf, type Scale} from "../profiles/values";

const kViews: [string, string][] = [["flame", "Flame"], ["callers", "Inverted"], ["table", "Table"], ["sandwich", "Sandwich"], ["diff", "Difference"], ["single", "Single profiles"]];
const kHour = 3_600_000;

// The flame graph and the difference have the same frames in the same places, others do not.
const zoomKept = (from: string, to: string) => (["flame", "diff"].includes(from) && ["flame", "diff"].includes(to) ? param("zoom") : null);

// The window moves only when it is asked for anew: a graph does not change under the reader.
function useFrozenNow(key: string): [number, () => void] {
  const [at, setAt] = useState(() => Date.now() + skew.value);
  useEffect(() => setAt(Date.now() + skew.value), [key]);
  return [at, () => setAt(Date.now() + skew.value)];
}

// Who chooses others does not want the one profile any more.
function useOneUntilChosenAnew(key: string): void {
  const last = useRef(key);
  useEffect(() => {
    if (last.current !== key && param("one")) setParams({one: null}, {replace: true});
    last.current = key;
  }, [key]);
}

export function ProfilesPage() {
  useOneUntilChosenAnew(["q", "type", "source", "at"].map(param).join("|"));
  const [now, refresh] = useFrozenNow(["q", "type", "source", "at", "vs", "vsq", "one"].map(param).join("|"));
  const picked = choiceOf(now);
  const list = useResource<SeriesList>("series", {q: picked.q, source: picked.source, limit: 200}, {every: 15});
  const type = picked.type || (list.data?.types.includes("process_cpu") ? "process_cpu" : list.data?.types[0]) || "";
  const choice: Choice = {...picked, type};
  return (
    <>
      <h1 class="unseen">Profiles</h1>
      <Picker choice={choice} list={list.data} now={now} error={list.error?.field === "q" ? list.error.message : ""}/>
      {list.error?.field === "q" ? null : (
        <Loaded of={list} what="the series" rows={10}>{(data) => (data.series.length === 0 ? <NoSeries list={data} choice={choice}/> : <Shown choice={choice} list={data} now={now} refresh={refresh}/>)}</Loaded>
      )}
      <NotShown list={list.data}/>
    </>
  );
}

function NotShown({list}: {list?: SeriesList}) {
  if (!list || list.not_shown === 0) return null;
  return <p class="small soft below">{counted(list.not_shown, "push", "pushes")} by <code>/ingest</code> came in formats that are passed on and cannot be drawn here (a trie, a tree, speedscope). Drawn are JFR, pprof and stacks as text.</p>;
}

function NoSeries({list, choice}: {list: SeriesList; choice: Choice}) {
  const archive = list.sources.find((each) => each !== "memory");
  if (list.limit_bytes === 0 && (choice.source || "memory") === "memory") {
    return <div class="card"><Empty title="Recent profiles are switched off."><p>They are kept in memory when their limit is above 0.{archive && <> The archive has profiles: <a href={link("profiles", {source: archive})}>look there</a>.</>}</p></Empty></div>;
  }
  return (
    <div class="card"><Empty title={choice.q ? `No profile of \`${choice.q}\`.` : "No profile was taken yet."}>
      <p>{list.total > 0 ? <>{counted(list.total, "series", "series")} of others are there. <a href={link("profiles")}>Show all</a></> : "The first comes with the first scrape that works."}{archive && <> <a href={link("profiles", {q: choice.q, source: archive})}>Look in the archive</a></>}</p>
    </Empty></div>
  );
}

export function queryOf(choice: Choice, now: number, side: "both" | "now" = "both"): Params {
  const [from, to] = bounds(choice.range, now);
  const query: Params = choice.one
    ? {id: choice.one, type: choice.type, source: choice.source}
    : {q: choice.q, type: choice.type, source: choice.source, from: Math.round(from), to: Math.round(to)};
  if (side === "now" || !choice.against) return query;
  const [before, until] = bounds(choice.against, now);
  return {...query, vs_q: choice.againstQ, vs_from: Math.round(before), vs_to: Math.round(until)};
}

function Shown({choice, list, now, refresh}: {choice: Choice; list: SeriesList; now: number; refresh(): void}) {
  const view = param("view") || (choice.against ? "diff" : "flame");
  const two = choice.against !== null;
  const query = queryOf(choice, now);
  const tree = useResource<Tree>("profiles/tree", query, {every: 0});
  const move = (sign: number) => {
    const [from, to] = bounds(choice.range, now);
    setParams({at: rangeText(absolute(earlier(choice.range, -sign * (to - from), now), now))}, {replace: true});
  };
  useKeys("Profiles", [
    {key: "h", what: "Against an hour ago, or nothing", act: () => setParams(param("vs") === "hour" ? {vs: null, view: null} : {vs: "hour", view: "diff"})},
    {key: "d", what: "Difference", act: () => setParams({view: "diff", vs: param("vs") || "hour"})},
    {key: "c", what: "Callers and callees", act: () => setParams({view: param("view") === "sandwich" ? null : "sandwich", zoom: null})},
    {key: "i", what: "Root above or below", act: () => setParams({up: param("up") ? null : "1"}, {replace: true})},
    {key: "[", what: "Window earlier", act: () => move(-1)},
    {key: "]", what: "Window later", act: () => move(1)},
    {key: "r", what: "The window up to now", act: refresh},
  ], [choice, now]);
  return (
    <>
      <TimeChart choice={choice} now={now} list={list}/>
      {choice.one && <p class="only small">{tree.data?.last != null ? <>One profile alone, taken <Time at={tree.data.last} seconds/>.</> : "One profile alone."} <button type="button" class="link small" onClick={() => setParams({one: null, view: "single"})}>Back to the list</button> <button type="button" class="link small" onClick={() => setParams({one: null})}>All of the window</button></p>}
      {tree.error?.status === 404 && choice.one ? <div class="card"><Empty title="This profile is not kept any more."/></div> : tree.error?.status === 404 ? <NoneThen choice={choice} now={now} list={list} refresh={refresh} why={tree.error.message}/> : <Loaded of={tree} what="the profiles" rows={12}>{(data) => <Graphs data={data} choice={choice} now={now} view={view} two={two} query={query} list={list} refresh={refresh}/>}</Loaded>}
    </>
  );
}

// The window has none, or the one that it is compared with.
function NoneThen({choice, now, list, refresh, why}: {choice: Choice; now: number; list: SeriesList; refresh(): void; why: string}) {
  const earlierSide = /earlier/.test(why) && choice.against !== null;
  const [from, to] = bounds(earlierSide ? choice.against! : choice.range, now);
  const archive = list.sources.find((each) => each !== "memory");
  return (
    <div class="card"><Empty title={`No ${typeName(choice.type)} profile${choice.q ? ` of \`${choice.q}\`` : ""} between ${clock(from, now)} and ${clock(to, now)}.`}>
      {!choice.source && list.oldest !== null && <p>Memory keeps them since <Time at={list.oldest}/>.{archive && <> <a href={link("profiles", {q: choice.q, type: choice.type, at: rangeText(absolute(choice.range, now)), source: archive})}>Look in the archive</a></>}</p>}
      {earlierSide ? <p><a href={link("profiles", {q: choice.q, type: choice.type, source: choice.source, at: param("at")})}>Without the comparison</a></p> : <p><button type="button" class="btn" onClick={refresh}>Up to now</button></p>}
    </Empty></div>
  );
}

function TimeChart({choice, now, list}: {choice: Choice; now: number; list: SeriesList}) {
  const [from] = bounds(choice.range, now);
  const earliest = Math.min(from, choice.against ? bounds(choice.against, now)[0] : from, now - kHour);
  const line = useResource<Timeline>("profiles/timeline", {q: choice.q, type: choice.type, source: choice.source, from: Math.round(earliest), to: Math.round(now)}, {every: 0});
  const bands: ChartBand[] = [];
  const band = (name: "now" | "before", [start, end]: [number, number]) => bands.push({from: start, to: end, class: name});
  if (choice.against && !choice.againstQ) band("before", bounds(choice.against, now));
  band("now", bounds(choice.range, now));
  const scale = line.data ? scaleOf(choice.type, line.data.unit, line.data.step) : null;
  return (
    <section class="card timeline" aria-label="Over time">
      <p class="small soft timeline-head"><span>{typeName(choice.type)}{scale?.cores ? " in cores" : ""}, from {choice.source && choice.source !== "memory" ? "the archive" : "memory"}{list.oldest !== null && !choice.source ? <> (since <Time at={list.oldest}/>, {bytes(list.kept_bytes)} of {bytes(list.limit_bytes)})</> : ""}</span><span class="hint">drag a window, <kbd>[</kbd> <kbd>]</kbd> move it</span></p>
      <Loaded of={line} what="the chart" rows={2}>{(data) => (<>
        <Chart label={`${typeName(choice.type)} over time`} start={data.start} step={data.step} values={data.values} format={(value) => amount(value, scaleOf(choice.type, data.unit, data.step))} height={96} axes bands={bands} marks={marksOf(data.marks)}
          onSelect={(start, end) => setParams({at: `${Math.round(start)}..${Math.round(end)}`})}/>
        <ReleaseList releases={data.marks} type={choice.type} source={choice.source} now={now}/>
      </>)}</Loaded>
    </section>
  );
}

function useProfile(tree: unknown, root: string): {profile: FlameProfile; origin: (frame: {name: string; file: string}) => Origin; own: string[]} {
  const chosen = param("own");
  return useMemo(() => {
    const profile = read(tree) as FlameProfile;
    profile.frames[0] = {...profile.frames[0], name: root};
    const {frame, parent, count: nodes} = profile.nodes;
    const pairs = function* () {
      for (let i = 1; i < nodes; ++i) yield [profile.frames[frame[parent[i]]].name, profile.frames[frame[i]].name] as const;
    };
    const own = chosen ? chosen.split(",") : guessOwn(pairs());
    const known = new Map<string, Origin>();
    const origin = ({name, file}: {name: string; file: string}) => {
      let found = known.get(name);
      if (!found) known.set(name, (found = originOf(name, file, own)));
      return found;
    };
    return {profile, origin, own};
  }, [tree, chosen, root]);
}

interface GraphsProps {
  data: Tree;
  choice: Choice;
  now: number;
  view: string;
  two: boolean;
  query: Params;
  list: SeriesList;
  refresh(): void;
}

function Graphs({data, choice, now, view, two, query, list, refresh}: GraphsProps) {
  const who = serviceOf(choice.q) || (choice.q ? "This choice" : "Everything");
  const {profile, origin, own} = useProfile(data.tree, who);
  const empty = data.profiles[0] === 0 || profile.nodes.count < 2;
  const [from, to] = bounds(choice.range, now);
  const chosen = profile.types[profile.type] ?? {type: "", unit: ""};
  const span = Math.max(1, (to - Math.max(from, data.first != null && data.first - from > 60_000 ? data.first : from)) / 1000);
  const scale = scaleOf(chosen.type, chosen.unit, span);
  const focus = param("focus");
  const focusFrame = focus ? profile.frames.findIndex(({name}) => name === focus) : -1;
  const text = param("find");
  const found = useMemo(() => (text ? search(profile, profile.type, text) : null), [profile, text]);
  const calls = useMemo(() => new Calls(profile, profile.type) as FlameView, [profile]);
  const said = useMemo(() => {
    const deepest = two ? culprit(calls) : null;
    return insight(who, two ? choice.againstWord : "", calls.root, deepest ? {name: profile.frames[deepest.frame].name, before: deepest.before, after: deepest.after} : null, scale);
  }, [calls, who, choice.againstWord, scale.span]);
  if (empty) return <NoneThen choice={choice} now={now} list={list} refresh={refresh} why=""/>;
  const exported = (format: string) => new URL(`api/v1/${link("profiles/export", {...queryOf(choice, now, "now"), format})}`, document.baseURI).href;
  const fixed = () => new URL(link("profiles", {...Object.fromEntries(new URLSearchParams(location.search)), type: choice.type, at: rangeText(absolute(choice.range, now)), vs: choice.against && !choice.againstQ ? rangeText(absolute(choice.against, now)) : null}), document.baseURI).href;
  return (
    <>
      <div class="insight-line">
        <h2 class="insight">{said.text}{said.name && <button type="button" class="insight-name" onClick={() => setParams({focus: said.name, view: "sandwich", zoom: null})}>{said.name.replace(/^.*\//, "")}</button>}{said.rest}</h2>
        <div class="actions-right">
          <a class="btn" href={exported("pprof")} download data-plain>Download pprof</a>
          <details class="menu"><summary class="btn">More</summary><div class="menu-box card">
            <a href={exported("folded")} download data-plain>Folded stacks</a>
            <a href={exported("speedscope")} download data-plain>For speedscope</a>
            <button type="button" class="link" onClick={refresh}>The window up to now</button>
          </div></details>
          <CopyButton text={fixed} label="Copy link"/>
        </div>
      </div>
      <div class="plot">
        <section class="card" aria-label="The profile">
          <div class="tools">
            <div class="seg" role="group" aria-label="View">{kViews.map(([name, title]) => <button key={name} type="button" class={name === view ? "on" : ""} aria-pressed={name === view} onClick={() => setParams({view: name === "flame" && !two ? null : name, zoom: zoomKept(view, name), vs: name === "diff" && !two ? "hour" : param("vs")})}>{title}</button>)}</div>
            <SearchField name="find" plain value={text} error="" label="Search functions and files" placeholder="Search functions and files: text or a pattern" told={found ? `${found.shares.map(formatShare).join(" → ")} in ${counted(found.nodes, "frame")}` : ""}/>
            <button type="button" class={`btn${param("up") ? " on" : ""}`} aria-pressed={param("up") !== ""} onClick={() => setParams({up: param("up") ? null : "1"}, {replace: true})}>Root below</button>
          </div>
          <View view={view} profile={profile} calls={calls} scale={scale} origin={origin} found={found?.frames ?? null} focus={focus} focusFrame={focusFrame} two={two} against={choice.againstWord} query={query} choice={choice} now={now}/>
          <p class="card-foot small soft">
            <span>{counted(profile.nodes.count - 1, "frame")}, {data.profiles.map((each) => counted(each, "profile")).join(" against ")}{data.cut.nodes > 0 && `; ${counted(data.cut.nodes, "frame")} with ${formatShare(data.cut.share)} were cut`}{data.cut.profiles > 0 && `; ${counted(data.cut.profiles, "profile")} beyond the most were left out`}</span>
            <label class="own">Your code: <input type="text" value={param("own") || own.join(",")} placeholder="example.com/shop" spellcheck={false} onChange={(event) => setParams({own: event.currentTarget.value || null}, {replace: true})}/></label>
          </p>
        </section>
        {view !== "table" && view !== "single" && <TopList query={query} two={two} scale={scale} origin={origin}/>}
      </div>
    </>
  );
}

interface ViewProps {
  view: string;
  profile: FlameProfile;
  calls: FlameView;
  scale: Scale;
  origin(frame: FlameFrame | {name: string; file: string}): Origin;
  found: boolean[] | null;
  focus: string;
  focusFrame: number;
  two: boolean;
  against: string;
  query: Params;
  choice: Choice;
  now: number;
}

function View({view, profile, calls, scale, origin, found, focus, focusFrame, two, against, query, choice, now}: ViewProps) {
  const shared = {profile, scale, origin, found, against, onFocus: (name: string) => setParams({focus: name, view: "sandwich", zoom: null})};
  const narrowed = useMemo(() => {
    const shown = (two && view === "flame" ? latter(profile) : profile) as FlameProfile;
    return focusFrame >= 0 && view !== "sandwich" ? (focusedOn(shown, focusFrame) as FlameProfile) : shown;
  }, [profile, focusFrame, view, two]);
  const graph = useMemo(() => {
    if (view === "callers") return new Callers(narrowed, narrowed.type) as FlameView;
    return narrowed === profile ? calls : (new Calls(narrowed, narrowed.type) as FlameView);
  }, [narrowed, view, calls]);
  if (view === "table") return <TopTable query={query} two={two} scale={scale} origin={origin} against={against}/>;
  if (view === "single") return <Singles choice={choice} now={now}/>;
  if (view === "sandwich") return <Sandwich {...shared} focus={focus} focusFrame={focusFrame}/>;
  return (
    <>
      {focus && <p class="only small">{focusFrame >= 0 ? <>Only stacks through <code>{focus}</code>.</> : <><code>{focus}</code> is not in these profiles.</>} <button type="button" class="link small" onClick={() => setParams({focus: null})}>Show all</button></p>}
      <Flame {...shared} profile={narrowed} view={graph} zoom={param("zoom")} onZoom={(path) => setParams({zoom: path || null})} upright={param("up") !== ""} label={view === "diff" ? "Flame graph of the difference" : "Flame graph"}/>
    </>
  );
}

function Sandwich({profile, scale, origin, found, against, focus, focusFrame, onFocus}: {profile: FlameProfile; scale: Scale; origin: ViewProps["origin"]; found: boolean[] | null; against: string; focus: string; focusFrame: number; onFocus(name: string): void}) {
  const views = useMemo(() => (focusFrame < 0 ? null : {up: new CallersOf(profile, profile.type, focusFrame) as FlameView, down: new CalledBy(profile, profile.type, focusFrame) as FlameView}), [profile, focusFrame]);
  if (!views) return <Empty title={focus ? `\`${focus}\` is not in these profiles.` : "Choose a function: on the right, in the table, or in the flame graph."}/>;
  const shared = {profile, scale, origin, found, against, onFocus};
  return (
    <div class="sandwich">
      <p class="only small">Callers above, what it calls below: <code>{focus}</code>. <button type="button" class="link small" onClick={() => setParams({view: null})}>Only its stacks</button> <button type="button" class="link small" onClick={() => setParams({focus: null, view: null})}>Show all</button></p>
      <h3 class="unseen">Callers</h3>
      <Flame {...shared} view={views.up} upright label={`Callers of ${focus}`} height="240px" legend={false}/>
      <h3 class="unseen">Callees</h3>
      <Flame {...shared} view={views.down} upright={false} label={`What ${focus} calls`} height="300px"/>
    </div>
  );
}

function Singles({choice, now}: {choice: Choice; now: number}) {
  const list = useResource<ProfileList>("profiles/list", {...queryOf({...choice, one: ""}, now, "now"), limit: 100}, {every: 0});
  return (
    <Loaded of={list} what="the profiles" rows={10}>{(data) => (
      <div class="scroll-x" tabIndex={0} role="region" aria-label="Single profiles">
        <table class="plain">
          <thead><tr><th>Taken</th><th>Labels</th><th class="right">Size</th><td/></tr></thead>
          <tbody>{data.profiles.map((each) => (
            <tr key={each.id}><td class="nowrap"><button type="button" class="link" onClick={() => setParams({one: each.id, view: null})}><span class="unseen">Open the profile of </span><Time at={each.taken} seconds/></button></td>
              <td>{Object.entries(each.labels).filter(([name]) => !name.startsWith("__")).map(([name, value]) => <code key={name} class="label">{name}={value}</code>)}</td>
              <td class="right">{bytes(each.bytes)}</td>
              <td class="right"><a href={new URL(`api/v1/${link("profiles/export", {id: each.id, source: choice.source, format: "pprof"})}`, document.baseURI).href} download data-plain>Download<span class="unseen"> the profile of {clock(each.taken, now, true)}</span></a></td></tr>
          ))}</tbody>
        </table>
        <p class="card-foot small soft">{count(data.profiles.length)} of {count(data.matched)} profiles, the newest first</p>
      </div>
    )}</Loaded>
  );
}

