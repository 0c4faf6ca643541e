// How is it wired, where does the flow stop?
import {useEffect, useMemo, useRef, useState} from "preact/hooks";

import {subscribe} from "../base/events";
import {useKeys} from "../base/keys";
import {count, counted, rate} from "../base/numbers";
import {useResource} from "../base/resource";
import {link, param, place, setParams} from "../base/router";
import type {Component, Components} from "../base/types";
import {useNarrow} from "../parts/grid";
import {Shape, StateWord} from "../parts/state";
import {Coming, Empty, Loaded} from "../parts/states";
import {SearchField} from "../parts/search_field";
import {useLayout} from "../pipeline/layout";
import {curve, graphOf, groupId, pathThrough, stateOf, type LayoutResult} from "../pipeline/model";

type Rates = Record<string, number>;
const kMany = 300; // above it modules start folded

const kWindows: [string, string][] = [["", "10 s"], ["60", "1 min"], ["300", "5 min"]];

function useRates(module: string, window: string): Rates {
  const [rates, setRates] = useState<Rates>({});
  useEffect(() => subscribe(`rates:${module}:${window || "10"}`, (data) => {
    const found = (data as {components?: Rates} | null)?.components;
    if (found) setRates(found);
  }), [module, window]);
  return rates;
}

export function PipelinePage() {
  const module = place.value.path.slice("pipeline/".length);
  const all = useResource<Components>("components", {module}, {topics: ["health"], every: 5});
  return (
    <>
      {module ? <><p class="small crumbs"><a href={link("pipeline")}>Pipeline</a></p><h1 class="title module-title"><code>{module}</code></h1></> : <h1 class="unseen">Pipeline</h1>}
      <Loaded of={all} what="the components" rows={10}>{(data) => (data.total === 0
        ? <div class="card"><Empty title={module ? "This module has no components." : "The configuration has no components."}><p><a href={link("configuration")}>See what is loaded</a></p></Empty></div>
        : <Wired components={data.components} module={module}/>)}</Loaded>
    </>
  );
}

const kWordsOfHealth = {ok: "healthy", late: "with problems", failing: "unhealthy", waiting: "starting"} as Record<string, string>;

function facts(each: Component, rates: Rates): string {
  const flow = rates[each.id] ?? each.rate;
  const state = stateOf(each);
  const parts = state === "failing" || state === "waiting" ? [kWordsOfHealth[state]] : [];
  if (each.targets !== null) parts.push(counted(each.targets, "target"));
  if (flow !== null && flow !== undefined) parts.push(`${rate(flow)}/s`);
  if (each.problems > 0) parts.push(counted(each.problems, "problem"));
  return parts.join(" · ") || kWordsOfHealth[state];
}

function Wired({components, module}: {components: Component[]; module: string}) {
  const narrow = useNarrow();
  const window = param("window");
  const rates = useRates(module, window);
  const find = param("find").toLowerCase();
  const list = (param("view") || (narrow ? "list" : "graph")) === "list";
  const down = param("down") !== "";
  const modules = useMemo(() => [...new Set(components.map(({module}) => module).filter(Boolean))], [components]);
  const fold = param("fold");
  const folded = useMemo(() => new Set(fold === "all" || (!fold && components.length > kMany) ? modules : fold.split(",").filter((each) => each && each !== "none")), [fold, modules, components.length > kMany]);
  const flip = (module: string) => {
    const next = new Set(folded);
    if (!next.delete(module)) next.add(module);
    setParams({fold: [...next].join(",") || (components.length > kMany ? "none" : null)}, {replace: true});
  };
  const hits = find ? components.filter(({id}) => id.toLowerCase().includes(find)) : [];
  return (
    <>
      <div class="filters">
        <SearchField name="find" plain value={param("find")} error="" label="Find a component" placeholder="Find a component" told={find ? `${count(hits.length)} of ${count(components.length)}` : counted(components.length, "component")}/>
        <div class="seg" role="group" aria-label="View">
          <button type="button" class={list ? "" : "on"} aria-pressed={!list} onClick={() => setParams({view: narrow ? "graph" : null})}>Graph</button>
          <button type="button" class={list ? "on" : ""} aria-pressed={list} onClick={() => setParams({view: "list"})}>List</button>
        </div>
        <label class="pick"><span>Rates over</span>
          <select value={window} onChange={(event) => setParams({window: event.currentTarget.value || null}, {replace: true})}>{kWindows.map(([value, text]) => <option key={value} value={value}>{text}</option>)}</select>
        </label>
        {!list && <button type="button" class="btn tall" aria-pressed={down} onClick={() => setParams({down: down ? null : "1"}, {replace: true})}>{down ? "Top to bottom" : "Left to right"}</button>}
      </div>
      {list ? <List components={find ? hits : components} rates={rates}/> : <Drawn components={components} rates={rates} hits={new Set(hits.map(({id}) => id))} find={find !== ""} folded={folded} flip={flip} down={down}/>}
    </>
  );
}

