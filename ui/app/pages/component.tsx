// One component: its health, what it was given, what it gives, what it knows, its documentation.
import {useState} from "preact/hooks";

import {count, counted, rate} from "../base/numbers";
import {useResource} from "../base/resource";
import {link, param, place, setParams} from "../base/router";
import {Time} from "../base/times";
import type {ArgumentDoc, ComponentDetail, ComponentSchema, Rows, Statement} from "../base/types";
import {Grid} from "../parts/grid";
import {SearchField} from "../parts/search_field";
import {Shape, StateWord} from "../parts/state";
import {Empty, Loaded} from "../parts/states";
import {Markdown, Sentence} from "../parts/text";
import {neighbour, stateOf} from "../pipeline/model";
import {printBody} from "../pipeline/print";

const kTabs: [string, string][] = [["arguments", "Arguments"], ["exports", "Exports"], ["debug", "Debug information"], ["wiring", "Wiring"], ["documentation", "Documentation"]];

export function ComponentPage() {
  const id = place.value.path.slice("component/".length);
  const component = useResource<ComponentDetail>(id ? `components/${id}` : null, {}, {topics: ["health"], every: 5, keep: false});
  if (!id) return <Empty title="No component is named."><a href={link("pipeline")}>To the pipeline</a></Empty>;
  return (
    <>
      <p class="small crumbs"><a href={link("pipeline")}>Pipeline</a></p>
      <Loaded of={component} what="the component" rows={10}>{(data) => <Detail data={data}/>}</Loaded>
      {component.data === undefined && <h1 class="title"><code>{id}</code></h1>}
    </>
  );
}

function Detail({data}: {data: ComponentDetail}) {
  const tab = param("tab") || (data.tables.length > 0 ? "debug" : "arguments");
  const state = stateOf(data);
  return (
    <>
      <header class="component-head">
        <h1 class="title"><code>{data.id}</code></h1>
        <p class="component-state"><StateWord state={state}>{data.health.state === "healthy" && data.problems > 0 ? "healthy, with problems" : data.health.state}</StateWord> <span class="soft">{data.health.text}{data.health.since !== null && <>, since <Time at={data.health.since}/></>}</span>
          {data.targets !== null && <span>{counted(data.targets, "target")}</span>}{data.rate !== null && <span>{rate(data.rate)} profiles/s</span>}
          <span class="grow"/>
          {data.name === "pyroscope.scrape" && <a href={link("targets", {component: data.id})}>Its targets</a>}
          {data.name === "discovery.relabel" && <a href={link(`configuration/rules/${data.id}`)}>Rule lab</a>}
          {data.live && <a href={link(`live/${data.id}`)}>Live</a>}
        </p>
      </header>
      {data.problem_list.length > 0 && (
        <ul class="card problem-list">{data.problem_list.map((each, i) => <li key={i}><Shape state={each.severity === "failing" ? "failing" : "late"}/><span>{each.what && <><code>{each.what}</code> </>}<Sentence text={each.text}/>{each.since !== null && <span class="soft small"> since <Time at={each.since}/></span>}</span></li>)}</ul>
      )}
      <div class="seg tabs" role="tablist" aria-label="About the component">
        {kTabs.map(([name, title]) => <button key={name} id={`tab-${name}`} type="button" role="tab" aria-selected={name === tab} aria-controls="panel" tabIndex={name === tab ? 0 : -1} class={name === tab ? "on" : ""} onClick={() => setParams({tab: name})}
          onKeyDown={(event) => {
            const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
            if (!step) return;
            const next = kTabs[(kTabs.findIndex(([each]) => each === name) + step + kTabs.length) % kTabs.length][0];
            setParams({tab: next}, {replace: true});
            document.getElementById(`tab-${next}`)?.focus();
            event.preventDefault();
          }}>{title}</button>)}
      </div>
      <div id="panel" role="tabpanel" aria-labelledby={`tab-${tab}`} class="card panel">
        {tab === "arguments" && <Body of={data.arguments} none="It takes no arguments."/>}
        {tab === "exports" && <Body of={data.exports} none="It exports nothing."/>}
        {tab === "debug" && <Debug data={data}/>}
        {tab === "wiring" && <Wiring data={data}/>}
        {tab === "documentation" && <Documentation id={data.id}/>}
      </div>
    </>
  );
}

function Body({of, none}: {of: Statement[]; none: string}) {
  return of.length === 0 ? <Empty title={none}/> : <pre class="code body" tabIndex={0}>{printBody(of)}</pre>;
}

