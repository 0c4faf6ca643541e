// Where services came in another version, beneath the chart of profiles: in words, and a way to compare with the version before.
import {link} from "../base/router";
import {Time} from "../base/times";
import type {Mark, Release} from "../base/types";
import {rangeText} from "./range";

const kShown = 3;
const kAround = 15 * 60_000;

const short = (value: string) => (value.length > 16 ? `${value.slice(0, 12)}…` : value);

export function releaseWords({service, label, value, before}: Release): string {
  return `${service ? `${service}: ` : ""}${label ? "version" : "build"} ${short(value)} after ${short(before)}`;
}

export const marksOf = (releases: readonly Release[]): Mark[] => releases.map((each) => ({at: each.at, kind: "release", text: releaseWords(each)}));

// The new version against the one before, around the time when it came; nothing where no label tells them apart.
export function compareLink({at, service, label, value, before}: Release, type: string, source: string, now: number): string {
  const of = (version: string) => `{${service ? `service_name=${JSON.stringify(service)}, ` : ""}${label}=${JSON.stringify(version)}}`;
  const range = {from: String(at - kAround), to: String(Math.round(Math.min(now, at + kAround)))};
  return label ? link("profiles", {q: of(value), type, source, at: rangeText(range), vs: "labels", vsq: of(before), view: "diff"}) : "";
}

export function ReleaseList({releases, type, source, now}: {releases: readonly Release[]; type: string; source: string; now: number}) {
  if (releases.length === 0) return null;
  const newest = releases.slice(-kShown).reverse();
  return (
    <ul class="releases small">
      {newest.map((each) => {
        const compare = compareLink(each, type, source, now);
        return <li key={each.at + each.value}><Time at={each.at}/> <b>{releaseWords(each)}</b>{compare && <> <a href={compare}>Compare<span class="unseen"> {each.value} with {each.before}</span></a></>}</li>;
      })}
      {releases.length > kShown && <li class="soft">and {releases.length - kShown} before</li>}
    </ul>
  );
}
