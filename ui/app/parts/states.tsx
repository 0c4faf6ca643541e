// What a page shows when it has nothing (yet): a shape of what comes, a reason, a way on. Old content stays, greyed by its owner.
import type {ComponentChildren} from "preact";

import type {ApiError} from "../base/api";
import {reach} from "../base/api";
import {age} from "../base/numbers";
import type {Resource} from "../base/resource";
import {clock, now} from "../base/times";
import {Sentence} from "./text";
import {Shape} from "./state";

export function Empty({title, children}: {title: string; children?: ComponentChildren}) {
  return <div class="empty"><p class="empty-title"><Sentence text={title}/></p>{children && <div class="soft">{children}</div>}</div>;
}

export function Failure({error, retry}: {error: ApiError; retry?: () => void}) {
  const password = error.code === "password";
  return (
    <div class="say failing" role="alert">
      <p class="say-title"><Shape state="failing"/><Sentence text={error.message}/></p>
      {error.hint && <p><Sentence text={error.hint}/></p>}
      {password ? <p><button class="btn" type="button" onClick={() => location.reload()}>Load the page again</button></p>
        : retry && <p><button class="btn" type="button" onClick={retry}>Try again</button></p>}
    </div>
  );
}

// Grey rows of the height of what comes; after 3 s what is waited for, and since when.
export function Coming({what, rows = 6, since}: {what: string; rows?: number; since: number}) {
  const waited = (now.value - since) / 1000;
  return (
    <div class="coming" aria-busy="true">
      {Array.from({length: rows}, (_, i) => <div key={i} class="coming-row"/>)}
      <p class="soft small" role="status">{waited > 3 ? `Waiting for ${what} for ${age(waited)}.` : ""}</p>
    </div>
  );
}

// The three ends of a load around its content.
export function Loaded<T>({of, what, rows, children}: {of: Resource<T>; what: string; rows?: number; children: (data: T) => ComponentChildren}) {
  if (of.data === undefined) return of.error ? <Failure error={of.error} retry={of.reload}/> : <Coming what={what} rows={rows} since={of.since}/>;
  const silent = of.error?.code === "silent"; // the bar above the page says so already
  return <>{of.error && !silent && <Failure error={of.error} retry={of.reload}/>}<div class={of.error ? "stale" : "contents"}>{children(of.data)}</div></>;
}

// Above every page while the server is not heard.
export function SilenceBar() {
  const {heard, silentSince} = reach.value;
  const seconds = silentSince === 0 ? 0 : (now.value - silentSince) / 1000;
  if (silentSince === 0 || seconds < 1) return null;
  return (
    <p class="silence" role="status">
      <Shape state="failing"/>
      <span>Invar does not answer for {age(seconds)}. {heard > 0 ? `What you see is from ${clock(heard, Date.now(), true)}; it` : "It"} is asked again every 2 s.</span>
    </p>
  );
}
