// Instants: shown in the reader's zone, with the UTC value at hand. The API's instants are milliseconds or RFC 3339.
import {signal} from "@preact/signals";

import {age, kUnknown} from "./numbers";

export type Instant = number | string | null | undefined;

// The time now, told once a second to what shows an age; still while the tab is hidden.
export const now = signal(Date.now());
// The server's clock minus ours: ages are of its clock.
export const skew = signal(0);

export function startClock(): void {
  setInterval(() => {
    if (!document.hidden) now.value = Date.now();
  }, 1000);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) now.value = Date.now();
  });
}

// 0 and "" are "never".
export function millis(at: Instant): number | null {
  if (at == null || at === 0 || at === "") return null;
  const value = typeof at === "number" ? at : Date.parse(at);
  return Number.isFinite(value) ? value : null;
}

const two = (value: number) => String(value).padStart(2, "0");
const kMonths = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

// "14:02", or with the day where it is not today's.
export function clock(at: number, today = Date.now(), seconds = false): string {
  const date = new Date(at);
  const time = `${two(date.getHours())}:${two(date.getMinutes())}${seconds ? `:${two(date.getSeconds())}` : ""}`;
  return date.toDateString() === new Date(today).toDateString() ? time : `${date.getDate()} ${kMonths[date.getMonth()]} ${time}`;
}

export function utc(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

export function Time({at, seconds}: {at: Instant; seconds?: boolean}) {
  const value = millis(at);
  if (value === null) return <>{kUnknown}</>;
  return <time dateTime={new Date(value).toISOString()} title={utc(value)}>{clock(value, Date.now(), seconds)}</time>;
}

// "4 s ago"; never in the future, whatever the clocks say.
export function Ago({at, bare}: {at: Instant; bare?: boolean}) {
  const value = millis(at);
  if (value === null) return <>{kUnknown}</>;
  const text = age((now.value + skew.value - value) / 1000);
  return <time class="ago" dateTime={new Date(value).toISOString()} title={utc(value)}>{bare ? text : `${text} ago`}</time>;
}
