// "Scrape now": begun by the server, ended when the target's scrapes show it. One at a time for a target.
import {signal} from "@preact/signals";

import {ApiError, get, post} from "../base/api";
import {bytes, counted, duration} from "../base/numbers";
import type {Scrape, TargetDetail} from "../base/types";
import {copy} from "../parts/text";

export interface Asked {
  running: boolean;
  text: string;
  good: boolean;
}

export const asked = signal<Record<string, Asked>>({});

const tell = (id: string, what: Asked) => (asked.value = {...asked.value, [id]: what});
const kLook = 500;
const kGiveUp = 90_000;

export function outcome(scrape: Scrape): string {
  return scrape.outcome === "ok" ? `It answered in ${duration(scrape.took)}: ${bytes(scrape.bytes)}, ${counted(scrape.samples, "sample")}.` : scrape.text || scrape.outcome;
}

// A command that asks what Invar asks, without its credentials.
export function curlOf(url: string): string {
  const quoted = url.replaceAll("'", `'\\''`);
  return `curl -sS -o profile.pb.gz '${quoted}'`;
}

export async function copyCurl(id: string): Promise<void> {
  try {
    const done = await copy(curlOf((await get<TargetDetail>(`targets/${id}`)).url));
    tell(id, {running: false, text: done ? "The command is copied." : "The browser does not let it be copied.", good: done});
  } catch (error) {
    tell(id, {running: false, text: (error as ApiError).message, good: false});
  }
}

export async function scrapeNow(id: string): Promise<void> {
  if (asked.value[id]?.running) return;
  tell(id, {running: true, text: "Asking …", good: true});
  try {
    const before = (await get<TargetDetail>(`targets/${id}`)).scrapes[0]?.started ?? 0;
    await post(`targets/${id}/scrape`);
    for (const end = Date.now() + kGiveUp; Date.now() < end;) {
      await new Promise((done) => setTimeout(done, kLook));
      const [latest] = (await get<TargetDetail>(`targets/${id}`)).scrapes;
      if (latest && latest.started > before) return void tell(id, {running: false, text: outcome(latest), good: latest.outcome === "ok"});
    }
    tell(id, {running: false, text: "No answer yet; the list of scrapes shows it when it comes.", good: false});
  } catch (error) {
    tell(id, {running: false, text: (error as ApiError).message, good: false});
  }
}
