// The flame graph of ui/flame in the app: its colours tell whose code it is, or what changed.
import {useEffect, useId, useRef, useState} from "preact/hooks";

import {formatShare} from "../../flame/format.js";
import {Graph} from "../../flame/graph.js";
import {useKeys} from "../base/keys";
import {colour, dark} from "../base/theme";
import {kOriginWords, kOrigins, type Origin} from "./origin";
import {amount, change, type Scale} from "./values";
import {nodeAt, pathOf} from "./zoom";

export interface FlameNode {
  frame: number;
  parent: FlameNode | null;
  depth: number;
  before: number;
  after: number;
  selfBefore: number;
  selfAfter: number;
  value: number;
}
export interface FlameFrame {
  name: string;
  file: string;
  line: number;
}
export interface FlameProfile {
  sides: string[];
  types: {type: string; unit: string}[];
  type: number;
  frames: FlameFrame[];
  nodes: {count: number; frame: Int32Array; parent: Int32Array; firstChild: Int32Array; children: Int32Array; self: Float64Array[]; total: Float64Array[]};
}
export interface FlameView {
  diff: boolean;
  root: FlameNode;
  whole: {before: number; after: number};
  children(node: FlameNode): FlameNode[];
}

interface Item {
  node: FlameNode;
  small: FlameNode[] | null;
}

interface Props {
  profile: FlameProfile;
  view: FlameView;
  scale: Scale;
  origin(frame: FlameFrame): Origin;
  upright: boolean;
  found: boolean[] | null;
  against: string;
  label: string;
  height?: string;
  legend?: boolean;
  zoom?: string; // a path of zoom.ts
  onZoom?(path: string): void;
  onFocus?(name: string): void;
}

const kOriginInks = kOrigins.map((origin) => `--${origin}`);

