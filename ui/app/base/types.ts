// The answers of the API, as docs/api/openapi.yaml describes them. Times: milliseconds since 1970; durations: seconds.
import type {State} from "../parts/state";

export type Maybe = number | null;
export type LabelMap = Record<string, string>;

export interface Counts { failing: number; late: number; waiting: number; ok: number; left_out: number }

export interface Verdict {
  at: number; state: "ok" | "late" | "failing" | "empty"; text: string; counts: Counts; targets: number; delivered: Maybe; started: number;
  version: string; components: number; unhealthy: number; instance: string;
}

export interface Problem {
  severity: "failing" | "degraded"; kind: "targets" | "endpoint" | "component" | "configuration" | "cluster"; component: string; cause?: string;
  text: string; count: number; of?: number; since: Maybe; what: string[];
}
export interface Problems { at: number; total: number; problems: Problem[] }

export interface History { at: number; start: number; step: number; series: {name: string; unit: string; values: Maybe[]}[]; marks: Mark[] }
export interface Mark { at: number; kind: "start" | "reload" | "refused_reload" | "release"; text?: string }
export interface Counters { at: number; values: Record<string, Maybe> }

export interface LedgerRow {
  component: string; destination: string; type?: string; taken: number; sent: number; queued: number; refused: number; expired: number; dropped: number;
}
export interface LedgerFlow {
  at: number; since: number; sources: {component: string; taken: number; destinations: string[]}[]; destinations: LedgerRow[]; types: LedgerRow[];
}

export interface Service { service: string; targets: number; failing: number; bytes: number; samples: number; cores: Maybe }
export interface Services { at: number; total: number; services: Service[] }

export interface ComponentHealth { state: "unknown" | "healthy" | "unhealthy" | "exited"; text: string; since: Maybe }
export interface Component {
  id: string; name: string; label: string; local_id: string; module: string; health: ComponentHealth; references_to: string[]; referenced_by: string[];
  data_flow_to: string[]; modules: string[]; targets: Maybe; rate: Maybe; problems: number;
}
export interface Components { at: number; total: number; components: Component[] }
export interface Statement { name: string; type: "attr" | "block"; label?: string; value?: Value; body?: Statement[] }
export type Value = {type: string; value?: unknown} | null;
export interface ComponentDetail extends Component {
  at: number; arguments: Statement[]; exports: Statement[]; debug_info: Statement[]; tables: {block: string; total: number}[];
  problem_list: {severity: string; what: string; text: string; since: Maybe}[]; live: boolean;
}
export interface Rows { at: number; total: number; matched: number; columns: string[]; rows: string[][] }
export interface ArgumentDoc { name: string; kind: "attribute" | "block"; type: string; required: boolean; default: string; doc: string }
export interface ComponentSchema { name: string; summary: string; documentation: string; example: string; arguments: ArgumentDoc[]; exports: ArgumentDoc[] }

export interface TargetGroup { key: string; text: string; state: State; count: number; since: Maybe }
export interface TargetRow {
  id: string; component: string; group: string; target: string; service: string; labels: LabelMap; type: string; state: State; last: Maybe; took: Maybe;
  bytes: Maybe; samples: Maybe; cause: string; text: string; since: Maybe;
}
export interface Targets {
  at: number; total: number; matched: number; counts: Counts; groups: TargetGroup[]; more_groups?: number; rows: TargetRow[]; snapshot: string; changed: number;
}
export interface RuleStep {
  file?: string; // where the rule stands, as far as the files hold it
  line?: number;
  component: string; rule: number; action: string; effect: "unchanged" | "changed" | "kept" | "dropped"; changed: {label: string; before: string; after: string}[];
}
export interface Scrape { started: number; took: number; bytes: number; samples: number; outcome: string; text: string }
export interface TargetDetail {
  at: number; row: TargetRow; url: string; interval: number; next: Maybe; labels: LabelMap; discovered: LabelMap; found_by: string; steps: RuleStep[];
  scrapes: Scrape[]; answer: {at: number; status: number; type: string; head: string} | null;
}

