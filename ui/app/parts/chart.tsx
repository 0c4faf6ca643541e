// A chart over time. The library comes after the first paint, into a place that is kept for it; the values stand in a table, too.
import {useEffect, useRef, useState} from "preact/hooks";

import type UPlot from "uplot";

import {colour, dark} from "../base/theme";
import {clock, utc} from "../base/times";
import type {Mark, Maybe} from "../base/types";

export interface ChartBand {
  from: number; // milliseconds
  to: number;
  class: "now" | "before";
}

interface Props {
  label: string; // what it shows, for those who do not see it
  start: number;
  step: number; // seconds
  values: Maybe[];
  format(value: number): string;
  tone?: "ok" | "failing" | "soft";
  height?: number;
  bands?: ChartBand[];
  marks?: Mark[];
  onSelect?(from: number, to: number): void;
  axes?: boolean;
}

const kNone: Mark[] = [];
const kMarkWords: Record<Mark["kind"], string> = {start: "Invar started", reload: "configuration reloaded", refused_reload: "a reload was refused", release: "another version"};

// What happened in the step that begins at `at`. Pure.
export function marksAt(marks: readonly Mark[], at: number, step: number): string {
  return [...new Set(marks.filter((mark) => mark.at >= at && mark.at < at + step * 1000).map(({kind, text}) => text ?? kMarkWords[kind]))].join(", ");
}

let library: Promise<{default: typeof UPlot}> | null = null;

export function Chart({label, start, step, values, format, tone = "soft", height = 56, bands = [], marks = kNone, onSelect, axes = false}: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const latest = useRef({bands, marks, format, onSelect});
  latest.current = {bands, marks, format, onSelect};
  const [told, tell] = useState<{at: number; value: Maybe} | null>(null);
  const [table, setTable] = useState(false);
  const xs = () => values.map((_, i) => start / 1000 + i * step);
  const isDark = dark.value;

  useEffect(() => {
    let gone = false;
    let sizes: ResizeObserver | null = null;
    library ??= import("uplot");
    const loaded = library;
    void loaded.then(({default: Plot}) => {
      if (gone || !box.current) return;
      const element = box.current;
      const line = colour(element, tone === "ok" ? "--ok" : tone === "failing" ? "--bad" : "--soft");
      const grid = colour(element, "--line");
      const text = colour(element, "--soft");
      const font = `12px ${getComputedStyle(element).fontFamily}`;
      const axis = {stroke: text, font, grid: {stroke: grid, width: 1}, ticks: {show: false}};
      plot.current = new Plot({
        width: element.clientWidth,
        height,
        padding: axes ? [8, 8, 0, 0] : [4, 0, 0, 0],
        legend: {show: false},
        cursor: {y: false, points: {size: 6}, drag: {x: onSelect !== undefined, y: false, setScale: false}},
        scales: {x: {time: true}, y: {range: (_, __, top) => [0, top > 0 ? top * 1.08 : 1]}},
        axes: axes
          ? [{...axis, grid: {show: false}, values: (_, all) => all.map((each) => clock(each * 1000)), size: 24, space: 80},
            {...axis, values: (_, all) => all.map((each) => latest.current.format(each)), size: 74, space: 28}]
          : [{show: false}, {show: false}],
        series: [{}, {stroke: line, width: 1.5, fill: `color-mix(in oklab, ${line} 14%, transparent)`, spanGaps: false, points: {show: false}}],
        hooks: {
          setCursor: [(self) => {
            const i = self.cursor.idx;
            tell(i == null ? null : {at: self.data[0][i] * 1000, value: (self.data[1][i] as Maybe) ?? null});
          }],
          setSelect: [(self) => {
            if (self.select.width < 3) return;
            const at = (x: number) => self.posToVal(x, "x") * 1000;
            latest.current.onSelect?.(at(self.select.left), at(self.select.left + self.select.width));
            self.setSelect({left: 0, top: 0, width: 0, height: 0}, false);
          }],
          drawClear: [(self) => {
            for (const band of latest.current.bands) {
              const inside = (at: number) => Math.min(self.bbox.left + self.bbox.width, Math.max(self.bbox.left, self.valToPos(at / 1000, "x", true)));
              const [from, to] = [inside(band.from), inside(band.to)];
              self.ctx.fillStyle = colour(element, band.class === "now" ? "--band-now" : "--band-before");
              self.ctx.fillRect(from, self.bbox.top, Math.max(2, to - from), self.bbox.height);
            }
            for (const mark of latest.current.marks) {
              self.ctx.fillStyle = mark.kind === "refused_reload" ? colour(element, "--bad") : text;
              self.ctx.fillRect(Math.round(self.valToPos(mark.at / 1000, "x", true)), self.bbox.top, devicePixelRatio, self.bbox.height);
            }
          }],
        },
      }, [xs(), values as number[]], element);
      sizes = new ResizeObserver(() => plot.current?.setSize({width: element.clientWidth, height}));
      sizes.observe(element);
    }, () => setTable(true));
    return () => {
      gone = true;
      sizes?.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [isDark, axes, tone, height]);
  useEffect(() => plot.current?.setData([xs(), values as number[]]), [start, step, values]);
  useEffect(() => plot.current?.redraw(false), [JSON.stringify(bands), JSON.stringify(marks)]);

  const end = start + Math.max(0, values.length - 1) * step * 1000;
  const happened = told ? marksAt(marks, told.at, step) : "";
  const shown = values.filter((value): value is number => value !== null);
  const summary = shown.length === 0 ? `${label}: no values yet` : `${label}: from ${format(Math.min(...shown))} to ${format(Math.max(...shown))}, last ${format(shown[shown.length - 1])}`;
  return (
    <figure class={`chart${axes ? " axes" : ""}`}>
      <div ref={box} class="chart-box" style={{height: `${height}px`}} role="img" aria-label={summary}/>
      <figcaption class="chart-foot small soft">
        {told ? <span>{clock(told.at, Date.now(), step < 60)}{": "}<b>{told.value === null ? "no value" : format(told.value)}</b>{happened && ` · ${happened}`}</span> : axes ? <span/> : <><span title={utc(start)}>{clock(start)}</span><span title={utc(end)}>{clock(end)}</span></>}
        <button type="button" class="link small chart-table" aria-expanded={table} onClick={() => setTable(!table)}>{table ? "Hide values" : "Values"}</button>
      </figcaption>
      {table && (
        <div class="chart-values" tabIndex={0} role="region" aria-label={`Values: ${label}`}>
          <table><thead><tr><th>Time</th><th class="right">{label}</th>{marks.length > 0 && <th>What happened</th>}</tr></thead>
            <tbody>{thinned(values).map((i) => <tr key={i}><td title={utc(start + i * step * 1000)}>{clock(start + i * step * 1000, Date.now(), step < 60)}</td><td class="right">{values[i] === null ? "–" : format(values[i]!)}</td>{marks.length > 0 && <td>{marksAt(marks, start + (i + 1 - stride(values)) * step * 1000, step * stride(values))}</td>}</tr>)}</tbody>
          </table>
        </div>
      )}
    </figure>
  );
}

const stride = (values: readonly unknown[]) => Math.max(1, Math.ceil(values.length / 60));

// At most 60 of the places, the last among them, newest first.
export function thinned(values: readonly unknown[]): number[] {
  const out = [];
  for (let i = values.length - 1; i >= 0; i -= stride(values)) out.push(i);
  return out;
}
