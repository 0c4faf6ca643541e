// What is loaded, and what is wrong with it.
import {useMemo} from "preact/hooks";

import {counted} from "../base/numbers";
import {useResource} from "../base/resource";
import {link, param, place, setParams} from "../base/router";
import {clock, Time} from "../base/times";
import type {ConfigFile, ConfigFiles, Diagnostic, Diagnostics, FileName, RuleLines} from "../base/types";
import {Code} from "../configuration/code";
import {RuleLab} from "../configuration/lab";
import {differing} from "../configuration/rules";
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
            <h1 class="insight">{data.applied ? (data.error ? "The configuration runs, but for what is wrong in it." : "The configuration runs as it is written.") : `${nameOf(data.path)} was not loaded${data.kept_loaded ? `; the configuration of ${clock(data.kept_loaded)} keeps running` : ""}.`}</h1>
            <div class="actions-right"><a class="btn" href={link("configuration/rules")}>Rule lab</a></div>
          </div>
          <p class="soft small only"><code>{data.path}</code>, {data.applied ? "loaded" : "tried"} <Time at={data.loaded} seconds/>{data.applied && !data.error ? ", all applied" : ""}</p>
          {(!data.applied || data.error) && (
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
          {data.files.length + (data.kept_files ?? []).length === 0 ? <div class="card"><Empty title="No file is loaded."/></div>
            : data.applied ? <Running files={data.files} n={n} diagnostics={diagnostics}/> : <Refused data={data} n={n} diagnostics={diagnostics}/>}
        </>
      );
    }}</Loaded>
  );
}

function Tabs({files, n, name, label}: {files: FileName[]; n: number; name: string; label: string}) {
  if (files.length < 2) return null;
  return <div class="seg tabs" role="group" aria-label={label}>{files.map((each) => <button key={each.n} type="button" class={each.n === n ? "on" : ""} aria-pressed={each.n === n} onClick={() => setParams({[name]: each.n, line: null})} title={each.path}>{nameOf(each.path)}</button>)}</div>;
}

function Foot({file}: {file: ConfigFile}) {
  return <p class="card-foot small soft"><span><code>{file.path}</code>, {counted(file.lines, "line")}; secrets are hidden</span><CopyButton text={file.text} label="Copy the text" class="link small"/></p>;
}

const useFile = (n: number | undefined) => useResource<ConfigFile>(n === undefined ? null : `config/files/${n}`, {}, {every: 10, keep: false});
const useRules = (n: number | undefined) => useResource<RuleLines>(n === undefined ? null : `config/files/${n}/rules`, {}, {every: 15, keep: false}).data?.rules;

const ofFile = (diagnostics: readonly Diagnostic[], {path}: ConfigFile) => diagnostics.filter((each) => each.file === path || nameOf(each.file) === nameOf(path));

function Running({files, n, diagnostics}: {files: FileName[]; n: number; diagnostics: readonly Diagnostic[]}) {
  const file = useFile(n);
  const rules = useRules(n);
  return (
    <>
      <Tabs files={files} n={n} name="file" label="Files"/>
      <div class="card clip">
        <Loaded of={file} what="the file" rows={16}>{(data) => <><Code label="The file" text={data.text} at={Number(param("line"))} rules={rules} diagnostics={ofFile(diagnostics, data)}/><Foot file={data}/></>}</Loaded>
      </div>
    </>
  );
}

// What was refused, and beside it what keeps running; where they differ.
function Refused({data, n, diagnostics}: {data: ConfigFiles; n: number; diagnostics: readonly Diagnostic[]}) {
  const refused = data.files.find((each) => each.n === n);
  const all = data.kept_files ?? [];
  const kept = all.find((each) => String(each.n) === param("kept")) ?? all.find(({path}) => path === refused?.path) ?? all[0];
  const [tried, runs, rules] = [useFile(refused?.n), useFile(kept?.n), useRules(kept?.n)];
  const differs = useMemo(() => (tried.data && runs.data ? differing(tried.data.text, runs.data.text) : undefined), [tried.data?.text, runs.data?.text]);
  return (
    <div class="beside">
      {refused && (
        <section class="card clip" aria-labelledby="refused-title">
          <div class="card-head"><h2 id="refused-title">Not loaded</h2><Tabs files={data.files} n={n} name="file" label="Files that were not loaded"/></div>
          <Loaded of={tried} what="the file" rows={16}>{(file) => <><Code label="The file that was not loaded" text={file.text} at={Number(param("line"))} differs={differs?.[0]} diagnostics={ofFile(diagnostics, file)}/><Foot file={file}/></>}</Loaded>
        </section>
      )}
      {kept && (
        <section class="card clip" aria-labelledby="kept-title">
          <div class="card-head"><h2 id="kept-title">Keeps running</h2>{data.kept_loaded !== undefined && <span class="soft small">loaded <Time at={data.kept_loaded} seconds/></span>}<Tabs files={all} n={kept.n} name="kept" label="Files that run"/></div>
          <Loaded of={runs} what="the file" rows={16}>{(file) => <><Code label="The file that runs" text={file.text} differs={differs?.[1]} rules={rules}/><Foot file={file}/></>}</Loaded>
        </section>
      )}
    </div>
  );
}
