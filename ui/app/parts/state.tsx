// States: a shape, a word and a colour, always all three. A healthy thing has no colour of its own but a dot.
import type {ComponentChildren} from "preact";

export type State = "failing" | "late" | "waiting" | "ok" | "left_out" | "unknown";

export const kStates: readonly State[] = ["failing", "late", "waiting", "ok", "left_out"];
export const kWords: Record<State, string> = {
  failing: "Failing", late: "Late", waiting: "Waiting", ok: "OK", left_out: "Left out", unknown: "Unknown",
};

export function Shape({state}: {state: State}) {
  return <svg class={`shape ${state}`} width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">{shapes[state] ?? shapes.unknown}</svg>;
}

const shapes = {
  failing: <><rect width="14" height="14" rx="3" class="fill"/><path d="M4 4l6 6M10 4l-6 6" class="on"/></>,
  late: <><path d="M7 1 13.4 12.6H.6z" class="edge"/><path d="M7 5v3.4M7 10.2v.6" class="edge"/></>,
  waiting: <circle cx="7" cy="7" r="4" class="edge dashed"/>,
  ok: <circle cx="7" cy="7" r="3.5" class="fill"/>,
  left_out: <path d="M3 7h8" class="edge"/>,
  unknown: <circle cx="7" cy="7" r="3.5" class="edge"/>,
};

export function StateWord({state, children}: {state: State; children?: ComponentChildren}) {
  return <span class={`st ${state}`}><Shape state={state}/>{children ?? kWords[state] ?? state}</span>;
}