function List({components, rates}: {components: Component[]; rates: Rates}) {
  if (components.length === 0) return <div class="card"><Empty title="No component has this in its name."><p><a href={link("pipeline", {view: "list"})}>Show all</a></p></Empty></div>;
  return (
    <div class="card scroll-x" tabIndex={0} role="region" aria-label="Components">
      <table class="plain components">
        <thead><tr><th>State</th><th>Component</th><th class="right">Targets</th><th class="right">Rate</th><th>Gives to</th></tr></thead>
        <tbody>{components.map((each) => {
          const flow = rates[each.id] ?? each.rate;
          return (
            <tr key={each.id}>
              <td><StateWord state={stateOf(each)}>{kWordsOfHealth[stateOf(each)]}</StateWord></td>
              <td><a href={link(`component/${each.id}`)}><code>{each.id}</code></a>{each.health.state !== "healthy" && each.health.text && <div class="failing-text small">{each.health.text}</div>}</td>
              <td class="right">{each.targets === null ? "–" : count(each.targets)}</td>
              <td class="right">{flow === null ? "–" : `${rate(flow)}/s`}</td>
              <td class="small">{each.data_flow_to.map((to) => <code key={to} class="label">{to}</code>)}</td>
            </tr>
          );
        })}</tbody>
      </table>
    </div>
  );
}

interface DrawnProps {
  components: Component[];
  rates: Rates;
  hits: Set<string>;
  find: boolean;
  folded: Set<string>;
  flip(module: string): void;
  down: boolean;
}

function Drawn({components, rates, hits, find, folded, flip, down}: DrawnProps) {
  const request = useMemo(() => graphOf(components, folded, down ? "TB" : "LR"), [components, folded, down]);
  const layout = useLayout(request);
  const [since] = useState(Date.now());
  if (!layout) return <Coming what="the layout" rows={8} since={since}/>;
  return <Canvas layout={layout} edges={request.edges} components={components} rates={rates} hits={hits} find={find} folded={folded} flip={flip} down={down}/>;
}

const short = (text: string, most: number) => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

