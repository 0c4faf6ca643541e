// One target of one profile type: what is wrong and what to do, its scrapes, the last answer, how its labels came to be.
import {useState} from "preact/hooks";

import {advice, typeName} from "../base/advice";
import {bytes, count, counted, duration} from "../base/numbers";
import {useResource} from "../base/resource";
import {link} from "../base/router";
import {Ago, Time, now, skew} from "../base/times";
import type {LabelMap, RuleStep, Scrape, TargetDetail} from "../base/types";
import {Shape, StateWord} from "../parts/state";
import {Loaded} from "../parts/states";
import {CopyButton, Sentence} from "../parts/text";
import {asked, curlOf, scrapeNow} from "./scrape";

export function TargetPanel({id, onClose, alone = false}: {id: string; onClose?: () => void; alone?: boolean}) {
  const target = useResource<TargetDetail>(`targets/${id}`, {}, {every: 3, keep: false});
  return <Loaded of={target} what="the target" rows={8}>{(data) => <Panel id={id} data={data} onClose={onClose} alone={alone}/>}</Loaded>;
}

function Panel({id, data, onClose, alone}: {id: string; data: TargetDetail; onClose?: () => void; alone: boolean}) {
  const {row} = data;
  const [Title, Sub] = alone ? (["h1", "h2"] as const) : (["h2", "h3"] as const);
  const told = asked.value[id];
  const own = Object.entries(data.labels).filter(([name]) => !name.startsWith("__"));
  const selector = `{${own.map(([name, value]) => `${name}="${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`).join(", ")}}`;
  return (
    <article class="target">
      <header class="target-head">
        <p class="small soft"><a href={link(`component/${row.component}`)}>{row.component}</a> · {typeName(row.type)} every {duration(data.interval)}{data.next !== null && data.next > now.value + skew.value && <> · next in {duration(Math.ceil((data.next - now.value - skew.value) / 1000))}</>}</p>
        {onClose && <button type="button" class="icon" aria-label="Close" title="Close (Esc)" onClick={onClose}>×</button>}
        <Title class="target-title"><code>{row.target}</code></Title>
      </header>
      <Says data={data}/>
      <div class="actions">
        <button type="button" class="btn main" disabled={told?.running} onClick={() => void scrapeNow(id)}>{told?.running ? "Scraping …" : "Scrape now"}</button>
        <CopyButton text={() => curlOf(data.url)} label="Copy curl"/>
        <CopyButton text={() => new URL(link(`targets/${id}`), document.baseURI).href} label="Copy link"/>
        <a class="btn flat" href={link("profiles", {q: selector, type: row.type})}>Its profiles</a>
      </div>
      <p class="told-line" role="status">{told && !told.running ? <><Shape state={told.good ? "ok" : "failing"}/><Sentence text={told.text}/></> : ""}</p>
      <section class="sec">
        <Sub>The last {counted(data.scrapes.length, "scrape")}</Sub>
        <Scrapes scrapes={data.scrapes}/>
      </section>
      {data.answer && (
        <section class="sec">
          <Sub>Last answer that was no profile <span class="soft small"><Ago at={data.answer.at}/></span></Sub>
          <p class="small">{data.answer.status > 0 ? `HTTP ${data.answer.status}` : "No status"}{data.answer.type && <>, <code>{data.answer.type}</code></>}</p>
          {data.answer.head && <pre class="code answer" tabIndex={0} aria-label="Its first characters">{data.answer.head}</pre>}
        </section>
      )}
      <section class="sec">
        <Sub>How its labels came to be {data.steps.length > 0 && <a class="small" href={link(`configuration/rules/${data.steps[0].component}`)}>Try other rules</a>}</Sub>
        <Steps data={data}/>
      </section>
      <section class="sec">
        <Sub>Asked at</Sub>
        <p class="url"><code>{data.url}</code></p>
      </section>
    </article>
  );
}

function Says({data}: {data: TargetDetail}) {
  const {row} = data;
  if (row.state === "failing" || row.state === "late") {
    const hint = row.text.endsWith("?") ? "" : advice(row.cause); // the server asks what we would
    return (
      <div class={`say ${row.state}`}>
        <p class="say-title"><Shape state={row.state}/><span>{row.state === "failing" ? "Nothing delivered" : "Slower than the interval"}{row.since !== null && <> for <Ago at={row.since} bare/></>}</span></p>
        {row.text && <p><Sentence text={row.text}/></p>}
        {hint && <p><b>What to do:</b> <Sentence text={hint}/></p>}
      </div>
    );
  }
  if (row.state === "waiting") return <p class="quiet"><StateWord state="waiting">Waiting for its first scrape</StateWord></p>;
  if (row.state === "left_out") return <p class="quiet"><StateWord state="left_out">Left out by rules</StateWord> <Sentence text={row.text}/></p>;
  return <p class="quiet"><StateWord state="ok">Delivering</StateWord>{row.last !== null && <span class="soft">, last <Ago at={row.last}/></span>}</p>;
}

