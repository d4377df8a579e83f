// Every word that the extension shows while it runs. Titles and settings are in package.nls.json, translations of this
// page in l10n/.

import { env, l10n } from "vscode";
import type { SearchAnswer, SessionBrief, SessionInfo } from "./daemon/protocol";

const { t } = l10n;
const DOT = " · ";

export const binaryMissing = (): string => t("opensession was not found on this machine");
export const daemonDown = (): string => t("The OpenSession daemon does not run");
export const daemonFailed = (words: string): string => t("The OpenSession daemon did not start: {0}", words);
export const starting = (): string => t("Starting the daemon");
export const install = (): string => t("Install");
export const locate = (): string => t("Locate…");
export const start = (): string => t("Start");
export const showLog = (): string => t("Show Log");
export const failed = (words: string): string => `OpenSession: ${words}`;

export const searchPlaceholder = (): string => t('Words, "phrase", agent: is:error since:2w');
export const syntax = (): string => t("Search Syntax");
export const savedQueries = (): string => t("Saved Queries");
export const savedPlaceholder = (): string => t("A query to search with");
export const saveQuery = (query: string): string => t("Save {0}", query);
export const saveQueryTitle = (query: string): string => t("Save the query {0}", query);
export const saveQueryPrompt = (): string => t("A name; the query that has it is replaced");
export const removeQuery = (): string => t("Remove");
export const savedHead = (): string => t("Saved");
export const earlierHead = (): string => t("Earlier");
export const noSavedQuery = (): string => t("No query is saved yet; type one first");
export const scopeWorkspace = (): string => t("this workspace");
export const scopeAll = (): string => t("all repositories");
export const searchTitle = (where: string): string => t("Search Sessions: {0}", where);
export const openToTheSide = (): string => t("Open to the Side");
export const handoffSummary = (): string => t("Handoff Summary");
export const resume = (): string => t("Resume in Terminal");
export const copyLink = (): string => t("Copy Link");
export const moreHits = (count: number): string => t("{0} more", number(count));
/** `#131 output · Bash`; a call is named by its tool alone. */
export const hit = (event: number, kind: string, tool: string | undefined): string => join([`#${event} ${kind}`, tool]);
export const noHit = (): string => t("No session matches");
export const queryWrong = (message: string): string => t("The query: {0}", message);

/** What was searched, and what would find something. */
export function whyEmpty(answer: SearchAnswer): string {
  const parts = [t("Searched {0} sessions", number(answer.searched))];
  for (const without of answer.empty?.without.slice(0, 3) ?? []) {
    if (without.sessions > 0) parts.push(t("without {0}: {1}", without.part, number(without.sessions)));
    const near = without.near[0];
    if (near !== undefined) parts.push(t("did you mean {0}?", near.value));
  }
  const elsewhere = answer.empty?.elsewhere ?? 0;
  if (elsewhere > 0) parts.push(t("in other repositories: {0}", number(elsewhere)));
  if (answer.reading) parts.push(t("still reading"));
  return parts.join(DOT);
}

export const pickSession = (): string => t("Session");
export const noSession = (): string => t("No session here");
export const noSessionDetail = (kept: number): string => t("{0} sessions in all repositories", number(kept));
export const sessions = (count: number): string => (count === 1 ? t("1 session") : t("{0} sessions", number(count)));
export const cannotResume = (agent: string): string => t("{0} cannot resume this session", agent);
export const terminalName = (title: string): string => t("Resume: {0}", title);

export const whoTitle = (file: string): string => t("Sessions that changed {0}", file);
export const nobodyTouched = (file: string): string => t("No session changed {0}", file);
export const edits = (count: number): string => (count === 1 ? t("1 edit") : t("{0} edits", number(count)));

