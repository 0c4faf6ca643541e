// The rule lab: other relabel rules against the targets that are there now. Nothing is applied.
import {useEffect, useRef, useState} from "preact/hooks";

import {ApiError, post} from "../base/api";
import {count, counted} from "../base/numbers";
import {useResource} from "../base/resource";
import {go, link, param, setParams} from "../base/router";
import type {ComponentDetail, Components, LabelMap, RulesTried} from "../base/types";
import {SearchField} from "../parts/search_field";
import {Empty, Failure, Loaded} from "../parts/states";
import {CopyButton, Sentence} from "../parts/text";
import {Shape} from "../parts/state";
import {printBody} from "../pipeline/print";

const kWait = 300;
const kRows = 50;

export function RuleLab({component}: {component: string}) {
  const components = useResource<Components>("components", {}, {every: 0});
  const known = (components.data?.components ?? []).filter(({name}) => name === "discovery.relabel");
  const detail = useResource<ComponentDetail>(component ? `components/${component}` : null, {}, {every: 0, keep: false});
  return (
    <>
      <p class="small crumbs"><a href={link("configuration")}>Configuration</a></p>
      <h1 class="title lab-title">Rule lab</h1>
      <div class="filters">
        <label class="pick"><span>Rules of</span>
          <select value={component} onChange={(event) => go(link(`configuration/rules/${event.currentTarget.value}`))}>
            {!component && <option value="">choose</option>}
            {component && !known.some(({id}) => id === component) && <option value={component}>{component}</option>}
            {known.map(({id}) => <option key={id} value={id}>{id}</option>)}
          </select>
        </label>
        {component && <SearchField value={param("q")} error="" label="Targets by their labels before the rules" placeholder="Only targets with these labels"/>}
      </div>
      {!component ? <div class="card"><Empty title={components.data && known.length === 0 ? "The configuration has no `discovery.relabel`." : "Choose the component whose rules you want to change."}><p>Edit its rules and see at once which targets would be kept, left out or labelled otherwise. Nothing is applied.</p></Empty></div>
        : <Loaded of={detail} what="the rules" rows={10}>{(data) => <Lab component={component} rules={printBody(data.arguments.filter(({name}) => name === "rule"))}/>}</Loaded>}
    </>
  );
}

function Lab({component, rules}: {component: string; rules: string}) {
  const draft = param("draft") || rules;
  const q = param("q");
  const [text, setText] = useState(draft);
  const [tried, setTried] = useState<RulesTried | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const asked = useRef(0);
  useEffect(() => {
    const mine = ++asked.current;
    const timer = setTimeout(() => {
      setParams({draft: text === rules ? null : text}, {replace: true});
      post<RulesTried>("rules/try", {component, rules: text, ...(q ? {q} : {}), limit: kRows}).then((answer) => {
        if (mine !== asked.current) return;
        setTried(answer);
        setError(null);
      }, (failed: ApiError) => mine === asked.current && setError(failed));
    }, kWait);
    return () => clearTimeout(timer);
  }, [text, q, component]);
  const wrong = tried?.diagnostics ?? [];
  return (
    <div class="rule-lab">
      <section class="card" aria-labelledby="draft-title">
        <div class="card-head"><h2 id="draft-title">Draft</h2><span class="soft small">{text === rules ? "as it is loaded" : "changed here, not applied"}</span></div>
        <textarea class="draft" aria-label="Rules" spellcheck={false} rows={Math.min(28, Math.max(10, text.split("\n").length + 1))} value={text} onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}/>
        {wrong.map((each, i) => <p key={i} class={`code-note ${each.severity}`}><Shape state={each.severity === "error" ? "failing" : "late"}/><span>Line {each.line}, column {each.column}: <Sentence text={each.text}/></span></p>)}
        <p class="card-foot"><CopyButton text={() => text} label="Copy the rules"/><button type="button" class="btn" disabled={text === rules} onClick={() => setText(rules)}>As it is loaded</button></p>
      </section>
      <section class="card" aria-labelledby="effect-title" aria-live="polite">
        <div class="card-head"><h2 id="effect-title">{tried ? `Against ${counted(tried.targets, "real target")}` : "Against the real targets"}</h2></div>
        {error && <div class="pad"><Failure error={error}/></div>}
        {!tried && !error && <p class="soft pad">Trying …</p>}
        {tried && <Effect tried={tried}/>}
      </section>
    </div>
  );
}

function Step({name, before, after}: {name: string; before: number; after: number}) {
  const by = after - before;
  return <div><dt>{name}</dt><dd>{count(before)} → {count(after)} {by !== 0 && <span class="soft">({by > 0 ? "+" : "−"}{count(Math.abs(by))})</span>}</dd></div>;
}

function Effect({tried}: {tried: RulesTried}) {
  const failed = tried.diagnostics.some(({severity}) => severity === "error");
  if (failed) return <p class="soft pad">These rules cannot be tried; see what is wrong beside them.</p>;
  return (
    <>
      <dl class="facts pad-x">
        <Step name="Kept" before={tried.before.kept} after={tried.after.kept}/>
        <Step name="Left out" before={tried.before.left_out} after={tried.after.left_out}/>
        <div><dt>Differ</dt><dd>{count(tried.changed)}</dd></div>
      </dl>
      {tried.rules.length > 0 && (
        <ol class="rule-counts">{tried.rules.map((each, i) => <li key={i}><b>Rule {i + 1}</b> <span class="soft">{each.dropped === 0 && each.changed === 0 ? "does nothing to them" : [each.changed > 0 && `changes ${count(each.changed)}`, each.dropped > 0 && `leaves out ${count(each.dropped)}`].filter(Boolean).join(", ")}</span></li>)}</ol>
      )}
      {tried.changed === 0 ? <p class="soft pad">No target would be another.</p> : (
        <>
          <h3 class="pad-x">Which</h3>
          <ul class="lab-rows">{tried.rows.map((each, i) => <li key={i}><Changed row={each}/></li>)}</ul>
          <p class="card-foot small soft">{count(tried.rows.length)} of {count(tried.matched)}</p>
        </>
      )}
    </>
  );
}

// Labels that differ, as before and after.
export function differences(before: LabelMap | null, after: LabelMap | null): {name: string; before: string; after: string}[] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])].sort();
  return names.map((name) => ({name, before: before?.[name] ?? "", after: after?.[name] ?? ""})).filter((each) => each.before !== each.after);
}

function Changed({row}: {row: RulesTried["rows"][number]}) {
  const name = row.before?.instance ?? row.after?.instance ?? row.after?.__address__ ?? row.before?.__address__ ?? row.input.__address__ ?? "a target";
  return (
    <>
      <code>{name}</code>
      {row.after === null ? <span class="failing-text"> would be left out</span> : row.before === null ? <span class="come-text"> would be kept</span> : (
        <span class="labs">{differences(row.before, row.after).map((each) => (
          <span key={each.name} class="lab-change">
            {each.before && <del class="lab gone"><code>{each.name}={each.before}</code></del>}{each.after && <ins class="lab come"><code>{each.name}={each.after}</code></ins>}
          </span>
        ))}</span>
      )}
    </>
  );
}