function Scrapes({scrapes}: {scrapes: Scrape[]}) {
  const [table, setTable] = useState(false);
  if (scrapes.length === 0) return <p class="soft small">None yet.</p>;
  const most = Math.max(...scrapes.map((each) => each.bytes), 1);
  const old = [...scrapes].reverse();
  const good = scrapes.find((each) => each.outcome === "ok");
  const bad = scrapes.filter((each) => each.outcome !== "ok").length;
  return (
    <>
      <div class="ticks" role="img" aria-label={`${scrapes.length} scrapes, ${bad} of them failed`}>
        {old.map((each) => <i key={each.started} class={each.outcome === "ok" ? "" : "bad"} style={{height: each.outcome === "ok" ? `${Math.max(8, (each.bytes / most) * 100)}%` : "32%"}} title={outcomeTitle(each)}/>)}
      </div>
      <p class="ends small soft"><Time at={old[0].started} seconds/><Time at={scrapes[0].started} seconds/></p>
      <p class="small soft">{good ? <>Last good: <Time at={good.started} seconds/>, {duration(good.took)}, {bytes(good.bytes)}, {counted(good.samples, "sample")}</> : "None of them was good."}</p>
      <button type="button" class="link small" aria-expanded={table} onClick={() => setTable(!table)}>{table ? "Hide the list" : "As a list"}</button>
      {table && (
        <div class="scroll-x" tabIndex={0} role="region" aria-label="Scrapes"><table class="plain small">
          <thead><tr><th>At</th><th class="right">Took</th><th class="right">Size</th><th class="right">Samples</th><th>Outcome</th></tr></thead>
          <tbody>{scrapes.map((each) => <tr key={each.started}><td><Time at={each.started} seconds/></td><td class="right">{duration(each.took)}</td><td class="right">{bytes(each.bytes)}</td><td class="right">{count(each.samples)}</td><td class={each.outcome === "ok" ? "" : "failing-text"}>{each.outcome === "ok" ? "good" : each.text || each.outcome}</td></tr>)}</tbody>
        </table></div>
      )}
    </>
  );
}

const outcomeTitle = (scrape: Scrape) => (scrape.outcome === "ok" ? `${bytes(scrape.bytes)}, ${counted(scrape.samples, "sample")}, ${duration(scrape.took)}` : scrape.text || scrape.outcome);

function Label({name, value, how = ""}: {name: string; value: string; how?: string}) {
  return <span class={`lab ${how}`}><code>{name}</code><span class="soft">=</span><code>{value || '""'}</code></span>;
}

function LabelList({labels, first = 3}: {labels: LabelMap; first?: number}) {
  const [all, setAll] = useState(false);
  const entries = Object.entries(labels);
  const shown = all ? entries : entries.slice(0, first);
  return (
    <div class="labs">
      {shown.map(([name, value]) => <Label key={name} name={name} value={value}/>)}
      {entries.length > first && <button type="button" class="link small" aria-expanded={all} onClick={() => setAll(!all)}>{all ? "fewer" : `${entries.length - first} more`}</button>}
    </div>
  );
}

const kEffects: Record<RuleStep["effect"], string> = {unchanged: "nothing changed", changed: "", kept: "kept", dropped: "left out here"};

function Steps({data}: {data: TargetDetail}) {
  const {discovered, steps, found_by: by, labels} = data;
  const own = Object.fromEntries(Object.entries(labels).filter(([name]) => !name.startsWith("__")));
  if (Object.keys(discovered).length === 0 && steps.length === 0) return <><p class="soft small">No rules stand between: it is scraped as it was given.</p><LabelList labels={labels} first={12}/></>;
  let component = by;
  return (
    <ol class="steps">
      <li>Found{by && <> by <a href={link(`component/${by}`)}><code>{by}</code></a></>}, {counted(Object.keys(discovered).length, "label")}<LabelList labels={discovered}/></li>
      {steps.map((step) => {
        const other = step.component !== component;
        component = step.component;
        return (
          <li key={`${step.component} ${step.rule}`} class={step.effect === "unchanged" ? "off" : step.effect === "dropped" ? "dropped" : ""}>
            {step.file && step.line ? <a href={link("configuration", {file: step.file, line: step.line})} title={`${step.file}, line ${step.line}`}>Rule {step.rule}</a> : <>Rule {step.rule}</>}, {step.action}{other && <> of <a href={link(`component/${step.component}`)}><code>{step.component}</code></a></>} <span class={step.effect === "dropped" ? "failing-text" : "soft"}>{kEffects[step.effect]}</span>
            {step.changed.length > 0 && (
              <div class="labs">
                {step.changed.map(({label, before, after}) => (
                  <span key={label} class="lab-change">{before !== "" && <del><Label name={label} value={before} how="gone"/></del>}{after !== "" && <ins><Label name={label} value={after} how="come"/></ins>}</span>
                ))}
              </div>
            )}
          </li>
        );
      })}
      {data.row.state !== "left_out" && <li>Scraped as<LabelList labels={own} first={12}/></li>}
    </ol>
  );
}