export const handoffCopy = (): string => t("Copy");
export const handoffChat = (): string => t("Insert into Chat");
export const handoffSend = (): string => t("Send to Agent…");
export const handoffSave = (): string => t("Save As…");
export const handoffEdit = (): string => t("Edit a Copy");
export const handoffBudget = (budget: string): string => t("Budget: {0}", budget);
export const budgetDetail: Record<string, () => string> = {
  brief: () => t("at most 4 kB"),
  standard: () => t("at most 12 kB"),
  full: () => t("at most 40 kB"),
};
export const copied = (): string => t("Copied");
export const chatMissing = (): string => t("No chat took the handoff; it is on the clipboard");
export const chatTitle = (): string => t("Insert the Handoff into a Chat");
export const editorsChat = (): string => t("The Editor's Chat");
export const chatFilled = (): string => t("The handoff is in the chat; send it yourself");
export const saved = (file: string): string => t("Saved {0}", file);

export const sendTitle = (): string => t("Send the Handoff to an Agent");
export const sendPlaceholder = (): string => t("A new session begins in a terminal, with the handoff as its first prompt");
export const sendTerminal = (agent: string): string => t("Handoff: {0}", agent);

export const exportTitle = (): string => t("Export Session");
export const exportFormats: Record<string, { label: () => string; detail: () => string }> = {
  html: { label: () => "HTML", detail: () => t("a page that works offline") },
  markdown: { label: () => "Markdown", detail: () => t("for people and pages") },
  hail: { label: () => "HAIL", detail: () => t("lines of JSON that can be read again") },
  json: { label: () => "JSON", detail: () => t("one object") },
};
export const exported = (file: string, events: number, redacted: number): string =>
  t("Exported {0}: {1} events, {2} secrets taken out", file, number(events), number(redacted));

export const diffFirst = (): string => t("Diff Sessions: the first");
export const diffSecond = (title: string): string => t("Diff Sessions: to compare with {0}", title);
export const openDiff = (): string => t("Open Diff");
export const openFile = (): string => t("Open File");
export const diffTitle = (file: string, event: number): string => t("{0}: the edit #{1}", file, event);
export const noDiff = (): string => t("This edit tells no lines");
export const fileGone = (file: string): string => t("{0} is not on this machine", file);
export const allSessions = (): string => t("All Sessions");

export const restarted = (version: string): string => t("The daemon runs, version {0}", version);
export const locateTitle = (): string => t("The opensession binary");
export const noNextPrompt = (): string => t("No further prompt");
export const noNextError = (): string => t("No further error");
export const openEvent = (event: number): string => t("Open event {0}", event);
export const goesOn = (): string => t("Open the rest");

export const groupByTitle = (): string => t("Group sessions by");
export const groupNames: Record<string, () => string> = {
  day: () => t("Day"),
  agent: () => t("Agent"),
  branch: () => t("Branch"),
};
export const today = (): string => t("Today");
export const yesterday = (): string => t("Yesterday");
export const thisWeek = (): string => t("This Week");
export const noBranch = (): string => t("No branch");
export const undated = (): string => t("No date");

export const live = (count: number): string => t("{0} live", number(count));
export const statusHere = (count: number): string => t("{0} sessions here", number(count));
export const statusLast = (title: string, ago: string): string => t("Last: {0}, {1}", title, ago);
export const statusReading = (percent: number): string => t("Reading sessions: {0}%", percent);
export const readingSessions = (done: number, total: number): string =>
  t("Reading {0} of {1}; search works already", number(done), number(total));
export const statusPublish = (mode: string): string => t("Publish: {0}", mode);
export const statusVersion = (version: string): string => t("Version {0}", version);
export const statusItemName = (): string => "OpenSession";
export const statusRows = {
  running: (): string => t("running"),
  runningDetail: (version: string, pid: number, since: string): string => t("{0}, process {1}, started {2}", version, pid, since),
  socket: (): string => t("socket"),
  sessions: (): string => t("sessions"),
  sessionsDetail: (count: number, agents: number, live: number): string =>
    t("{0} of {1} agents, {2} live", number(count), number(agents), number(live)),
  index: (): string => t("index"),
  indexDetail: (state: string, events: number, bytes: number): string => t("{0}, {1} events, {2}", state, number(events), size(bytes)),
  store: (): string => t("store"),
  log: (): string => t("log"),
  publish: (): string => t("publish"),
  warning: (subject: string): string => t("problem: {0}", subject),
};