export interface Series { id: string; labels: LabelMap; component: string; type: string; first: number; last: number; profiles: number; bytes: number }
export interface SeriesList {
  at: number; total: number; matched: number; kept_bytes: number; limit_bytes: number; not_shown: number; oldest: Maybe; sources: string[]; types: string[]; series: Series[];
}
export interface ProfileItem { id: string; series: string; labels: LabelMap; type: string; taken: number; bytes: number }
export interface ProfileList { at: number; total: number; matched: number; profiles: ProfileItem[] }
export interface Timeline { at: number; start: number; step: number; type: string; unit: string; values: Maybe[]; marks: Release[]; profiles: number; cut: number }
export interface Release { at: number; service: string; label: string; value: string; before: string }
export interface Tree {
  at: number; profiles: number[]; first?: Maybe; last?: Maybe; seconds?: number; cut: {nodes: number; share: number; profiles: number}; tree: unknown;
}

export interface Endpoint {
  id: string; component: string; kind: "server" | "archive"; url: string; name: string; state: "ok" | "failing" | "late" | "waiting"; text: string; sent: number;
  queued: number; queued_bytes: number; disk_bytes: number; oldest: Maybe; max_age?: Maybe; took_p50: Maybe; took_p99: Maybe; refused: number; expired: number; dropped: number;
  in_flight: number; in_flight_limit: number; last_error: string; last_error_at: Maybe;
}
export interface Endpoints { at: number; total: number; endpoints: Endpoint[] }
export interface QueueAges { at: number; total: number; max_age: Maybe; ages: {from: number; to: Maybe; count: number}[] }
export interface EndpointErrors { at: number; total: number; errors: {text: string; count: number; first: number; last: number}[] }
export interface Archives { at: number; total: number; archives: {id: string; component: string; path: string}[] }
export interface Replay {
  at: number; id: string; archive: string; to: string; state: "running" | "done" | "stopped" | "failed"; sent: number; failed: number; total: Maybe;
  started: number; ended: Maybe; text: string;
}
export interface Replays { at: number; replays: Replay[] }

export interface LiveItem { at: number; kind: string; text: string; labels?: LabelMap; type?: string; bytes?: number; destination?: string; outcome?: string }

export interface Peer { name: string; address: string; state: string; self: boolean; targets?: number }
export interface Peers { at: number; enabled: boolean; total: number; targets_of_nobody?: number; peers: Peer[]; balance?: Balance }
export interface Balance { by_cost: boolean; leader: string; plan: number; since: Maybe; moved: number; nodes: {name: string; keys: number; cost?: number}[] }
export interface RemoteConfig { at: number; enabled: boolean; url?: string; id?: string; hash?: string; running?: boolean; from_cache?: boolean; unanswered?: boolean; error?: string; loaded?: Maybe; polled?: Maybe }

export interface FileName { n: number; path: string; lines: number }
export interface ConfigFiles { at: number; path: string; loaded: number; applied: boolean; error: string; files: FileName[]; kept_files?: FileName[]; kept_loaded?: number }
export interface RuleLine { line: number; action: string; component: string; components: number; of: "targets" | "series"; seen: number; dropped: number; changed: number }
export interface RuleLines { at: number; total: number; rules: RuleLine[] }
export interface ConfigFile { at: number; n: number; path: string; lines: number; text: string }
export interface Diagnostic { severity: "error" | "warning"; file: string; line: number; column: number; end_line?: number; end_column?: number; text: string }
export interface Diagnostics { at: number; total: number; diagnostics: Diagnostic[] }
export interface RulesTried {
  at: number; targets: number; before: {kept: number; left_out: number}; after: {kept: number; left_out: number}; changed: number;
  rules: {dropped: number; changed: number}[]; diagnostics: Diagnostic[]; matched: number; rows: {input: LabelMap; before: LabelMap | null; after: LabelMap | null}[];
}

// Of functions: values of each side.
export interface Top { at: number; total: number; type: string; unit: string; sum: number[]; functions: {name: string; file: string; self: number[]; total: number[]}[] }
