// The event stream: one a browser, not one a tab (HTTP/1.1 allows six connections to an origin). The tabs elect one by a lock, which
// listens for all and passes events on. Where locks are missing (plain http from afar), each tab listens for itself.
import {signal} from "@preact/signals";

import {heard} from "./api";

export const stream = signal<"closed" | "connecting" | "open">("closed");
export const paused = signal(false);

type Handler = (data: unknown) => void;
type Message = {kind: "wants"; tab: string; topics: string[]} | {kind: "who"} | {kind: "event"; topic: string; data: unknown} | {kind: "state"; state: typeof stream.value};

const kHidden = 60000; // a hidden tab stops listening
const kForget = 100; // changes of topics are gathered for this long
const tab = Math.random().toString(36).slice(2);
const handlers = new Map<string, Set<Handler>>();
const wants = new Map<string, string[]>(); // of all tabs
let channel: BroadcastChannel | null = null;
let source: EventSource | null = null;
let listened = "";
let leads = false;
let hidden = false;
let gather = 0;

export function subscribe(topic: string, handler: Handler): () => void {
  const all = handlers.get(topic) ?? new Set();
  handlers.set(topic, all.add(handler));
  announce();
  return () => {
    all.delete(handler);
    if (all.size === 0) handlers.delete(topic);
    announce();
  };
}

function announce(): void {
  clearTimeout(gather);
  gather = window.setTimeout(() => {
    const topics = hidden ? [] : [...handlers.keys()];
    wants.set(tab, topics);
    say({kind: "wants", tab, topics});
    listen();
  }, kForget);
}

function say(message: Message): void {
  channel?.postMessage(message);
}

function hear(message: Message): void {
  if (message.kind === "wants") {
    if (message.topics.length === 0) wants.delete(message.tab);
    else wants.set(message.tab, message.topics);
    listen();
  } else if (message.kind === "who") {
    announce();
    if (leads) say({kind: "state", state: stream.value});
  } else if (message.kind === "event") {
    deliver(message.topic, message.data);
  } else if (!leads) {
    stream.value = message.state;
  }
}

function deliver(topic: string, data: unknown): void {
  heard();
  if (topic === "reset") handlers.forEach((all) => all.forEach((handler) => handler(null)));
  else handlers.get(topic)?.forEach((handler) => handler(data));
}

function tell(state: typeof stream.value): void {
  stream.value = state;
  say({kind: "state", state});
}

function listen(): void {
  if (!leads) return;
  const topics = [...new Set([...wants.values()].flat())].sort().join(",");
  if (topics === listened && source) return;
  listened = topics;
  source?.close();
  source = null;
  if (!topics) return tell("closed");
  tell("connecting");
  source = new EventSource(new URL(`api/v1/events?topics=${encodeURIComponent(topics).replaceAll("%2C", ",").replaceAll("%3A", ":")}`, document.baseURI));
  const opened = source;
  opened.onopen = () => {
    heard();
    tell("open");
  };
  opened.onerror = () => {
    tell("connecting");
    if (opened.readyState === EventSource.CLOSED && source === opened) {
      source = null; // refused: the pages read at intervals, and it is tried again
      setTimeout(listen, 30000);
    }
  };
  for (const topic of [...topics.split(","), "reset", "heartbeat"]) {
    opened.addEventListener(topic, (event) => {
      const text = (event as MessageEvent<string>).data;
      let data: unknown = null;
      try {
        data = text ? JSON.parse(text) : null;
      } catch {
        return; // half an event is none
      }
      say({kind: "event", topic, data});
      deliver(topic, data);
    });
  }
}

export function startEvents(): void {
  const lead = () => {
    leads = true;
    say({kind: "who"});
    listen();
  };
  if (navigator.locks && "BroadcastChannel" in window) {
    channel = new BroadcastChannel(`invar ${new URL(document.baseURI).pathname}`);
    channel.onmessage = (event: MessageEvent<Message>) => hear(event.data);
    void navigator.locks.request(`invar events ${new URL(document.baseURI).pathname}`, () => {
      lead();
      return new Promise(() => {}); // until the tab goes
    });
    say({kind: "who"});
  } else {
    lead();
  }
  let timer = 0;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.hidden) {
      timer = window.setTimeout(() => {
        hidden = true;
        announce();
      }, kHidden);
    } else if (hidden) {
      hidden = false;
      announce();
    }
  });
  addEventListener("pagehide", () => say({kind: "wants", tab, topics: []}));
}
