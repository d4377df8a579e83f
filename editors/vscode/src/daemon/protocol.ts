// The part of the daemon's interface that this extension uses. The reference is protocol/README.md.

/** Version of the interface that is spoken here. */
export const PROTOCOL = 1;

export interface Scope {
  cwd?: string;
  all?: boolean;
}

export interface Hello {
  version: string;
  protocol: number;
  capabilities: string[];
}

export interface DaemonStatus {
  version: string;
  pid: number;
  started: string | null;
  memory: number | null;
  socket: string;
  store: string;
  store_bytes: number;
  log: string;
  sessions: number;
  agents: number;
  live: number;
  last_event: string | null;
  index: IndexStatus;
  publish_on: string;
  warnings: { subject: string; message: string; remedy: string | null }[];
}

export interface IndexStatus {
  state: "ready" | "reading" | "rebuilding" | "failed";
  events: number;
  bytes: number;
  bytes_done: number;
  bytes_total: number;
  first_run: boolean;
  agents: { agent: string; done: number; total: number }[];
}

export interface AgentInfo {
  id: string;
  name: string;
  sessions: number;
  /** Absent where the agent cannot be begun with a prompt. */
  begin?: { command: string[] } | null;
}

export interface SessionBrief {
  id: string;
  short_id: string;
  agent: string;
  title: string;
  updated: string | null;
}

export type SessionState = "finished" | "live" | "waiting" | "interrupted";

export interface SessionInfo extends SessionBrief {
  state: SessionState;
  parent: string | null;
  cwd: string | null;
  repository: string | null;
  branch: string | null;
  model: string | null;
  started: string | null;
  events: number;
  stats: { turns: number; files: number; added: number; removed: number; errors: number };
  first_prompt: string | null;
}

export interface SessionPage {
  sessions: SessionInfo[];
  next: string | null;
  total: number;
  sessions_kept: number;
}

export interface SessionFilter {
  scope?: Scope;
  since?: string;
  until?: string;
  subagents?: boolean;
}

export interface SessionDetail {
  session: SessionInfo;
  children: SessionBrief[];
  resume: string[] | null;
  resume_cwd: string | null;
}

export interface SessionEvent {
  event: number;
  kind?: string | null;
  hail: { content?: unknown; path?: string; diff?: string };
}

export interface EventPage {
  session: string;
  events: SessionEvent[];
  next: number | null;
  total: number;
}

export interface SessionSummary {
  title: string;
  objective: string;
  outcome: string;
}

export interface SessionDocument {
  uri: string;
  session: string;
  event: number | null;
  title: string;
  text: string;
  next: number | null;
  /** Absent from daemons that are older than it. */
  outline?: DocumentEvent[];
}

/** An event in the text of a session; lines from 0. */
export interface DocumentEvent {
  event: number;
  line: number;
  last: number;
  kind?: string;
  failed?: boolean;
  path?: string;
}

export type ExportFormat = "html" | "markdown" | "hail" | "json";

export interface ExportAnswer {
  path: string | null;
  bytes: number;
  events: number;
  redactions: Record<string, number>;
}

export interface SessionDiff {
  comparison: { a: { short_id: string }; b: { short_id: string } };
  markdown: string | null;
}

export interface HandoffAnswer {
  sessions: SessionBrief[];
  text: string;
  budget: number;
  redactions: Record<string, number>;
}

export interface Hit {
  event: number;
  session?: string | null;
  kind: string;
  tool?: string | null;
  error: boolean;
  text: string;
  /** Pairs of offsets in code points, the end exclusive. */
  ranges: [number, number][];
}

export interface QueryError {
  message: string;
  hint: string | null;
  fatal: boolean;
}

export interface SearchAnswer {
  sessions: { session: SessionInfo; hits: Hit[]; total: number }[];
  hits: number;
  errors: QueryError[];
  empty: { without: { part: string; sessions: number; near: { value: string }[] }[]; elsewhere: number } | null;
  searched: number;
  reading: boolean;
}

export interface SearchOptions {
  scope?: Scope;
  limit?: number;
  typing?: boolean;
  hits_per_session?: number;
  no_snippets?: boolean;
  /** Keep the query for `search/history`. */
  remember?: boolean;
}

export interface SavedSearch {
  name: string;
  query: string;
}

export interface FileSessions {
  path: string;
  sessions: {
    session: SessionBrief;
    holder: string | null;
    edits: number;
    added: number;
    removed: number;
    event: number;
    ts: string | null;
    prompt: string | null;
  }[];
  total: number;
}

export type SessionUpdate =
  | { type: "events"; session: string; agent: string; events: SessionEvent[] }
  | { type: "restarted"; session: string }
  | { type: "forgotten"; session: string }
  | { type: "dropped"; updates: number };

/** Methods, their parameters and answers. */
export interface Methods {
  "daemon/hello": [{ required?: string[] }, Hello];
  "daemon/status": [Record<string, never>, DaemonStatus];
  "agent/list": [Record<string, never>, AgentInfo[]];
  "session/list": [{ filter?: SessionFilter; limit?: number; cursor?: string; time_zone?: string }, SessionPage];
  "session/get": [{ session: string; scope?: Scope }, SessionDetail];
  "session/events": [{ session: string; from?: number; limit?: number; kinds?: string[] }, EventPage];
  "session/summary": [{ session: string }, SessionSummary];
  "session/document": [{ session: string; from?: number }, SessionDocument];
  "session/export": [{ session: string; format: ExportFormat; to: string; force: boolean }, ExportAnswer];
  "session/diff": [{ a: string; b: string; markdown: boolean }, SessionDiff];
  "handoff/create": [{ sessions?: string[]; budget?: string; scope?: Scope }, HandoffAnswer];
  "search/query": [
    { query: string; options?: SearchOptions },
    SearchAnswer,
  ];
  "search/saved": [Record<string, never>, SavedSearch[]];
  "search/save": [{ name: string; query: string }, SavedSearch];
  "search/unsave": [{ name: string }, SavedSearch];
  "search/history": [{ limit?: number }, { queries: { query: string; sessions: number }[] }];
  "file/sessions": [{ path: string; limit?: number; scope?: Scope }, FileSessions];
  initialize: [Record<string, unknown>, unknown];
  "textDocument/codeLens": [{ textDocument: { uri: string } }, LensAnswer[] | null];
  "textDocument/documentLink": [{ textDocument: { uri: string } }, LinkAnswer[] | null];
  "textDocument/hover": [
    { textDocument: { uri: string }; position: { line: number; character: number } },
    { contents: { kind: string; value: string } } | null,
  ];
}

export interface RangeAnswer {
  start: { line: number; character: number };
  end: { line: number; character: number };
}

export interface LinkAnswer {
  range: RangeAnswer;
  target?: string;
}

export interface LensAnswer {
  range: RangeAnswer;
  command?: { title: string; command: string; arguments?: unknown[] };
}
