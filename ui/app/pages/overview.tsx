// Is it working? What do I do first?
import {advice} from "../base/advice";
import {bytes, count, counted, duration, percent, rate} from "../base/numbers";
import {useResource, type Resource} from "../base/resource";
import {link, param, setParams} from "../base/router";
import {Ago, now, skew, Time} from "../base/times";
import type {History, LedgerFlow, Problem, Problems, Services, Verdict} from "../base/types";
import {Chart} from "../parts/chart";
import {Shape} from "../parts/state";
import {Empty, Loaded} from "../parts/states";
import {capital, Sentence} from "../parts/text";
import type {PageProps} from "../shell/pages";
import {Flow} from "./flow";

const kMost = 8; // causes
const kFlowTimes: [string, string][] = [["", "since the start"], ["-1h", "last hour"], ["-10m", "last 10 min"]];

export function Overview({verdict}: PageProps) {
  const problems = useResource<Problems>("problems", {limit: kMost}, {topics: ["problems"]});
  const history = useResource<History>("history", {series: "taken,oldest,cpu,rss", from: "-1h"}, {topics: ["counters"], every: 10});
  const flowFrom = param("flow");
  const ledger = useResource<LedgerFlow>("ledger", {from: flowFrom}, {topics: ["counters"], every: 10});
  const services = useResource<Services>("services", {limit: 5}, {every: 15});
  return (
    <>
      <Loaded of={verdict} what="the verdict" rows={2}>{(data) => <Head verdict={data}/>}</Loaded>
      {problems.data?.total === 0 ? null : <Loaded of={problems} what="the problems" rows={3}>{(data) => <Causes problems={data}/>}</Loaded>}
      {verdict.data?.state === "empty" && <Nothing/>}
      <Charts history={history}/>
      <div class="two">
        <section class="card" aria-labelledby="flow-title">
          <div class="card-head"><h2 id="flow-title">Where the profiles went</h2>
            <label class="pick"><span class="unseen">Since when</span>
              <select value={flowFrom} onChange={(event) => setParams({flow: event.currentTarget.value || null}, {replace: true})}>{kFlowTimes.map(([value, text]) => <option key={value} value={value}>{text}</option>)}</select>
            </label>
            {ledger.data && <span class="soft small">since <Time at={ledger.data.since}/>; each bar adds up to what the place was given</span>}</div>
          <Loaded of={ledger} what="the ledger" rows={5}>{(data) => <Flow flow={data}/>}</Loaded>
        </section>
        <section class="card" aria-labelledby="busy-title">
          <div class="card-head"><h2 id="busy-title">Biggest services</h2>{services.data && <a class="small" href={link("targets", {by: "service"})}>All {count(services.data.total)}</a>}</div>
          <Loaded of={services} what="the services" rows={5}>{(data) => <Busy services={data}/>}</Loaded>
        </section>
      </div>
    </>
  );
}

// The number of the sentence leads to what it counts.
function Linked({text}: {text: string}) {
  const found = /\b[\d,]+ (?:of [\d,]+ )?targets?\b/.exec(text);
  if (!found) return <Sentence text={text}/>;
  return <><Sentence text={text.slice(0, found.index)}/><a class="verdict-link" href={link("targets", {state: "failing,late"})}>{found[0]}</a><Sentence text={text.slice(found.index + found[0].length)}/></>;
}

function Head({verdict}: {verdict: Verdict}) {
  return (
    <div class="verdict">
      <h1 class={`verdict-text ${verdict.state}`}>{verdict.state === "failing" || verdict.state === "late" ? <Linked text={verdict.text}/> : <Sentence text={verdict.text}/>}</h1>
      <dl class="facts">
        <div><dt>Targets</dt><dd>{count(verdict.targets)}</dd></div>
        <div><dt>Delivered</dt><dd title="Of what was taken since the start">{percent(verdict.delivered)}</dd></div>
        <div><dt>Running for</dt><dd>{duration(Math.max(0, Math.floor((now.value + skew.value - verdict.started) / 1000)))}</dd></div>
        <div><dt>Checked</dt><dd class="wide"><Ago at={verdict.at}/></dd></div>
      </dl>
    </div>
  );
}

function leadsTo(problem: Problem): {href: string; text: string} {
  switch (problem.kind) {
    case "targets":
      return {href: link("targets", {component: problem.component, by: "cause", state: "failing,late", cause: problem.cause}), text: `Show ${counted(problem.count, "target")}`};
    case "endpoint":
      return {href: link("delivery", {component: problem.component}), text: "Open endpoint"};
    case "component":
      return {href: link(`component/${problem.component}`), text: "Open component"};
    case "configuration":
      return {href: link("configuration"), text: "Open configuration"};
    case "cluster":
      return {href: link("cluster"), text: "Open cluster"};
  }
}

function concerned({kind, component, what}: Problem) {
  if (kind !== "targets" || what.length === 0) return null;
  const names = [...new Set(what)];
  return <>{names.slice(0, 2).map((each, i) => <span key={each}>{i > 0 && ", "}<code>{each}</code></span>)}{names.length > 2 && ", …"} of <code>{component}</code>. </>;
}