export function Flame({profile, view, scale, origin, upright, found, against, label, height, legend = true, zoom = "", onZoom, onFocus}: Props) {
  const lineId = useId();
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const graph = useRef<Graph | null>(null);
  const latest = useRef({scale, origin, view, profile, zoom, onZoom});
  latest.current = {scale, origin, view, profile, zoom, onZoom};
  const showing = useRef(false); // what is not the reader's zoom
  const known = useRef(0); // frames of the profile; what comes behind them stands for blocks of narrow ones
  const inks = useRef<Record<string, string>>({});
  const [focused, setFocused] = useState<FlameNode>(view.root);
  const [tip, setTip] = useState<{item: Item; x: number; y: number} | null>(null);

  useEffect(() => {
    const made = new Graph(profile, box.current!, canvas.current!, {
      hover: (item: Item | null, x: number, y: number) => setTip(item ? {item, x, y} : null),
      focus: setFocused,
      zoom: (node: FlameNode) => {
        setFocused(node);
        const {profile: of, zoom: before, onZoom: tell} = latest.current;
        const path = pathOf(node, of.frames, known.current);
        if (!showing.current && path !== before) tell?.(path);
      },
    }, {
      row: 22,
      font: getComputedStyle(box.current!).fontFamily,
      color: (frame: FlameFrame) => inks.current[`--${latest.current.origin(frame)}`],
      root: () => inks.current["--sunk"],
      note: (node: FlameNode) => {
        const {view: shown, scale: of} = latest.current;
        if (!node.parent && !shown.diff) return amount(node.after, of);
        if (!shown.diff || node.after === node.before) return "";
        const whole = Math.max(shown.root.after, shown.root.before);
        return Math.abs(node.after - node.before) / whole > 0.01 ? change(node.after - node.before, of) : "";
      },
    });
    graph.current = made;
    const redraw = () => made.draw();
    box.current!.addEventListener("focus", redraw);
    box.current!.addEventListener("blur", redraw);
    return () => made.close();
  }, []);
  const isDark = dark.value;
  useEffect(() => {
    inks.current = Object.fromEntries([...kOriginInks, "--sunk"].map((name) => [name, colour(box.current!, name)]));
    graph.current!.theme(isDark);
  }, [isDark]);
  const shown = (act: () => void) => {
    showing.current = true;
    act();
    showing.current = false;
  };
  useEffect(() => {
    known.current = profile.frames.length;
    graph.current!.upright = upright;
    shown(() => graph.current!.show(view, profile, nodeAt(view, profile.frames, zoom)));
  }, [view, profile, upright]);
  useEffect(() => {
    if (pathOf(graph.current!.zoomed, profile.frames, known.current) !== zoom) shown(() => graph.current!.zoom(nodeAt(view, profile.frames, zoom)));
  }, [zoom]);
  const chosen = useRef(focused);
  chosen.current = focused;
  useKeys("In the flame graph", onZoom ? [
    {key: "n", what: "Next frame that the search found", act: () => graph.current?.hit(1)},
    {key: "N", what: "The one before", act: () => graph.current?.hit(-1)},
    {key: "f", what: "Callers and callees of the frame", act: () => onFocus?.((profile.frames[chosen.current.frame] ?? profile.frames[0]).name)},
  ] : [], [profile, onZoom !== undefined]);
  useEffect(() => graph.current!.highlight(found), [found]);

  const frame = profile.frames[focused.frame] ?? profile.frames[0];
  return (
    <div class="flame">
      <div class="flame-box" ref={box} tabIndex={0} role="application" aria-label={label} aria-describedby={lineId} style={{maxHeight: height}}
        onKeyDown={(event) => {
          if (event.key === "f" && onFocus && !onZoom) onFocus(frame.name);
        }}>
        <div data-height><canvas ref={canvas}/></div>
      </div>
      <ul class="unseen" role="tree" aria-label="The frame and what it calls">
        <li role="treeitem" aria-expanded="true" aria-selected="true">{frame.name}, {amount(focused.after, scale)}
          <ul role="group">{view.children(focused).slice().sort((a, b) => b.value - a.value).slice(0, 20).map((kid) => <li key={kid.frame} role="treeitem" aria-selected="false">{profile.frames[kid.frame].name}, {amount(kid.after, scale)}</li>)}</ul>
        </li>
      </ul>
      {legend && <div class="legend small soft">
        {view.diff ? <><span><i class="key more"/>more</span><span><i class="key same"/>as much</span><span><i class="key less"/>less</span><span>width: both windows together; colour: the change of its share</span></>
          : kOrigins.map((each) => <span key={each}><i class={`key ${each}`}/>{kOriginWords[each]}</span>)}
      </div>}
      <p class="flame-line" id={lineId} aria-live="polite">
        <b>{frame.name}</b> {frame.file && <code class="soft">{frame.file}{frame.line > 0 ? `:${frame.line}` : ""}</code>}
        <span>Total <b>{amount(focused.after, scale)}</b> <span class="soft">{formatShare(focused.after / (view.whole.after || 1))}</span></span>
        <span>Self <b>{amount(focused.selfAfter, scale)}</b></span>
        {view.diff && <span>{against} <b>{amount(focused.before, scale)}</b> <b class={focused.after > focused.before ? "up" : focused.after < focused.before ? "down" : "soft"}>{change(focused.after - focused.before, scale)}</b></span>}
        {onFocus && focused.parent && <button type="button" class="link small" onClick={() => onFocus(frame.name)}>Callers and callees</button>}
      </p>
      {tip && <Tip tip={tip} profile={profile} view={view} scale={scale} against={against}/>}
    </div>
  );
}

function Tip({tip: {item, x, y}, profile, view, scale, against}: {tip: {item: Item; x: number; y: number}; profile: FlameProfile; view: FlameView; scale: Scale; against: string}) {
  const frame = profile.frames[item.node.frame];
  const style = {left: `${Math.min(x + 14, innerWidth - 380)}px`, top: `${y + 120 > innerHeight ? y - 110 : y + 18}px`};
  if (item.small) return <div class="tip" role="tooltip" style={style}><b>{item.small.length === 1 ? profile.frames[item.small[0].frame].name : `${item.small.length.toLocaleString("en-US")} frames too narrow to draw`}</b><div class="soft">click to zoom in</div></div>;
  const {node} = item;
  const share = (value: number, of: number) => formatShare(of > 0 ? value / of : 0);
  return (
    <div class="tip" role="tooltip" style={style}>
      <b>{frame.name}</b>
      {frame.file && <div class="soft">{frame.file}{frame.line > 0 ? `:${frame.line}` : ""}</div>}
      <table>
        {view.diff && <thead><tr><td/><th>{against}</th><th>Now</th><th>Change</th></tr></thead>}
        <tbody>
          {([["Total", node.before, node.after], ["Self", node.selfBefore, node.selfAfter]] as const).map(([name, before, after]) => (
            <tr key={name}><th>{name}</th>{view.diff && <td>{amount(before, scale)}</td>}<td>{amount(after, scale)}</td>{view.diff ? <td>{change(after - before, scale)}</td> : <td class="soft">{share(after, view.whole.after)}</td>}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

