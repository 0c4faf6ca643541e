// Why is this target not delivering?
import {useEffect, useMemo, useState} from "preact/hooks";

import {typeName} from "../base/advice";
import {bytes, count, counted, duration} from "../base/numbers";
import {useKeys} from "../base/keys";
import {Plan, shortKey, type Opening} from "../base/ranges";
import {go, link, param, place, setParams} from "../base/router";
import {Ago, Time} from "../base/times";
import type {Counts, TargetGroup, TargetRow} from "../base/types";
import {Grid, useNarrow, type Column} from "../parts/grid";
import {Shape, StateWord, kStates, kWords, type State} from "../parts/state";
import {Coming, Empty, Failure} from "../parts/states";
import {TargetPanel} from "../targets/panel";
import {capital, Sentence} from "../parts/text";
import {useRows, type Book} from "../targets/rows";
import {SearchField} from "../parts/search_field";
import {copyCurl, scrapeNow} from "../targets/scrape";

const kBy = ["cause", "service", "job", "component", "none"] as const;
const kByWords: Record<string, string> = {cause: "Cause", service: "Service", job: "Job", component: "Component", none: "None"};
const kSorts: Record<string, string> = {state: "state", target: "target", type: "type", last: "last", took: "took", what: "bytes"};

export function TargetsPage() {
  const id = place.value.path.slice("targets/".length);
  return place.value.path.startsWith("targets/") ? <div class="card alone"><TargetPanel id={id} alone/></div> : <Table/>;
}

// The states that are shown; without a choice all but what rules left out.
export function statesOf(text: string): Set<State> {
  return new Set(text ? (text.split(",") as State[]) : kStates.filter((state) => state !== "left_out"));
}

function toggled(shown: Set<State>, state: State): string | null {
  const next = new Set(shown);
  if (!next.delete(state)) next.add(state);
  const list = kStates.filter((each) => next.has(each));
  return list.length === 0 || (list.length === 4 && !next.has("left_out")) ? null : list.join(",");
}

