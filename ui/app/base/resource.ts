// What a page reads from the API and keeps current: old content stays while new is on its way, and when none comes.
import {useEffect, useRef, useState} from "preact/hooks";

import {ApiError, get, reach} from "./api";
import {paused, stream, subscribe} from "./events";
import {link, type Params} from "./router";

export interface Resource<T> {
  data?: T;
  error?: ApiError;
  loading: boolean; // nothing is there yet
  since: number; // when the load began that is on its way, or the last one
  reload(): void;
}

interface Options {
  topics?: string[]; // events after which the answer is another
  every?: number; // seconds between reads while no event stream tells; 0: never again
  keep?: boolean; // old content stays when the address changes
}

const kLeast = 2000; // milliseconds between reads that events ask for

export function useResource<T>(path: string | null, params: Params = {}, {topics = [], every = 5, keep = true}: Options = {}): Resource<T> {
  const key = path === null ? "" : link(path, params);
  const [state, setState] = useState<{key: string; data?: T; error?: ApiError; since: number}>({key: "", since: Date.now()});
  const reload = useRef(() => {});

  useEffect(() => {
    if (path === null) return;
    let stop = new AbortController();
    let ended = false;
    let busy = false;
    let last = 0;
    let later = 0;
    const load = async () => {
      clearTimeout(later);
      later = 0;
      if (busy || ended) return;
      busy = true;
      last = Date.now();
      setState((old) => ({...old, since: last}));
      stop = new AbortController();
      try {
        const data = await get<T>(path, params, stop.signal);
        if (!ended) setState({key, data, since: last});
      } catch (error) {
        if (!ended) setState((old) => ({key, data: keep || old.key === key ? old.data : undefined, error: error as ApiError, since: last}));
      } finally {
        busy = false;
      }
    };
    const soon = () => {
      if (paused.value || document.hidden) return;
      if (later === 0) later = window.setTimeout(load, Math.max(0, last + kLeast - Date.now()));
    };
    reload.current = load;
    void load();
    const ends = topics.map((topic) => subscribe(topic, soon));
    const seconds = window.setInterval(() => {
      const silent = reach.value.silentSince > 0;
      const due = silent ? kLeast : every * 1000;
      if (due > 0 && !(topics.length > 0 && stream.value === "open" && !silent) && Date.now() - last >= due) soon();
    }, 1000);
    const seen = () => !document.hidden && every > 0 && Date.now() - last > every * 1000 && soon();
    document.addEventListener("visibilitychange", seen);
    return () => {
      ended = true;
      stop.abort();
      clearTimeout(later);
      clearInterval(seconds);
      ends.forEach((end) => end());
      document.removeEventListener("visibilitychange", seen);
    };
  }, [key]);

  const current = state.key === key;
  return {
    data: current || keep ? state.data : undefined,
    error: current ? state.error : undefined,
    loading: path !== null && state.data === undefined && !(current && state.error),
    since: state.since,
    reload: () => reload.current(),
  };
}