function Canvas({layout, edges, components, rates, hits, find, folded, flip, down}: DrawnProps & {layout: LayoutResult; edges: {from: string; to: string}[]}) {
  const box = useRef<HTMLDivElement>(null);
  const [zoom, setZoom] = useState(0); // 0: as large as fits
  const [room, setRoom] = useState(1200);
  const [at, setAt] = useState("");
  useEffect(() => {
    const sizes = new ResizeObserver(() => setRoom(box.current?.clientWidth ?? 1200));
    sizes.observe(box.current!);
    return () => sizes.disconnect();
  }, []);
  const scale = zoom || Math.min(1, Math.max(0.35, (room - 2) / layout.width));
  const byId = useMemo(() => new Map(components.map((each) => [each.id, each])), [components]);
  const chosen = at || (find && hits.size === 1 ? [...hits][0] : "");
  const lit = useMemo(() => (chosen ? pathThrough(chosen, edges) : find ? hits : null), [chosen, edges, find, hits]);
  const ids = Object.keys(layout.boxes).filter((id) => byId.has(id)).sort((a, b) => layout.boxes[a].x - layout.boxes[b].x || layout.boxes[a].y - layout.boxes[b].y);
  const stop = at && byId.has(at) && layout.boxes[at] ? at : ids[0];
  const most = Math.max(...edges.map(({from}) => rates[from] ?? byId.get(from)?.rate ?? 0), 1);
  useKeys("Pipeline", [
    {key: "0", what: "All of the graph", act: () => setZoom(0)},
    {key: "+", what: "Larger", act: () => setZoom(Math.min(2, scale * 1.25))},
    {key: "-", what: "Smaller", act: () => setZoom(Math.max(0.2, scale / 1.25))},
  ], [scale]);
  const walk = (event: KeyboardEvent, id: string) => {
    const [forth, back, before, after] = down ? ["ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight"] : ["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown"];
    const beside = (sign: number) => ids.filter((each) => each !== id).map((each) => ({each, box: layout.boxes[each]})).filter(({box: to}) => {
      const from = layout.boxes[id];
      return down ? Math.abs(to.y - from.y) < 40 && Math.sign(to.x - from.x) === sign : Math.abs(to.x - from.x) < 130 && Math.sign(to.y - from.y) === sign;
    }).sort((a, b) => Math.abs((down ? a.box.x : a.box.y) - (down ? layout.boxes[id].x : layout.boxes[id].y)) - Math.abs((down ? b.box.x : b.box.y) - (down ? layout.boxes[id].x : layout.boxes[id].y)))[0]?.each;
    const to = {[forth]: edges.find(({from}) => from === id)?.to, [back]: edges.find(({to: target}) => target === id)?.from, [before]: beside(-1), [after]: beside(1)}[event.key];
    const maker = byId.get(id);
    if (event.key === " " && maker && maker.modules.length > 0) flip(maker.modules[0]);
    else if (event.key === "Escape") setAt("");
    else if (to) box.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(to)}"]`)?.focus();
    else return;
    event.preventDefault();
  };
  return (
    <div class="card graph-card">
      <div class="graph-tools"><button type="button" class="icon" title="Larger (+)" aria-label="Larger" onClick={() => setZoom(Math.min(2, scale * 1.25))}>+</button><button type="button" class="icon" title="Smaller (-)" aria-label="Smaller" onClick={() => setZoom(Math.max(0.2, scale / 1.25))}>−</button><button type="button" class="btn" title="All of the graph (0)" onClick={() => setZoom(0)}>Fit</button></div>
      <div class="graph-box" ref={box} onClick={(event) => event.target === box.current && setAt("")} tabIndex={0} role="region" aria-label="Graph of the components">
        <svg width={layout.width * scale} height={layout.height * scale} viewBox={`0 0 ${layout.width} ${layout.height}`} class={lit ? "graph lit" : "graph"}>
          <defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto" markerUnits="userSpaceOnUse"><path d="M0 0 8 4 0 8z" class="arrow"/></marker></defs>
          {Object.entries(layout.boxes).filter(([id]) => id.startsWith("module:")).map(([id, {x, y, width, height}]) => (
            <g key={id} class="module"><rect x={x} y={y} width={width} height={height} rx="10"/><text x={x + 4} y={y - 6} class="small">{id.slice(7)}</text></g>
          ))}
          {layout.edges.map(({from, to, points}) => {
            const flow = rates[from] ?? byId.get(from)?.rate ?? null;
            const middle = points[Math.floor(points.length / 2)];
            const on = !lit || (lit.has(from) && lit.has(to));
            return (
              <g key={`${from} ${to}`} class={on ? "edge on" : "edge"}>
                <path d={curve(points)} stroke-width={1.2 + (flow === null ? 0 : 4 * Math.sqrt(flow / most))} marker-end="url(#arrow)"/>
                {flow !== null && flow > 0 && <text x={middle.x} y={middle.y - 5} text-anchor="middle" class="rate">{rate(flow)}/s</text>}
              </g>
            );
          })}
          {ids.map((id) => {
            const each = byId.get(id)!;
            const {x, y, width, height} = layout.boxes[id];
            const state = stateOf(each);
            const made = each.modules[0];
            return (
              <a key={id} href={link(`component/${id}`)} data-id={id} tabIndex={id === stop ? 0 : -1} class={`node ${state}${!lit || lit.has(id) ? "" : " dim"}${id === chosen ? " at" : ""}`}
                onFocus={() => setAt(id)} onKeyDown={(event) => walk(event, id)}>
                <rect x={x} y={y} width={width} height={height} rx="8"/>
                <text x={x + 12} y={y + 21} class="node-name">{short(each.local_id, 29)}</text>
                <svg x={x + 12} y={y + 30} width="14" height="14"><Shape state={state}/></svg>
                <text x={x + 32} y={y + 42} class="node-facts">{short(facts(each, rates), 32)}</text>
                {made !== undefined && (folded.has(made) || layout.boxes[groupId(made)]) && (
                  <text x={x + width - 12} y={y + 42} text-anchor="end" class="node-fold" onClick={(event) => { event.preventDefault(); event.stopPropagation(); flip(made); }}>{folded.has(made) ? "unfold" : "fold"}</text>
                )}
              </a>
            );
          })}
        </svg>
      </div>
      <p class="card-foot small soft"><span>{chosen ? <>Lit: all that leads to <code>{chosen}</code> and all it leads to. <button type="button" class="link small" onClick={() => setAt("")}>All</button></> : "Edges are as wide as what flows through them."}</span><span class="foot-keys"><kbd>←</kbd> <kbd>→</kbd> along the edges <kbd>Enter</kbd> open <kbd>Space</kbd> fold</span></p>
    </div>
  );
}

