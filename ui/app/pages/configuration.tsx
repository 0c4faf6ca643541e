// What is loaded, and what is wrong with it.
import {count, counted} from "../base/numbers";
import {useResource} from "../base/resource";
import {link, param, place, setParams} from "../base/router";
import {Time} from "../base/times";
import type {ConfigFile, ConfigFiles, Diagnostics} from "../base/types";
import {Code} from "../configuration/code";
import {RuleLab} from "../configuration/lab";
import {Shape} from "../parts/state";
import {Empty, Loaded} from "../parts/states";
import {CopyButton, Sentence} from "../parts/text";

export function ConfigurationPage() {
  const {path} = place.value;
  return path === "configuration/rules" || path.startsWith("configuration/rules/") ? <RuleLab component={path.slice("configuration/rules/".length)}/> : <Files/>;
}

const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);

function Files() {
  const files = useResource<ConfigFiles>("config/files", {}, {every: 10});
  const wrong = useResource<Diagnostics>("config/diagnostics", {}, {every: 10});
  return (
    <Loaded of={files} what="the files" rows={12}>{(data) => {
      const n = (data.files.find((each) => String(each.n) === param("file") || each.path === param("file")) ?? data.files[0])?.n ?? -1;
      const diagnostics = wrong.data?.diagnostics ?? [];
      return (
        <>
          <div class="insight-line">
            <h1 class="insight">{data.applied ? "The configuration runs as it is written." : `${nameOf(data.path)} was not loaded; the configuration before keeps running.`}</h1>
            <div class="actions-right"><a class="btn" href={link("configuration/rules")}>Rule lab</a></div>
          </div>
          <p class="soft small only"><code>{data.path}</code>, {data.applied ? "loaded" : "tried"} <Time at={data.loaded} seconds/>{data.applied ? ", all applied" : ""}</p>
          {!data.applied && (
            <div class="say failing">
              <p class="say-title"><Shape state="failing"/>What is wrong</p>
              {diagnostics.length === 0 ? <p><Sentence text={data.error}/></p>
                : <ul class="bullets">{diagnostics.slice(0, 20).map((each, i) => {
                  const of = data.files.find(({path}) => path === each.file || nameOf(path) === nameOf(each.file));
                  return <li key={i}>{of ? <a href={link("configuration", {file: of.n, line: each.line})}>{nameOf(each.file)}, line {each.line}</a> : <>{each.file}, line {each.line}</>}: <Sentence text={each.text}/></li>;
                })}</ul>}
              {diagnostics.length > 20 && <p>and {counted(diagnostics.length - 20, "more")}</p>}
            </div>
          )}
          {data.files.length === 0 ? <div class="card"><Empty title="No file is loaded."/></div> : (
            <>
              {data.files.length > 1 && <div class="seg tabs" role="group" aria-label="Files">{data.files.map((each) => <button key={each.n} type="button" class={each.n === n ? "on" : ""} aria-pressed={each.n === n} onClick={() => setParams({file: each.n, line: null})} title={each.path}>{nameOf(each.path)}</button>)}</div>}
              <File n={n} diagnostics={wrong.data}/>
            </>
          )}
        </>
      );
    }}</Loaded>
  );
}

function File({n, diagnostics}: {n: number; diagnostics?: Diagnostics}) {
  const file = useResource<ConfigFile>(`config/files/${n}`, {}, {every: 10, keep: false});
  return (
    <div class="card clip">
      <Loaded of={file} what="the file" rows={16}>{(data) => (
        <>
          <Code text={data.text} at={Number(param("line"))} diagnostics={(diagnostics?.diagnostics ?? []).filter((each) => each.file === data.path || nameOf(each.file) === nameOf(data.path))}/>
          <p class="card-foot small soft"><span><code>{data.path}</code>, {count(data.lines)} lines; secrets are hidden</span><CopyButton text={data.text} label="Copy the text" class="link small"/></p>
        </>
      )}</Loaded>
    </div>
  );
}
