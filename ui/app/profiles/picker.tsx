// Which profiles: service, type, labels, window, and what they are compared with. All of it stands in the URL.
import {typeName} from "../base/advice";
import {counted} from "../base/numbers";
import {param, setParams} from "../base/router";
import {clock, utc} from "../base/times";
import type {SeriesList} from "../base/types";
import {SearchField} from "../parts/search_field";
import {bounds, earlier, parseRange, rangeText, type Range} from "./range";

export interface Choice {
  q: string;
  type: string;
  source: string;
  range: Range;
  against: Range | null;
  againstWord: string; // "an hour ago", ""
  againstQ: string;
  one: string; // the id of a single profile; "": all of the window
}

const kDefault: Range = {from: "-5m", to: "now"};
const kHour = 3_600_000;
const kWindows: [string, string][] = [["-5m..now", "Last 5 min"], ["-15m..now", "Last 15 min"], ["-1h..now", "Last hour"], ["-6h..now", "Last 6 h"], ["-1d..now", "Last day"]];

export function choiceOf(now: number): Choice {
  const range = parseRange(param("at")) ?? kDefault;
  const vs = param("vs");
  const [from, to] = bounds(range, now);
  const known = {hour: earlier(range, kHour, now), before: earlier(range, Math.max(1000, to - from), now), day: earlier(range, 24 * kHour, now)}[vs];
  return {
    q: param("q"), type: param("type"), source: param("source"), range,
    against: known ?? parseRange(vs) ?? (vs === "labels" && param("vsq") ? range : null),
    againstWord: {hour: "an hour ago", before: "just before", day: "a day ago"}[vs] ?? (vs === "labels" ? `with ${param("vsq")}` : vs ? "in the other window" : ""),
    againstQ: vs === "labels" ? param("vsq") : "",
    one: param("one"),
  };
}

export function serviceOf(q: string): string {
  return /service_name\s*=\s*"((?:[^"\\]|\\.)*)"/.exec(q)?.[1] ?? "";
}

export function withService(q: string, service: string): string {
  const others = /^\{(.*)\}$/s.exec(q.trim())?.[1].split(/,\s*(?=\w+\s*(?:=|!))/).map((each) => each.trim()).filter((each) => each && !/^service_name\s*=\s*"/.test(each)) ?? [];
  const all = [...(service ? [`service_name="${service}"`] : []), ...others];
  return all.length > 0 ? `{${all.join(", ")}}` : "";
}

function words(range: Range, now: number): string {
  const [from, to] = bounds(range, now);
  return `${clock(from, now)} to ${clock(to, now)}`;
}

// To compare is to look at the difference, until another view is chosen.
function against(vs: string): Record<string, string | null> {
  const view = param("view");
  return {vs: vs || null, vsq: null, view: vs && !view ? "diff" : !vs && view === "diff" ? null : view || null};
}

export function Picker({choice, list, now, error}: {choice: Choice; list?: SeriesList; now: number; error: string}) {
  const services = [...new Set((list?.series ?? []).map(({labels}) => labels.service_name ?? ""))].filter(Boolean).sort();
  const service = serviceOf(choice.q);
  const at = rangeText(choice.range);
  const vs = param("vs");
  const title = (range: Range) => bounds(range, now).map(utc).join(" to ");
  return (
    <div class="picker">
      <label class="pick"><span>Service</span>
        <select value={service} onChange={(event) => setParams({q: withService(choice.q, event.currentTarget.value) || null, focus: null})}>
          <option value="">all of them</option>
          {service && !services.includes(service) && <option value={service}>{service}</option>}
          {services.map((each) => <option key={each} value={each}>{each}</option>)}
        </select>
      </label>
      <label class="pick"><span>Profile</span>
        <select value={choice.type} onChange={(event) => setParams({type: event.currentTarget.value || null})}>
          {!choice.type && <option value="">choose</option>}
          {choice.type && !list?.types.includes(choice.type) && <option value={choice.type}>{typeName(choice.type)}</option>}
          {list?.types.map((each) => <option key={each} value={each}>{typeName(each)}</option>)}
        </select>
      </label>
      {list && list.sources.length > 1 && (
        <label class="pick"><span>From</span>
          <select value={choice.source || "memory"} onChange={(event) => setParams({source: event.currentTarget.value === "memory" ? null : event.currentTarget.value})}>
            {list.sources.map((each) => <option key={each} value={each}>{each === "memory" ? "memory" : `archive ${each.replace("pyroscope.fsdump.", "")}`}</option>)}
          </select>
        </label>
      )}
      <label class="pick now" title={title(choice.range)}><i class="swatch"/><span class="unseen">Window</span>
        <select value={at} onChange={(event) => setParams({at: event.currentTarget.value === rangeText(kDefault) ? null : event.currentTarget.value})}>
          {!kWindows.some(([value]) => value === at) && <option value={at}>{words(choice.range, now)}</option>}
          {kWindows.map(([value, text]) => <option key={value} value={value}>{text}</option>)}
        </select>
      </label>
      <label class="pick before" title={choice.against ? title(choice.against) : undefined}><i class="swatch"/><span>against</span>
        <select value={vs} onChange={(event) => setParams(against(event.currentTarget.value))}>
          <option value="">nothing</option>
          <option value="hour">an hour ago</option>
          <option value="before">just before</option>
          <option value="day">a day ago</option>
          <option value="labels">other labels</option>
          {vs && !["hour", "before", "day", "labels"].includes(vs) && <option value={vs}>{choice.against ? words(choice.against, now) : vs}</option>}
        </select>
      </label>
      <SearchField main={false} value={choice.q} error={error} label="Profiles by labels" placeholder={'Labels: {pod="search-1"}'} told={list ? counted(list.matched, "series", "series") : ""}/>
      {vs === "labels" && <label class="pick"><span class="unseen">Other labels</span>
        <input type="text" value={choice.againstQ} placeholder={'{version="4.8.0"}'} aria-label="Compare with other labels" spellcheck={false}
          onChange={(event) => setParams({vsq: event.currentTarget.value || null, view: event.currentTarget.value ? "diff" : null})}/>
      </label>}
    </div>
  );
}