function Debug({data}: {data: ComponentDetail}) {
  const block = param("block") || data.tables[0]?.block || "";
  if (data.debug_info.length === 0 && data.tables.length === 0) return <Empty title="It has nothing to tell about its inside."/>;
  return (
    <>
      {data.debug_info.length > 0 && <pre class="code body" tabIndex={0}>{printBody(data.debug_info)}</pre>}
      {data.tables.length > 1 && <div class="seg blocks" role="group" aria-label="Table">{data.tables.map((each) => <button key={each.block} type="button" class={each.block === block ? "on" : ""} aria-pressed={each.block === block} onClick={() => setParams({block: each.block, find: null, sort: null})}>{each.block} <span>{count(each.total)}</span></button>)}</div>}
      {block && <Table id={data.id} block={block}/>}
    </>
  );
}

const kPage = 200;

// A table of the debug information, a page at a time.
function Table({id, block}: {id: string; block: string}) {
  const [find, sort] = [param("find"), param("sort")];
  const [line, setLine] = useState(0);
  const [page, setPage] = useState(0);
  const here = useResource<Rows>(`components/${id}/rows`, {block, find, sort, offset: page * kPage, limit: kPage}, {every: 5});
  return (
    <>
      <div class="panel-tools"><SearchField name="find" plain value={find} error="" label={`Find in ${block}`} placeholder="Text that a cell contains" told={here.data ? `${count(here.data.matched)} of ${count(here.data.total)}` : ""}/></div>
      <Loaded of={here} what="the rows" rows={12}>{(data) => (data.matched === 0 ? <Empty title={`No row contains “${find}”.`}/> : (
        <Grid label={block} count={data.rows.length} current={Math.min(line, data.rows.length - 1)} onMove={setLine} onOpen={() => {}}
          columns={data.columns.map((name) => ({name, title: name.replaceAll("_", " "), width: /error|labels|url/.test(name) ? "minmax(160px, 3fr)" : "minmax(90px, 1fr)", sort: sort === name ? "up" : sort === `-${name}` ? "down" : null}))}
          onSort={(name) => setParams({sort: sort === name ? `-${name}` : sort === `-${name}` ? null : name})}
          row={(at) => ({key: String(at), cells: data.rows[at].map((cell, i) => <span key={i} title={cell} class={/error/.test(data.columns[i]) ? "failing-text" : ""}>{cell}</span>)})}
          foot={<>
            <span>{count(page * kPage + 1)} to {count(page * kPage + data.rows.length)} of {count(data.matched)}</span>
            <span class="pager"><button type="button" class="link small" disabled={page === 0} onClick={() => setPage(page - 1)}>Before</button> <button type="button" class="link small" disabled={(page + 1) * kPage >= data.matched} onClick={() => setPage(page + 1)}>Next</button></span>
          </>}/>
      ))}</Loaded>
    </>
  );
}

function Wiring({data}: {data: ComponentDetail}) {
  const groups: [string, string[]][] = [["Takes from", data.references_to], ["Used by", data.referenced_by], ["Gives to", data.data_flow_to]];
  return (
    <div class="wiring">
      {groups.map(([title, ids]) => (
        <section key={title}><h2>{title}</h2>{ids.length === 0 ? <p class="soft">nothing</p> : <ul>{ids.map((each) => <li key={each}><a href={link(`component/${neighbour(data, each)}`)}><code>{each}</code></a></li>)}</ul>}</section>
      ))}
      {data.module && <section><h2>In the module</h2><p><a href={link(`pipeline/${data.module}`)}><code>{data.module}</code></a></p></section>}
    </div>
  );
}

function Documentation({id}: {id: string}) {
  const schema = useResource<ComponentSchema>(`components/${id}/schema`, {}, {every: 0});
  return (
    <Loaded of={schema} what="the documentation" rows={8}>{(data) => (
      <div class="documentation">
        <p class="lead">{data.summary}</p>
        <Markdown text={data.documentation}/>
        {data.example && <><h2>Example</h2><pre class="code" tabIndex={0}>{data.example}</pre></>}
        <Arguments title="Arguments" of={data.arguments}/>
        <Arguments title="Exports" of={data.exports}/>
      </div>
    )}</Loaded>
  );
}

function Arguments({title, of}: {title: string; of: ArgumentDoc[]}) {
  if (of.length === 0) return null;
  return (
    <>
      <h2>{title}</h2>
      <div class="scroll-x" tabIndex={0} role="region" aria-label={title}><table class="plain">
        <thead><tr><th>Name</th><th>Type</th><th>Default</th><th>What it is</th></tr></thead>
        <tbody>{of.map((each) => <tr key={each.name}><td><code>{each.name}</code>{each.required && <span class="soft small"> required</span>}</td><td class="small"><code>{each.kind === "block" ? "block" : each.type}</code></td><td class="small">{each.default && <code>{each.default}</code>}</td><td><Sentence text={each.doc}/></td></tr>)}</tbody>
      </table></div>
    </>
  );
}