const STATES: Record<string, () => string> = {
  live: () => t("live"),
  waiting: () => t("waiting"),
  interrupted: () => t("interrupted"),
};

/** The word of a session's state; nothing for those that are finished. */
export const stateWord = (state: string): string | undefined => STATES[state]?.();

/** `Claude Code · 2 hours ago · live` */
export function describe(session: SessionBrief & { state?: string }, agent: string, now: Date): string {
  return join([agent, session.updated === null ? undefined : ago(session.updated, now), stateWord(session.state ?? "")]);
}

/** `app@main · 42 turns · +120 -8 · first prompt…` */
export function detail(session: SessionInfo): string {
  const { turns, files, added, removed } = session.stats;
  const place = session.branch === null ? session.repository : `${session.repository ?? ""}@${session.branch}`;
  return join([
    place ?? undefined,
    turns === 1 ? t("1 turn") : t("{0} turns", number(turns)),
    files > 0 ? `+${number(added)} -${number(removed)}` : undefined,
    session.first_prompt === null || session.first_prompt === session.title ? undefined : oneLine(session.first_prompt),
  ]);
}

/** `4 minutes ago`; after a week `Oct 14`, in other years `2025-10-14`. */
export function ago(time: string, now: Date): string {
  const then = new Date(time);
  const seconds = Math.max(0, Math.floor((now.getTime() - then.getTime()) / 1000));
  if (seconds < 60) return t("now");
  if (seconds < 3_600) return counted(Math.floor(seconds / 60), t("1 minute ago"), (n) => t("{0} minutes ago", n));
  if (seconds < 86_400) return counted(Math.floor(seconds / 3_600), t("1 hour ago"), (n) => t("{0} hours ago", n));
  if (seconds < 604_800) return counted(Math.floor(seconds / 86_400), t("1 day ago"), (n) => t("{0} days ago", n));
  if (then.getFullYear() === now.getFullYear()) {
    return then.toLocaleDateString(env.language, { month: "short", day: "numeric" });
  }
  return date(then);
}

/** `2026-11-22 14:05 +09:00` */
export function absolute(time: string): string {
  const then = new Date(time);
  const offset = -then.getTimezoneOffset();
  const sign = offset < 0 ? "-" : "+";
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
  return `${date(then)} ${two(then.getHours())}:${two(then.getMinutes())} ${sign}${two(hours)}:${two(minutes)}`;
}

/** `November 2026` */
export const month = (then: Date): string => then.toLocaleDateString(env.language, { month: "long", year: "numeric" });

/** `1,234`, from 10,000 on `48.2k`, `4.1M`. */
export function number(value: number): string {
  if (value < 10_000) return value.toLocaleString("en-US");
  return value < 1_000_000 ? `${(value / 1_000).toFixed(1)}k` : `${(value / 1_000_000).toFixed(1)}M`;
}

function size(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.round(bytes / 1_000)} kB`;
  return bytes < 1_000_000_000 ? `${Math.round(bytes / 1_000_000)} MB` : `${(bytes / 1_000_000_000).toFixed(1)} GB`;
}

/** Text in one line. */
export const oneLine = (words: string): string => words.replace(/\s+/g, " ").trim();

const join = (parts: (string | undefined)[]): string => parts.filter((part) => part !== undefined && part !== "").join(DOT);
const counted = (count: number, one: string, several: (count: number) => string): string => (count === 1 ? one : several(count));
const two = (value: number): string => String(value).padStart(2, "0");
/** `2026-11-22`, in this machine's time zone. */
export const date = (then: Date): string => `${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())}`;

export const menu = {
  search: (): string => t("Search Sessions"),
  browse: (): string => t("Browse Sessions"),
  handoff: (): string => t("Handoff Summary"),
  resume: (): string => t("Resume in Terminal"),
  export: (): string => t("Export Session"),
  diff: (): string => t("Diff Sessions"),
  status: (): string => t("Daemon Status"),
  restart: (): string => t("Restart Daemon"),
  log: (): string => t("Show Log"),
  locate: (): string => t("Locate Binary"),
};
