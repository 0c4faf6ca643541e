// Asks the worker; a graph that was laid out once is not laid out again while the tab lives.
import {useEffect, useState} from "preact/hooks";

import type {LayoutRequest, LayoutResult} from "./model";

declare const kWorkerFile: string; // set by ui/build.mjs

const kKept = 4;
const known = new Map<string, LayoutResult>();
const waiting = new Map<string, ((result: LayoutResult) => void)[]>();
let worker: Worker | null = null;

function ask(request: LayoutRequest, then: (result: LayoutResult) => void): void {
  const others = waiting.get(request.key);
  if (others) return void others.push(then);
  waiting.set(request.key, [then]);
  worker ??= new Worker(new URL(`assets/${kWorkerFile}`, document.baseURI));
  worker.onmessage = ({data}: MessageEvent<LayoutResult>) => {
    known.set(data.key, data);
    if (known.size > kKept) known.delete(known.keys().next().value!);
    waiting.get(data.key)?.forEach((each) => each(data));
    waiting.delete(data.key);
  };
  worker.postMessage(request);
}

export function useLayout(request: LayoutRequest | null): LayoutResult | null {
  const [result, setResult] = useState<LayoutResult | null>(request ? known.get(request.key) ?? null : null);
  useEffect(() => {
    if (!request) return;
    const found = known.get(request.key);
    if (found) return setResult(found);
    let current = true;
    ask(request, (made) => current && setResult(made));
    return () => void (current = false);
  }, [request?.key]);
  return result;
}
