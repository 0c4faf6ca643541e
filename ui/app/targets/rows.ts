// The rows of the targets page, a page of 200 at a time: what is looked at is loaded, what is far away is let go. The order stays
// while the reader points at it (a snapshot of the server's); otherwise each refresh brings the order of now.
import {useEffect, useRef, useState} from "preact/hooks";

import {ApiError, get, reach} from "../base/api";
import {paused, subscribe} from "../base/events";
import type {Params} from "../base/router";
import {link} from "../base/router";
import type {TargetRow, Targets} from "../base/types";

export const kPage = 200;
const kPages = 10; // 2,000 rows at most are kept
const kEvery = 5000;

export interface Book {
  head?: Targets; // counts and groups of the newest answer
  row(offset: number): TargetRow | undefined;
  want(first: number, last: number): void; // offsets that are looked at
  hold(inside: boolean): void;
  held: boolean;
  error?: ApiError;
  loading: boolean;
  since: number;
  reload(): void;
}

interface Shelf {
  key: string;
  head?: Targets;
  pages: Map<number, TargetRow[]>;
  error?: ApiError;
  since: number;
}

// Which pages rows from `first` to `last` stand on. Pure.
export function pagesOf(first: number, last: number): number[] {
  const out = [];
  for (let page = Math.floor(Math.max(0, first) / kPage); page <= Math.floor(Math.max(0, last) / kPage); ++page) out.push(page);
  return out;
}

export function useRows(params: Params): Book {
  const key = link("targets", params);
  const [shelf, setShelf] = useState<Shelf>({key: "", pages: new Map(), since: Date.now()});
  const [held, setHeld] = useState(false);
  const self = useRef({wanted: [0] as number[], held: false, want: (_: number[]) => {}, load: () => {}}).current;

  useEffect(() => {
    const stop = new AbortController();
    const busy = new Set<number>();
    let snapshot = "";
    let last = 0;
    const fetchPage = async (page: number, fresh: boolean) => {
      if (busy.has(page)) return;
      busy.add(page);
      try {
        const answer = await get<Targets>("targets", {...params, offset: page * kPage, limit: kPage, snapshot: fresh ? "" : snapshot}, stop.signal);
        const changed = snapshot !== "" && answer.snapshot !== snapshot;
        snapshot = answer.snapshot;
        setShelf((old) => {
          const pages = old.key === key && !changed ? new Map(old.pages) : new Map<number, TargetRow[]>();
          pages.delete(page);
          pages.set(page, answer.rows);
          for (const each of pages.keys()) {
            if (pages.size <= kPages) break;
            if (!self.wanted.includes(each)) pages.delete(each);
          }
          return {key, head: answer, pages, since: last};
        });
      } catch (error) {
        if (stop.signal.aborted) return;
        if ((error as ApiError).code === "snapshot_gone") snapshot = "";
        setShelf((old) => ({...old, key, error: error as ApiError, head: (error as ApiError).code === "silent" ? old.head : undefined}));
      } finally {
        busy.delete(page);
      }
    };
    const load = async () => {
      last = Date.now();
      const [first, ...others] = self.wanted;
      await fetchPage(first ?? 0, !self.held);
      if (!stop.signal.aborted) await Promise.all(others.map((page) => fetchPage(page, false)));
    };
    self.load = () => void load();
    self.want = (pages) => {
      setShelf((now) => {
        pages.filter((page) => now.key === key && !now.pages.has(page)).forEach((page) => void fetchPage(page, false));
        return now;
      });
    };
    setShelf((old) => ({...old, since: Date.now()}));
    void load();
    const tick = () => {
      if (paused.value || document.hidden) return;
      const due = reach.value.silentSince > 0 ? 2000 : kEvery;
      if (Date.now() - last >= due) void load();
    };
    const seconds = setInterval(tick, 1000);
    const end = subscribe("problems", tick);
    return () => {
      stop.abort();
      clearInterval(seconds);
      end();
    };
  }, [key]);

  return {
    head: shelf.head,
    row: (offset) => shelf.pages.get(Math.floor(offset / kPage))?.[offset % kPage],
    want(first, last) {
      self.wanted = pagesOf(first, last);
      self.want(self.wanted);
    },
    hold(inside) {
      self.held = inside;
      setHeld(inside);
    },
    held,
    error: shelf.key === key ? shelf.error : undefined,
    loading: shelf.head === undefined && !(shelf.key === key && shelf.error),
    since: shelf.since,
    reload: () => self.load(),
  };
}