function Table() {
  const [q, state, by, sort, component, cause, t] = ["q", "state", "by", "sort", "component", "cause", "t"].map(param);
  const grouping = by || "cause";
  const shown = statesOf(state);
  const book = useRows({q, state, by: grouping, sort, component});
  const narrow = useNarrow();
  const folded = new Set(param("fold").split(",").filter(Boolean));
  const full = new Set([...param("full").split(","), cause && shortKey(cause)].filter(Boolean));
  const groups = book.head?.groups ?? [];
  const opening = (group: TargetGroup, i: number): Opening => {
    if (folded.has(shortKey(group.key))) return "closed";
    if (full.has(shortKey(group.key))) return "all";
    if (cause) return group.key === cause ? "all" : "closed";
    return i === groups.length - 1 && (group.state === "ok" || groups.length === 1) ? "all" : "some";
  };
  const matched = book.head?.matched ?? 0;
  const heads = grouping !== "none" && groups.length > 0;
  const plan = useMemo(() => new Plan(heads ? groups : [{key: "", count: matched}], (i) => opening(groups[i], i), 5, heads), [book.head?.groups, matched, param("fold"), param("full"), cause, heads]);
  const [line, setLine] = useState(0);
  const at = Math.min(line, Math.max(0, plan.length - 1));
  const flip = (name: "fold" | "full", key: string) => {
    const set = new Set(param(name).split(",").filter(Boolean));
    if (!set.delete(shortKey(key))) set.add(shortKey(key));
    setParams({[name]: [...set].join(",") || null}, {replace: true});
  };
  const rowAt = (index: number): TargetRow | undefined => {
    const what = plan.length > 0 ? plan.at(index) : undefined;
    return what?.kind === "row" ? book.row(what.offset) : undefined;
  };
  const open = (index: number) => {
    const what = plan.at(index);
    const group = groups[what.group];
    if (what.kind === "head") flip("fold", group.key);
    else if (what.kind === "more") flip("full", group.key);
    else {
      const row = book.row(what.offset);
      if (row && row.state !== "left_out" && narrow) go(link(`targets/${row.id}`));
      else if (row) setParams({t: row.id === t ? null : row.id}, {replace: t !== ""});
    }
  };
  const close = () => {
    setParams({t: null});
    queueMicrotask(() => document.querySelector<HTMLElement>(".grid-row[tabindex='0']")?.focus());
  };
  useEffect(() => {
    if (t && narrow) go(link(`targets/${t}`), {replace: true}); // no room beside the table
  }, [t, narrow]);
  useKeys("Targets", [
    {key: "s", what: "Scrape the chosen target now", act: () => {
      const row = rowAt(at);
      if (row) void scrapeNow(row.id);
    }},
    {key: "c", what: "Copy a curl command for the chosen target", act: () => {
      const row = rowAt(at);
      if (row && row.state !== "left_out") void copyCurl(row.id);
    }},
    {key: "x", what: "Only what fails, or all", act: () => setParams({state: param("state") === "failing" ? null : "failing"})},
    {key: "b", what: "Group by the next", act: () => setParams({by: kBy[(kBy.indexOf((param("by") || "cause") as (typeof kBy)[number]) + 1) % kBy.length], fold: null, full: null})},
    {key: "Escape", what: "Close the target", act: () => param("t") && close()},
  ], [book, at]);

  return (
    <>
      <h1 class="unseen">Targets</h1>
      <div class="filters">
        <SearchField value={q} error={book.error?.field === "q" ? book.error.message : ""} label="Filter targets by labels"
          placeholder={'Labels: {service_name="cart"}, or a part of a name'} told={book.head ? `${count(matched)} of ${count(book.head.total)}` : ""}/>
        <Chips counts={book.head?.counts} shown={shown}/>
        <div class="seg" role="group" aria-label="Group by">
          {kBy.map((each) => <button key={each} type="button" class={each === grouping ? "on" : ""} aria-pressed={each === grouping} onClick={() => setParams({by: each === "cause" ? null : each, fold: null, full: null, cause: null})}>{kByWords[each]}</button>)}
        </div>
      </div>
      {component && <p class="only small">Of <code>{component}</code> alone. <a href={link("targets", {q, state, by})}>Show all components</a></p>}
      <div class={t && !narrow ? "split" : "whole"}>
        <div class={`card clip${book.error ? " stale" : ""}`}>
          {book.error && book.error.code !== "silent" && book.error.field !== "q" && <Failure error={book.error} retry={book.reload}/>}
          {book.loading ? <Coming what="the targets" rows={20} since={book.since}/>
            : book.head && matched === 0 ? <None q={q} counts={book.head.counts} shown={shown}/>
              : book.head && (
                <Grid label="Targets" columns={columns(sort)} count={plan.length} current={at} onMove={setLine} onOpen={open} onPointer={book.hold}
                  onSort={(name) => setParams({sort: nextSort(sort, kSorts[name])})}
                  onRange={(first, last) => loadSeen(book, plan, first, last)}
                  row={(index) => line_(index, plan, groups, book, opening, flip, t)}
                  foot={<Foot matched={matched} groups={heads ? groups.length : 0} more={book.head.more_groups ?? 0} book={book}/>}/>
              )}
        </div>
        {t && !narrow && <aside class="card side" aria-label="The chosen target"><TargetPanel id={t} onClose={close}/></aside>}
      </div>
    </>
  );
}

function loadSeen(book: Book, plan: Plan, first: number, last: number): void {
  let from = Infinity;
  let to = -1;
  for (let i = first; i <= last; ++i) {
    const what = plan.at(i);
    if (what.kind !== "row") continue;
    from = Math.min(from, what.offset);
    to = Math.max(to, what.offset);
  }
  if (to >= 0) book.want(from, to);
}

// A cause is a sentence; names stay as they are.
function titleOf(group: TargetGroup): string {
  return (param("by") || "cause") === "cause" ? capital(group.text) : group.text;
}

function nextSort(sort: string, by: string): string | null {
  return sort === by ? `-${by}` : sort === `-${by}` ? null : by;
}

function columns(sort: string): Column[] {
  const sorted = (name: string) => (sort === kSorts[name] ? "up" : sort === `-${kSorts[name]}` ? "down" : null) as "up" | "down" | null;
  return [
    {name: "state", title: "State", width: "88px", sort: sorted("state")},
    {name: "target", title: "Target", width: "minmax(190px, 1.3fr)", sort: sorted("target")},
    {name: "type", title: "Profile", width: "minmax(76px, .4fr)", sort: sorted("type")},
    {name: "last", title: "Last", width: "76px", right: true, sort: sorted("last")},
    {name: "took", title: "Took", width: "60px", right: true, sort: sorted("took")},
    {name: "what", title: "What happened", width: "minmax(140px, 1.6fr)", sort: sorted("what")},
  ];
}