function Causes({problems}: {problems: Problems}) {
  if (problems.total === 0) return null;
  const left = problems.total - problems.problems.length;
  return (
    <section class="card" aria-label="Problems">
      <ul class="causes">
        {problems.problems.map((problem) => {
          const to = leadsTo(problem);
          return (
            <li key={`${problem.component} ${problem.kind} ${problem.cause} ${problem.text}`} class="cause">
              <Shape state={problem.severity === "failing" ? "failing" : "late"}/>
              <div class="cause-text">
                <h2><span class="unseen">{problem.severity === "failing" ? "Failing: " : "Late: "}</span><Sentence text={problem.kind === "targets" ? `${counted(problem.count, "target")}: ${problem.text}` : capital(problem.text)}/></h2>
                <p class="soft">{concerned(problem)}{problem.kind !== "targets" && problem.component && <><code>{problem.component}</code>. </>}<Sentence text={advice(problem.cause ?? "")}/></p>
              </div>
              <div class="cause-size small">
                {problem.of !== undefined && problem.of > 0 && <div>{count(problem.count)} of {count(problem.of)} {problem.kind === "targets" ? "targets" : problem.kind === "endpoint" ? "endpoints" : ""}</div>}
                {problem.since !== null && <div class="soft">since <Time at={problem.since}/></div>}
              </div>
              <a class="cause-link" href={to.href}>{to.text}</a>
            </li>
          );
        })}
        {left > 0 && <li class="cause-more"><a href={link("targets", {by: "cause", state: "failing,late"})}>and {counted(left, "more cause")}</a></li>}
      </ul>
    </section>
  );
}

function Nothing() {
  return (
    <section class="card pad">
      <Empty title="How to begin">
        <p>No component has found a target. A configuration that takes CPU profiles of one process and keeps them:</p>
        <pre class="code">{`pyroscope.scrape "app" {
  targets    = [{"__address__" = "127.0.0.1:6060", "service_name" = "app"}]
  forward_to = [pyroscope.fsdump.local.receiver]
}
pyroscope.fsdump "local" { }`}</pre>
        <p><a href={link("configuration")}>See the configuration that is loaded</a></p>
      </Empty>
    </section>
  );
}

interface Figure {
  name: string;
  title: string;
  unit: string;
  tone?(value: number | null): "ok" | "failing" | "soft";
  show(value: number | null | undefined): string;
  format(value: number): string;
}

const kLongWait = 300; // seconds
const kFigures: Figure[] = [
  {name: "taken", title: "Profiles taken", unit: "per second", show: rate, format: (value) => `${rate(value)}/s`, tone: () => "ok"},
  {name: "oldest", title: "Oldest profile waiting", unit: "to be sent", show: duration, format: duration, tone: (value) => (value !== null && value > kLongWait ? "failing" : "soft")},
  {name: "cpu", title: "CPU of Invar", unit: "of one core", show: percent, format: percent},
  {name: "rss", title: "Memory of Invar", unit: "in use", show: bytes, format: bytes},
];

function Charts({history}: {history: Resource<History>}) {
  return (
    <div class="figures">
      {kFigures.map((figure) => {
        const series = history.data?.series.find(({name}) => name === figure.name);
        const last = series?.values.findLast((value) => value !== null) ?? null;
        return (
          <section key={figure.name} class="card figure" aria-label={figure.title}>
            <h2 class="small soft">{figure.title}</h2>
            <p class="figure-value">{figure.show(last)} {last !== null && <small>{figure.unit}</small>}</p>
            {history.data && series
              ? <Chart label={figure.title} start={history.data.start} step={history.data.step} values={series.values} marks={history.data.marks} format={figure.format} tone={figure.tone?.(last)}/>
              : <div class="chart-place soft small">{history.error && history.error.code !== "silent" ? history.error.message : ""}</div>}
          </section>
        );
      })}
    </div>
  );
}

function Busy({services}: {services: Services}) {
  if (services.services.length === 0) return <Empty title="No service has sent a profile yet."/>;
  const most = Math.max(...services.services.map((each) => each.bytes), 1);
  return (
    <table class="plain">
      <thead><tr><th>Service</th><th class="right">Targets</th><th class="right">CPU</th><th class="right">Taken</th><td/></tr></thead>
      <tbody>
        {services.services.map((each) => (
          <tr key={each.service}>
            <td><a href={link("profiles", {q: `{service_name="${each.service}"}`})}>{each.service || "without a name"}</a></td>
            <td class="right">{each.failing > 0 && <a class="failing-text" href={link("targets", {q: `{service_name="${each.service}"}`, state: "failing"})}>{count(each.failing)} failing of </a>}{count(each.targets)}</td>
            <td class="right">{each.cores == null ? "–" : `${rate(each.cores)} cores`}</td>
            <td class="right">{bytes(each.bytes)}/s</td>
            <td class="bar-cell" aria-hidden="true"><span class="bar-of" style={{width: `${Math.max(2, (each.bytes / most) * 100)}%`}}/></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
