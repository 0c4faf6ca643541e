// The functions: what each used itself and with what it calls, and how that changed. A page of 200 at a time from the server.
import {useState} from "preact/hooks";

import {count} from "../base/numbers";
import {useResource} from "../base/resource";
import {param, setParams, type Params} from "../base/router";
import type {Top} from "../base/types";
import {Grid, type Column} from "../parts/grid";
import {Loaded} from "../parts/states";
import type {Origin} from "./origin";
import {amount, change, type Scale} from "./values";

const kMost = 200;

export type OriginOf = (frame: {name: string; file: string}) => Origin;

function Change({value, scale}: {value: number; scale: Scale}) {
  return <span class={value > 0 ? "up" : value < 0 ? "down" : "soft"}>{change(value, scale)}</span>;
}

export function TopTable({query, two, scale, origin, against}: {query: Params; two: boolean; scale: Scale; origin: OriginOf; against: string}) {
  const sort = param("sort") || (two ? "-change" : "-self");
  const top = useResource<Top>("profiles/top", {...query, sort, limit: kMost}, {every: 0});
  const [line, setLine] = useState(0);
  const columns: Column[] = [
    {name: "name", title: "Function", width: "minmax(160px, 3fr)", sort: sort === "name" ? "up" : null},
    {name: "self", title: "Self", width: "minmax(84px, .7fr)", right: true, sort: sort === "-self" ? "down" : null},
    {name: "total", title: "Total", width: "minmax(84px, .7fr)", right: true, sort: sort === "-total" ? "down" : null},
    ...(two ? [{name: "change", title: "Change of self", width: "minmax(96px, .7fr)", right: true, sort: sort === "-change" ? "down" : sort === "change" ? "up" : null} as Column] : []),
  ];
  return (
    <Loaded of={top} what="the functions" rows={12}>{(data) => {
      const side = two ? 1 : 0;
      const sum = data.sum[side] || 1;
      return (
        <Grid label="Functions" columns={columns} count={data.functions.length} current={Math.min(line, Math.max(0, data.functions.length - 1))} onMove={setLine}
          onOpen={(at) => setParams({focus: data.functions[at].name, view: "sandwich"})}
          onSort={(name) => setParams({sort: name === "change" && sort === "-change" ? "change" : name === "name" ? "name" : `-${name}`})}
          row={(at) => {
            const each = data.functions[at];
            return {key: each.name + each.file, cells: [
              <span class="fn"><i class={`key ${origin(each)}`}/><span title={`${each.name} ${each.file}`}>{each.name}</span></span>,
              <>{amount(each.self[side], scale)}</>,
              <>{amount(each.total[side], scale)} <span class="soft">{((each.total[side] / sum) * 100).toFixed(1)} %</span></>,
              ...(two ? [<Change value={each.self[1] - each.self[0]} scale={scale}/>] : []),
            ]};
          }}
          foot={<><span>{count(data.functions.length)} of {count(data.total)} functions{data.functions.length < data.total ? ", the first by this order" : ""}{two ? `; change against ${against}` : ""}</span><span class="foot-keys"><kbd>Enter</kbd> callers and callees</span></>}/>
      );
    }}</Loaded>
  );
}

// Beside the graph: what grew most, or what is largest.
export function TopList({query, two, scale, origin}: {query: Params; two: boolean; scale: Scale; origin: OriginOf}) {
  const top = useResource<Top>("profiles/top", {...query, sort: two ? "-change" : "-self", limit: 12}, {every: 0});
  const side = two ? 1 : 0;
  return (
    <section class="card" aria-labelledby="top-title">
      <div class="card-head"><h2 id="top-title">{two ? "What grew most" : "What uses most"}</h2><span class="soft small">self{scale.cores ? ", cores" : ""}</span></div>
      <Loaded of={top} what="the functions" rows={8}>{(data) => (
        <>
          <table class="plain top-list">
            <thead><tr><th>Function</th><th class="right">Now</th>{two && <th class="right">Change</th>}</tr></thead>
            <tbody>{data.functions.map((each) => (
              <tr key={each.name + each.file}>
                <td><button type="button" class="fn link" onClick={() => setParams({focus: each.name, view: "sandwich"})}><i class={`key ${origin(each)}`}/><span title={each.name}>{each.name.replace(/^.*\/(?=[^(]*[.(])/, "")}</span></button></td>
                <td class="right">{amount(each.self[side], scale).replace(" cores", "")}</td>
                {two && <td class="right"><Change value={each.self[1] - each.self[0]} scale={scale}/></td>}
              </tr>
            ))}</tbody>
          </table>
          <p class="card-foot small soft"><span>{count(data.functions.length)} of {count(data.total)} functions</span><button type="button" class="link small" onClick={() => setParams({view: "table"})}>All in a table</button></p>
        </>
      )}</Loaded>
    </section>
  );
}