function line_(index: number, plan: Plan, groups: readonly TargetGroup[], book: Book, opening: (group: TargetGroup, i: number) => Opening, flip: (name: "fold" | "full", key: string) => void, chosen: string) {
  const what = plan.at(index);
  const group = groups[what.group];
  if (what.kind === "head") {
    const closed = opening(group, what.group) === "closed";
    return {key: `g${group.key}`, class: "group", across: (
      <button type="button" class="group-head" tabIndex={-1} aria-expanded={!closed} onClick={() => flip("fold", group.key)}>
        <Fold open={!closed}/><Shape state={group.state}/><b>{titleOf(group)}</b><span class="soft">{counted(group.count, "target")}</span>
        <span class="grow"/>{group.since !== null && <span class="soft small">since <Time at={group.since}/></span>}
      </button>
    )};
  }
  if (what.kind === "more") {
    return {key: `m${group.key}`, class: "more", across: <button type="button" class="link more-link" tabIndex={-1} onClick={() => flip("full", group.key)}>{count(what.left)} more {group.state === "failing" ? "with the same cause" : "of this group"}</button>};
  }
  const row = book.row(what.offset);
  if (!row) return {key: `r${what.offset}`, class: "blank", cells: [0, 1, 2, 3, 4, 5].map((i) => <span key={i} class="blank-cell"/>)};
  return {
    key: row.id,
    class: `${row.state}${row.id === chosen ? " chosen" : ""}`,
    cells: [
      <StateWord state={row.state}/>,
      <code title={row.target}>{row.target}</code>,
      typeName(row.type),
      row.last === null ? "–" : <Ago at={row.last}/>,
      duration(row.took),
      <What row={row}/>,
    ],
  };
}

function Fold({open}: {open: boolean}) {
  return <svg class={`fold${open ? " open" : ""}`} width="10" height="10" viewBox="0 0 10 10" aria-hidden="true"><path d="M2.5 1 8 5l-5.5 4z" class="fill"/></svg>;
}

function What({row}: {row: TargetRow}) {
  if (row.state === "ok") return <span>{row.bytes === null ? row.text : `${bytes(row.bytes)}${row.samples === null ? "" : `, ${counted(row.samples, "sample")}`}`}</span>;
  return <span class={row.state === "failing" ? "failing-text" : ""} title={row.text}><Sentence text={row.text || (row.state === "waiting" ? "not scraped yet" : "")}/></span>;
}

function Chips({counts, shown}: {counts?: Counts; shown: Set<State>}) {
  return (
    <div class="chips" role="group" aria-label="States">
      {kStates.map((state) => (
        <button key={state} type="button" class={`chip${shown.has(state) ? " on" : ""}`} aria-pressed={shown.has(state)} onClick={() => setParams({state: toggled(shown, state)})}>
          {state === "left_out" ? <span class="soft">Left out by rules</span> : <StateWord state={state}>{kWords[state]}</StateWord>}<b>{counts ? count(counts[state as keyof Counts]) : "–"}</b>
        </button>
      ))}
    </div>
  );
}

function None({q, counts, shown}: {q: string; counts: Counts; shown: Set<State>}) {
  const hidden = kStates.filter((state) => !shown.has(state) && counts[state as keyof Counts] > 0);
  if (hidden.length > 0) {
    return (
      <Empty title={q ? `No target of these states matches \`${q}\`.` : "No target is in these states."}>
        <p>{hidden.map((state, i) => <span key={state}>{i > 0 && ", "}<a href={link("targets", {q, state})}>{counted(counts[state as keyof Counts], "target")} {state === "left_out" ? "left out by rules" : kWords[state].toLowerCase()}</a></span>)} match.</p>
      </Empty>
    );
  }
  if (q) return <Empty title={`No target matches \`${q}\`.`}><p><a href={link("targets")}>Show all targets</a></p></Empty>;
  return <Empty title="No target was found yet."><p>A component of discovery finds targets, `pyroscope.scrape` asks them. <a href={link("pipeline")}>See how they are wired</a></p></Empty>;
}

function Foot({matched, groups, more, book}: {matched: number; groups: number; more: number; book: Book}) {
  return (
    <>
      <span>{counted(matched, "target")}{groups > 0 ? ` in ${counted(groups + more, "group")}` : ""}. All of them by scrolling.{more > 0 && ` ${counted(more, "group")} of the smallest have no head of their own.`}</span>
      {book.held && <span class="held">The order is kept while you point at it{book.head?.changed ? `; ${counted(book.head.changed, "row")} of these ${book.head.changed === 1 ? "is" : "are"} otherwise by now` : ""}. <button type="button" class="link small" onClick={() => { book.hold(false); book.reload(); }}>Sort anew</button></span>}
      <span class="foot-keys"><kbd>j</kbd> <kbd>k</kbd> move <kbd>Enter</kbd> open <kbd>s</kbd> scrape now</span>
    </>
  );
}

export const forTest = {toggled, nextSort};
