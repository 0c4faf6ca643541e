// A table of any length: only what is seen stands in the document. Rows have one height; keys j k, arrows, Home, End, Enter.
import type {ComponentChildren} from "preact";
import {useEffect, useLayoutEffect, useRef, useState} from "preact/hooks";

import {Scale} from "../base/ranges";

export interface Column {
  name: string;
  title: string;
  width: string; // of CSS grid
  right?: boolean;
  sort?: "up" | "down" | null; // undefined: cannot be sorted by
}

interface Props {
  label: string;
  columns: Column[];
  count: number;
  // The cells of a line, as elements with role=gridcell; or one across all columns.
  row(line: number): {key: string; class?: string; across?: ComponentChildren; cells?: ComponentChildren[]};
  current: number; // the line with the tab stop
  onMove(line: number): void;
  onOpen(line: number): void;
  onSort?(column: string): void;
  onRange?(first: number, last: number): void; // lines that are seen, to be loaded
  onPointer?(inside: boolean): void;
  onScrolled?(away: boolean): void; // from the top
  rowHeight?: number;
  foot?: ComponentChildren;
  fill?: boolean; // as high as the window allows
}

const kSpare = 6;
const kPhone = "(max-width: 800px)";

export function useNarrow(): boolean {
  const [narrow, setNarrow] = useState(() => matchMedia(kPhone).matches);
  useEffect(() => {
    const media = matchMedia(kPhone);
    const tell = () => setNarrow(media.matches);
    media.addEventListener("change", tell);
    return () => media.removeEventListener("change", tell);
  }, []);
  return narrow;
}

export function Grid({label, columns, count, row, current, onMove, onOpen, onSort, onRange, onPointer, onScrolled, rowHeight = 34, foot, fill = true}: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({top: 0, height: 600, bar: 0});
  const narrow = useNarrow();
  const height = narrow ? 56 : rowHeight;
  const scale = new Scale(count * height, view.height);
  const listTop = scale.toList(view.top);
  const first = Math.max(0, Math.floor(listTop / height) - kSpare);
  const last = Math.min(count - 1, Math.ceil((listTop + view.height) / height) + kSpare);

  useLayoutEffect(() => {
    const element = box.current!;
    const measure = () => setView({top: element.scrollTop, height: element.clientHeight, bar: element.offsetWidth - element.clientWidth});
    const sizes = new ResizeObserver(measure);
    sizes.observe(element);
    element.addEventListener("scroll", measure, {passive: true});
    return () => {
      sizes.disconnect();
      element.removeEventListener("scroll", measure);
    };
  }, []);
  useEffect(() => onRange?.(first, last), [first, last, count]);
  useEffect(() => onScrolled?.(view.top > 0), [view.top > 0]);

  const toFocus = useRef(-1); // a row that a key moved to, until it stands in the document
  useLayoutEffect(() => {
    if (toFocus.current < 0) return;
    const element = box.current!.querySelector<HTMLElement>(`[data-line="${toFocus.current}"]`);
    if (!element) return;
    toFocus.current = -1;
    element.focus({preventScroll: true});
  });

  const reveal = (line: number) => {
    const element = box.current!;
    const top = line * height;
    const seen = scale.toList(element.scrollTop);
    if (top < seen) element.scrollTop = scale.toBox(top);
    else if (top + height > seen + element.clientHeight) element.scrollTop = scale.toBox(top + height - element.clientHeight) + 1;
  };
  const move = (line: number) => {
    const to = Math.max(0, Math.min(count - 1, line));
    toFocus.current = to;
    onMove(to);
    reveal(to);
  };
  const page = Math.max(1, Math.floor(view.height / height) - 1);
  const key = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey || (event.target as Element).matches("a, button, input")) return;
    const to = {ArrowDown: current + 1, ArrowUp: current - 1, j: current + 1, k: current - 1, PageDown: current + page, PageUp: current - page, Home: 0, End: count - 1}[event.key];
    if (to !== undefined) move(to);
    else if (event.key === "Enter") onOpen(current);
    else return;
    event.preventDefault();
  };

  const template = {gridTemplateColumns: columns.map((column) => column.width).join(" ")};
  const lines = [];
  for (let line = first; line <= last; ++line) {
    const {key: id, class: name = "", across, cells} = row(line);
    const style = {...(across === undefined ? template : {}), height: `${height}px`, transform: `translateY(${Math.round(line * height - listTop + view.top)}px)`};
    lines.push(
      <div key={id} role="row" aria-rowindex={line + 2} class={`grid-row ${name}`} style={style} data-line={line} tabIndex={line === current ? 0 : -1}
        onClick={(event) => {
          if ((event.target as Element).closest("a, button")) return;
          onMove(line);
          onOpen(line);
        }}
        onFocus={() => line !== current && onMove(line)}>
        {across !== undefined ? <div role="gridcell" aria-colspan={columns.length} class="across">{across}</div>
          : cells!.map((cell, i) => <div key={i} role="gridcell" class={`cell c-${columns[i].name}${columns[i].right ? " right" : ""}`}>{cell}</div>)}
      </div>,
    );
  }
  return (
    <div class={`grid${fill ? " fill" : ""}`} onPointerEnter={() => onPointer?.(true)} onPointerLeave={() => onPointer?.(false)}>
    <div class="grid-table" role="grid" aria-label={label} aria-rowcount={count + 1} aria-colcount={columns.length} onKeyDown={key}>
      <div role="rowgroup">
        <div role="row" aria-rowindex={1} class="grid-head" style={{...template, paddingRight: `${12 + view.bar}px`}}>
          {columns.map((column) => (
            <div key={column.name} role="columnheader" class={column.right ? "right" : ""} aria-sort={column.sort === "up" ? "ascending" : column.sort === "down" ? "descending" : undefined}>
              {column.sort === undefined || !onSort ? column.title
                : <button type="button" class="sort" onClick={() => onSort(column.name)}>{column.title}<span aria-hidden="true">{column.sort === "up" ? " ↑" : column.sort === "down" ? " ↓" : ""}</span></button>}
            </div>
          ))}
        </div>
      </div>
      <div class="grid-box" ref={box} role="rowgroup" tabIndex={-1}>
        <div class="grid-spacer" role="presentation" style={{height: `${scale.height}px`}}>{lines}</div>
      </div>
    </div>
    {foot && <div class="grid-foot">{foot}</div>}
    </div>
  );
}
