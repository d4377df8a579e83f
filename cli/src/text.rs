//! The words of the surface, in one place: what a translation has to cover besides the help of the flags.

use opensession_hail::comparison::{CommandRuns, TokenCounts};
use opensession_hail::handoff::{Check, FileChange, FileFate, FilesTotal, Outcome};
use opensession_hail::{Status, TodoStatus};
use opensession_protocol::{FacetCount, IndexState, IndexStatus, Scanned, SearchAnswer, SessionStats};

use crate::format::{cells, clean, number};
use crate::output::Style;

// Labels.
pub(crate) const ERROR: &str = "error:";
pub(crate) const HINT: &str = "hint:";
pub(crate) const NOTE: &str = "note:";
pub(crate) const NEAR: &str = "near:";
pub(crate) const REMEDY: &str = "remedy:";
pub(crate) const NARROW: &str = "narrow:";
pub(crate) const OPENED_HERE: &str = "opened here";
pub(crate) const TOTAL: &str = "total";
pub(crate) const OK: &str = "ok";
pub(crate) const WARN: &str = "warn";
pub(crate) const FAIL: &str = "fail";

// Failures and what to do about them.
pub(crate) const CANNOT_WRITE: &str = "cannot write the output";
pub(crate) const DAEMON_LOST: &str = "the connection to the daemon broke";
pub(crate) const ANSWER_UNREADABLE: &str = "the daemon's answer is not understood";
pub(crate) const NO_DIRECTORY: &str = "the current directory cannot be told, so this path must be absolute";
pub(crate) const HINT_LOGS: &str = "its log: opensession daemon logs";
pub(crate) const HINT_RESTART: &str = "perhaps it is of another version: opensession daemon restart";
pub(crate) const HINT_STATUS: &str = "see how it is: opensession daemon status";
pub(crate) const HINT_START: &str = "start it: opensession daemon start";
pub(crate) const HINT_LOG_LISTS: &str = "opensession log lists them";
pub(crate) const HINT_MORE_DIGITS: &str = "type more of the id";
pub(crate) const HINT_SYNTAX: &str = "the language of queries: opensession help search";
pub(crate) const HINT_REBUILD: &str = "build it anew: opensession index --rebuild";
pub(crate) const HINT_DISCOVER: &str = "see what is found on this machine: opensession discover";
pub(crate) const HINT_DISCOVER_ALL: &str = "where it was looked: opensession discover --all";
pub(crate) const HINT_DASHES: &str = "a query that begins with - goes after --: opensession search -- -word";

pub(crate) fn no_such_command(name: &str) -> String {
    format!("no command {name}")
}

pub(crate) fn did_you_mean_word(word: &str) -> String {
    format!("did you mean {word}?")
}

pub(crate) fn help_of(command: &str) -> String {
    format!("{command} --help")
}

pub(crate) fn unknown_flag(flag: &str) -> String {
    format!("no flag {flag}")
}

pub(crate) fn unexpected(word: &str) -> String {
    format!("{word} is one word too many")
}

pub(crate) fn bad_flag_value(value: &str, flag: &str) -> String {
    if value.is_empty() { format!("{flag} lacks its value") } else { format!("{flag} does not take {value}") }
}

pub(crate) fn possible_values(values: &str) -> String {
    format!("one of {values}")
}

pub(crate) fn missing_argument(argument: &str) -> String {
    format!("{argument} is missing")
}

pub(crate) fn conflict(one: &str, other: &str) -> String {
    format!("{one} and {other} exclude each other")
}

// Sessions in lists and heads.
pub(crate) const SESSION: &str = "session";
pub(crate) const ACTIVE: &str = "active";
pub(crate) const AGO: &str = "ago";
pub(crate) const TURN: &str = "turn";
pub(crate) const TURNS: &str = "turns";
pub(crate) const FILE: &str = "file";
pub(crate) const FILES: &str = "files";
pub(crate) const TOKEN: &str = "token";
pub(crate) const TOKENS: &str = "tokens";
pub(crate) const FAILED_CALL: &str = "failed call";
pub(crate) const FAILED_CALLS: &str = "failed calls";
pub(crate) const COST: &str = "cost";
pub(crate) const CHECK_OK: &str = "ok";
pub(crate) const CHECK_FAILED: &str = "failed";
pub(crate) const FORK_OF: &str = "fork of";
pub(crate) const SUBAGENT_OF: &str = "sub-agent of";
pub(crate) const VANISHED: &str = "gone; kept here";
pub(crate) const FIELD_ID: &str = "id";
pub(crate) const FIELD_AGENT_ID: &str = "agent's id";
pub(crate) const FIELD_PARENT: &str = "from";
pub(crate) const FIELD_STARTED: &str = "started";
pub(crate) const FIELD_DIRECTORY: &str = "directory";
pub(crate) const FIELD_COMMIT: &str = "commit";
pub(crate) const FIELD_REMOTE: &str = "remote";
pub(crate) const FIELD_VERSION: &str = "version";
pub(crate) const FIELD_EVENTS: &str = "events";
pub(crate) const FIELD_TOKENS: &str = "tokens";
pub(crate) const FIELD_FILE: &str = "file";
pub(crate) const FIELD_PROMPT: &str = "first prompt";

pub(crate) fn events_calls_edits(events: u64, calls: u64, edits: u64) -> String {
    let calls = number::counted(calls, "tool call", "tool calls");
    format!("{}, {calls}, {}", number::count(events), number::counted(edits, "edit", "edits"))
}

pub(crate) fn tokens_apart(stats: &SessionStats) -> String {
    format!(
        "in {}, out {}, cache read {}, cache written {}",
        number::count(stats.input_tokens),
        number::count(stats.output_tokens),
        number::count(stats.cache_read_tokens),
        number::count(stats.cache_write_tokens)
    )
}

pub(crate) fn children(ids: &[&str]) -> String {
    const SHOWN: usize = 5;
    let shown = ids.iter().take(SHOWN).copied().collect::<Vec<_>>().join(" ");
    let more = if ids.len() > SHOWN { format!(" and {} more", ids.len() - SHOWN) } else { String::new() };
    format!("{}: {shown}{more}", number::counted(ids.len() as u64, "session from it", "sessions from it"))
}

/// Nothing in a list, of what was asked for with `flags`, in the repository `here`.
pub(crate) fn no_session(flags: &str, here: Option<&str>) -> String {
    let place = here.map(|here| format!(" of {here}")).unwrap_or_default();
    if flags.is_empty() { format!("No session{place}") } else { format!("No session{place} matches  {flags}") }
}

pub(crate) fn kept(sessions: u64) -> String {
    if sessions == 0 {
        return "No session is kept yet.".to_owned();
    }
    format!("Looked through {}.", number::counted(sessions, "session", "sessions"))
}

// Searching.
pub(crate) const STILL_READING: &str = "Still reading: more may be found. How far it is: opensession index";
pub(crate) const DID_YOU_MEAN: &str = "did you mean this?";

pub(crate) fn more_hits(more: u64, query: &str) -> String {
    format!("+{} more: {query}", number::count(more))
}

pub(crate) fn missing(words: &str) -> String {
    format!("without: {words}")
}

pub(crate) fn copies(copies: u64) -> String {
    number::counted(copies, "more session has the same events", "more sessions have the same events")
}

/// How much was found, and where; the parts that do not fit into `width` come on a second line.
pub(crate) fn search_summary(answer: &SearchAnswer, shown: u64, width: usize) -> Vec<String> {
    let all = answer.matching_all;
    let any = answer.matching_any;
    // Where no session has every word, those with some are what was found.
    let (count, has_all) = if all.value > 0 { (all, true) } else { (any, any.value == 0) };
    let at_least = if count.at_least { "at least " } else { "" };
    let mut found = format!("{at_least}{}", number::counted(count.value, "session", "sessions"));
    if !has_all {
        found.push_str(" with some of the words");
    } else if any.value > all.value {
        found = format!("{found} ({} more with some of the words)", number::count(any.value - all.value));
    }
    let mut found = vec![capitalized(&found), number::counted(answer.hits, "hit", "hits")];
    if shown < any.value.max(all.value) {
        found.push(format!("{} shown", number::count(shown)));
    }
    let found = found.join(", ");
    let facets = |name: &str, counts: &[FacetCount]| {
        let counts: Vec<String> = counts
            .iter()
            .take(3)
            .map(|facet| format!("{} {}", clean::one_line(&facet.value), number::count(facet.count)))
            .collect();
        if counts.is_empty() { String::new() } else { format!("{name}: {}", counts.join(", ")) }
    };
    let facets: Vec<String> = [facets("agent", &answer.by_agent), facets("kind", &answer.by_kind)]
        .into_iter()
        .filter(|facet| !facet.is_empty())
        .collect();
    let facets = facets.join(". ");
    if facets.is_empty() {
        return vec![format!("{found}.")];
    }
    let together = format!("{found}. {facets}");
    if cells::cells(&together) <= width { vec![together] } else { vec![format!("{found}."), facets] }
}

pub(crate) fn no_session_matches(query: &str) -> String {
    format!("No session matches  {query}")
}

pub(crate) fn without(part: &str) -> String {
    format!("without {part}")
}

pub(crate) fn elsewhere(sessions: u64) -> String {
    format!("  {} in other repositories: --all-repos", number::counted(sessions, "session", "sessions"))
}

pub(crate) fn searched(sessions: u64, here: Option<&str>, has_date: bool) -> String {
    let place = here.map(|here| format!(" of {here}")).unwrap_or_default();
    let time = if has_date { "" } else { ", all time" };
    format!(
        "Searched {}{place}{time}. Syntax: opensession help search",
        number::counted(sessions, "session", "sessions")
    )
}

pub(crate) fn as_words(words: &str) -> String {
    format!("as words, not as a phrase: opensession search {words}")
}

// Reading.
pub(crate) const FIRST_RUN: &str = "First run: reading the sessions on this machine. Nothing leaves it.";
pub(crate) const REBUILDING: &str = "rebuilding";

pub(crate) fn ready(sessions: u64, agents: u64, bytes: u64, took_ms: u64) -> String {
    let sessions = number::counted(sessions, "session", "sessions");
    let agents = number::counted(agents, "agent", "agents");
    let took = if took_ms > 0 { format!(", {}", number::duration(took_ms)) } else { String::new() };
    format!("Ready: {sessions} of {agents}, {}{took}. Browse them: opensession log --all", number::size(bytes))
}

pub(crate) fn agent_read(agent: &str, sources: u64, bytes: u64) -> String {
    format!("{agent}  {} read, {}", number::count(sources), number::size(bytes))
}

pub(crate) fn left(milliseconds: u64) -> String {
    let seconds = ((milliseconds + 500) / 1_000).max(1);
    let shown = if seconds < 60 { format!("{seconds}s") } else { format!("{}m {:02}s", seconds / 60, seconds % 60) };
    format!("{shown} left")
}

pub(crate) fn index_line(status: &IndexStatus) -> String {
    let state = match status.state {
        IndexState::Ready => "ready",
        IndexState::Reading => "reading",
        IndexState::Rebuilding => "rebuilding",
        IndexState::Failed => "failed",
    };
    let events = number::counted(status.events, "event", "events");
    let mut line = vec![state.to_owned(), events, number::size(status.bytes)];
    if status.state == IndexState::Reading {
        let (done, total) = status.agents.iter().fold((0, 0), |sum, agent| (sum.0 + agent.done, sum.1 + agent.total));
        if done < total {
            line.push(format!("{} of {} read", number::count(done), number::count(total)));
        }
    }
    let behind = status.store_sequence.saturating_sub(status.index_sequence);
    if behind > 0 {
        line.push(format!("{} behind", number::count(behind)));
    }
    line.join(", ")
}

// Agents that ask.
pub(crate) const HINT_MCP_RESTART: &str = "it is there when the agent starts next";
pub(crate) const HINT_MCP_AGENTS: &str = "one of claude-code, codex, cursor, gemini, opencode";
pub(crate) const MCP_ENDED: &str = "the MCP server ended by a fault";
pub(crate) const NO_HOME: &str = "HOME does not say where the agent's settings are";

pub(crate) fn mcp_installed(done: &crate::commands::McpChange, path: &str) -> String {
    if done.changed { format!("{} can search sessions now: {path}", done.name) } else { format!("Already in {path}") }
}

pub(crate) fn mcp_uninstalled(done: &crate::commands::McpChange, path: &str) -> String {
    if done.changed { format!("Taken out of {path}") } else { format!("Not in {path}") }
}

pub(crate) fn no_mcp_agent(agent: &str) -> String {
    format!("no agent {agent} whose settings are known")
}

pub(crate) fn settings_unreadable(path: &str, reason: &str) -> String {
    format!("{path} is not understood, and is left alone: {reason}")
}

pub(crate) fn settings_in_the_way(path: &str, key: &str) -> String {
    format!("{path} has another {key}, which is left alone")
}

pub(crate) fn settings_failed(path: &str, reason: &str) -> String {
    format!("cannot change {path}: {reason}")
}

// Discovering.
pub(crate) const NO_AGENT: &str = "No sessions of any agent were found on this machine.";
pub(crate) const SWITCHED_OFF: &str = "(switched off in daemon.toml)";
pub(crate) const ALL_READ: &str = "everything found was read";
pub(crate) const WHOLE_FILE: &str = "file";

pub(crate) fn drafts(count: u64) -> String {
    format!("({} without a word)", number::counted(count, "session", "sessions"))
}

pub(crate) fn not_readable(reason: &str) -> String {
    format!("cannot be read: {reason}")
}

pub(crate) fn project_found(path: &str, agents: &str, is_new: bool) -> String {
    format!("{path}: {agents}{}", if is_new { "" } else { ", known before" })
}

pub(crate) fn scanned(scanned: &Scanned) -> String {
    let projects = number::counted(scanned.projects.len() as u64, "project", "projects");
    let repositories = number::counted(scanned.repositories, "repository", "repositories");
    let folders = number::counted(scanned.folders, "folder", "folders");
    format!("{projects} with sessions in {folders} looked through; {repositories} followed from now on.")
}

pub(crate) const HINT_SCAN_LESS: &str = "too much to look through: name a smaller folder";

pub(crate) fn not_found_at(path: &str) -> String {
    if path.is_empty() { "not found".to_owned() } else { format!("not found: {path}") }
}

pub(crate) fn reading(done: u64, total: u64) -> String {
    format!("(reading {} of {})", number::count(done), number::count(total))
}

pub(crate) fn discovered(sessions: u64, agents: u64, subagents: u64, absent: u64) -> String {
    let sessions = number::counted(sessions, "session", "sessions");
    let agents = number::counted(agents, "agent", "agents");
    let subagents = match subagents {
        0 => String::new(),
        _ => format!(", {} more of their sub-agents", number::count(subagents)),
    };
    let absent = match absent {
        0 => String::new(),
        _ => format!("; {} not found (--all)", number::counted(absent, "more agent", "more agents")),
    };
    let end = if subagents.is_empty() && absent.is_empty() { "" } else { "." };
    format!("{sessions} of {agents}{subagents}{absent}{end}")
}

pub(crate) fn unreadable(problems: u64, sources: u64) -> String {
    format!(
        "{} in {} unreadable: opensession doctor --problems",
        number::counted(problems, "line", "lines"),
        number::counted(sources, "file", "files")
    )
}

pub(crate) fn damaged(problems: u64, sources: u64) -> String {
    format!(
        "{} in {}, the rest kept (--problems)",
        number::counted(problems, "damaged line", "damaged lines"),
        number::counted(sources, "file", "files")
    )
}

pub(crate) fn problems(problems: u64, sources: u64) -> String {
    format!(
        "{} in {}; the rest of them is kept",
        number::counted(problems, "problem", "problems"),
        number::counted(sources, "file", "files")
    )
}

pub(crate) fn line_number(line: u64) -> String {
    format!("line {line}")
}

pub(crate) fn more_problems(rest: u64) -> String {
    format!("and {} more", number::count(rest))
}

// One session's page.
pub(crate) const YOU: &str = "you";
pub(crate) const AGENT: &str = "agent";
pub(crate) const SYSTEM: &str = "system";
pub(crate) const THINKING: &str = "thinking";
pub(crate) const OUTPUT: &str = "output";
pub(crate) const COMMAND: &str = "command";
pub(crate) const EDIT: &str = "edit";
pub(crate) const TODO: &str = "todo";
pub(crate) const SUBAGENT: &str = "sub-agent";
pub(crate) const ERROR_KIND: &str = "error";
pub(crate) const IMAGE: &str = "[image]";
pub(crate) const NEW_FILE: &str = "new";
pub(crate) const DELETED_FILE: &str = "deleted";
pub(crate) const HIDDEN_THINKING: &str = "(hidden by the provider)";
pub(crate) const NO_OUTPUT_YET: &str = "no output yet";
pub(crate) const READ_ANEW: &str = "The session was rewritten; from its beginning:";
pub(crate) const WAS_FORGOTTEN: &str = "The session was forgotten.";
pub(crate) const FOLLOW_ONE_EVENT: &str = "one event has nothing to follow";
pub(crate) const HINT_FOLLOW_SESSION: &str = "leave out the event: opensession show @ --follow";
pub(crate) const AROUND_WHAT: &str = "--around needs an event";
pub(crate) const HINT_AROUND: &str = "name it: opensession show @#7 --around 5";

pub(crate) fn more_lines(lines: u64, ellipsis: &str, how: &str) -> String {
    format!("{ellipsis} {}: {how}", number::counted(lines, "more line", "more lines"))
}

pub(crate) fn renamed(from: &str, to: &str, ascii: bool) -> String {
    format!("{from} {} {to}", if ascii { "->" } else { "→" })
}

pub(crate) fn summary(trigger: Option<&str>) -> String {
    match trigger {
        Some(trigger) => format!("summary ({})", clean::one_line(trigger)),
        None => "summary".to_owned(),
    }
}

pub(crate) fn todo(done: usize, total: usize, now: Option<&str>) -> String {
    match now {
        Some(now) => format!("{done} of {total} done; now: {now}"),
        None => format!("{done} of {total} done"),
    }
}

pub(crate) fn todo_box(status: TodoStatus) -> &'static str {
    match status {
        TodoStatus::Pending => "[ ]",
        TodoStatus::InProgress => "[>]",
        TodoStatus::Completed => "[x]",
        TodoStatus::Cancelled => "[-]",
    }
}

pub(crate) fn status_word(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Error => "failed",
        Status::Rejected => "refused",
        Status::Interrupted => "interrupted",
        Status::Running => "running",
    }
}

/// How a call ended, with its sign.
pub(crate) fn status(status: Status, style: Style) -> String {
    let sign = match status {
        Status::Ok => return style.ok_sign().to_owned(),
        Status::Running => style.running_sign(),
        Status::Error | Status::Rejected | Status::Interrupted => style.failed_sign(),
    };
    format!("{sign} {}", status_word(status))
}

pub(crate) fn no_event(session: &str, event: u32) -> String {
    format!("no event {session}#{event}")
}

pub(crate) fn events_up_to(total: u32) -> String {
    format!("its events are 1 to {total}")
}

pub(crate) fn more_around(session: &str, event: u32) -> String {
    format!("what was around it: opensession show {session}#{event} --around 5")
}

pub(crate) fn resume_with(command: &str) -> String {
    format!("resume it: {command}")
}

pub(crate) fn no_resume(agent: &str) -> String {
    format!("{agent} cannot resume a session by command")
}

pub(crate) const HINT_NO_RESUME: &str = "its text is there: opensession show, opensession search";

pub(crate) fn program_missing(program: &str) -> String {
    format!("{program} is not on the PATH")
}

pub(crate) fn hint_install_program(agent: &str) -> String {
    format!("install {agent}, or see the command: opensession resume --print SESSION")
}

pub(crate) fn session_file_gone(path: &str) -> String {
    format!("the session's file is gone: {path}")
}

pub(crate) fn hint_restore_first(session: &str) -> String {
    format!("write it back first: opensession restore {session}")
}

pub(crate) fn directory_gone(directory: &str) -> String {
    format!("the directory it started in is gone: {directory}")
}

pub(crate) const HINT_DIRECTORY: &str = "make it again, or name another: --in DIR";

pub(crate) fn cannot_run(program: &str, error: &str) -> String {
    format!("cannot run {program}: {error}")
}

// Exporting.
pub(crate) const EXPORT_ONE_EVENT: &str = "an export is of a whole session";
pub(crate) const HINT_EXPORT_SESSION: &str = "leave out the event's number";
pub(crate) const EXPORT_TOO_LONG: &str = "it is too long for standard output";
pub(crate) const HINT_EXPORT_FILE: &str = "write a file: -o FILE";

/// What was exported; `redacted` is absent where secrets were left in.
pub(crate) fn exported(session: &str, events: u64, redacted: Option<u64>) -> String {
    let events = number::counted(events, "event", "events");
    match redacted {
        Some(redacted) => format!("exported {session}   {events}   redacted: {}", number::count(redacted)),
        None => format!("exported {session}   {events}   secrets left in: for your own eyes only"),
    }
}

// Handing off.
pub(crate) const HANDOFF_ONE_EVENT: &str = "a handoff is of whole sessions";
pub(crate) const HINT_HANDOFF_SESSION: &str = "leave out the event's number";
pub(crate) const HAIL_TOO_LONG: &str = "standard input is too long";
pub(crate) const HINT_HAIL_FILE: &str = "save it as a file and name that";
pub(crate) const NO_CLIPBOARD: &str = "no clipboard is within reach";
pub(crate) const HINT_NO_CLIPBOARD: &str = "write a file instead: -o FILE";

pub(crate) fn cannot_read_hail(reason: &str) -> String {
    format!("cannot read standard input: {reason}")
}

pub(crate) fn cannot_write_file(path: &str, reason: &str) -> String {
    format!("cannot write {}: {reason}", clean::one_line(path))
}

pub(crate) const HANDOFF_INTRODUCTION: &str =
    "Go on with work that was begun in another coding agent. This is its handoff:";
/// Stands for the file that would be written.
pub(crate) const HANDOFF_FILE: &str = "HANDOFF.md";
pub(crate) const HANDOFF_TOO_LONG: &str = "the handoff is too long for a command";
pub(crate) const HINT_HANDOFF_BUDGET: &str = "give a smaller --budget, or write a session: --into AGENT";

pub(crate) fn no_agent(agent: &str) -> String {
    format!("no agent {agent}")
}

pub(crate) fn no_begin(agent: &str) -> String {
    format!("{agent} has no command that begins with a prompt")
}

pub(crate) fn hint_install_for_run(name: &str, id: &str) -> String {
    format!("install {name}, or see the command: opensession handoff --run {id} --print")
}

pub(crate) fn hint_one_of(known: &[String]) -> String {
    format!("one of {}", known.join(", "))
}

/// The session that was written.
pub(crate) fn handoff_written(path: &str, turns: u64, size: &str, left_out: u64, redacted: u64) -> String {
    let left_out =
        if left_out > 0 { format!("   earlier turns left out: {}", number::count(left_out)) } else { String::new() };
    format!("{path}   turns: {} ({size}){left_out}   redacted: {}", number::count(turns), number::count(redacted))
}

/// What was handed off, and how much of it there is.
pub(crate) fn handoff_of(ids: &[&str], budget: &str, bytes: u64, most: u64, redacted: u64) -> String {
    let of = if ids.is_empty() { String::new() } else { format!(" of {}", ids.join(" ")) };
    format!(
        "handoff{of}   budget: {}   {} of {}   redacted: {}",
        clean::one_line(budget),
        number::size(bytes),
        number::size(most),
        number::count(redacted)
    )
}

// Comparing.
pub(crate) const DIFF_ONE_EVENT: &str = "whole sessions are compared";
pub(crate) const HINT_DIFF_FULL: &str = "fold nothing: --full";
pub(crate) const DIFF_TITLE: &str = "title";
pub(crate) const DIFF_WHERE: &str = "where";
pub(crate) const DIFF_WORK: &str = "work";
pub(crate) const DIFF_OUTCOME: &str = "outcome";
pub(crate) const DIFF_OBJECTIVE: &str = "objective";
pub(crate) const DIFF_LATEST: &str = "latest";
pub(crate) const DIFF_LAST_WORDS: &str = "last words";
pub(crate) const DIFF_CHECKS: &str = "checks";
pub(crate) const DIFF_COMMANDS: &str = "commands";

pub(crate) fn diff_redacted(redacted: u64) -> String {
    format!("redacted: {}", number::count(redacted))
}

pub(crate) fn diff_work(turns: u64, calls: u64, errors: u64) -> String {
    let failed =
        if errors > 0 { format!(", {}", number::counted(errors, FAILED_CALL, FAILED_CALLS)) } else { String::new() };
    format!("{}, {}{failed}", number::counted(turns, TURN, TURNS), number::counted(calls, "call", "calls"))
}

pub(crate) fn diff_tokens(tokens: &TokenCounts, subagents: u64) -> String {
    let cached = match (tokens.cache_read, tokens.cache_write) {
        (0, 0) => String::new(),
        (read, written) => format!(", cache {} read {} written", number::count(read), number::count(written)),
    };
    let subagents = if subagents > 0 { format!(", sub-agents {}", number::count(subagents)) } else { String::new() };
    format!("in {}, out {}{cached}{subagents}", number::count(tokens.input), number::count(tokens.output))
}

pub(crate) fn diff_files(files: &FilesTotal) -> String {
    if files.files == 0 {
        return "-".to_owned();
    }
    let lines = format!("+{} -{}", number::count(files.added), number::count(files.removed));
    format!("{} {lines}", number::counted(files.files, FILE, FILES))
}

pub(crate) fn diff_shares(both: usize, a: usize, b: usize) -> String {
    format!("{both} of both, {a} only A, {b} only B")
}

pub(crate) fn diff_only(side: &str) -> String {
    format!("only {side}")
}

pub(crate) fn diff_more(more: usize, ellipsis: &str) -> String {
    format!("{ellipsis} {} more", number::count(more as u64))
}

/// Changed lines that are not shown: those that are folded, and those that are not there.
pub(crate) fn diff_more_lines(folded: u64, left_out: u64, ellipsis: &str) -> String {
    format!("{ellipsis} {}", number::counted(folded + left_out, "more line", "more lines"))
}

pub(crate) fn diff_alike(lines: usize, ellipsis: &str) -> String {
    format!("{ellipsis} {} alike", number::counted(lines as u64, "more line", "more lines"))
}

pub(crate) fn diff_left_out(count: u64) -> String {
    format!("{} left out", number::count(count))
}

/// How a command ended, with its sign: `✗ 101`.
pub(crate) fn outcome(outcome: Outcome, exit: Option<i32>, style: Style) -> String {
    match (outcome, exit) {
        (Outcome::Ok, _) => style.ok_sign().to_owned(),
        (Outcome::Failed, Some(exit)) if exit != 0 => format!("{} {exit}", style.failed_sign()),
        (Outcome::Failed, _) => status(Status::Error, style),
        (Outcome::Rejected, _) => status(Status::Rejected, style),
        (Outcome::Interrupted, _) => status(Status::Interrupted, style),
        (Outcome::Running, _) => status(Status::Running, style),
        (Outcome::Unknown, _) => "no result".to_owned(),
    }
}

/// `3 runs, 1 failed ✓ #12`
pub(crate) fn command_ran(runs: &CommandRuns, style: Style) -> String {
    let failed = if runs.failed > 0 { format!(", {} failed", number::count(runs.failed)) } else { String::new() };
    let times = if runs.runs > 1 { format!("{} runs{failed} ", number::count(runs.runs)) } else { String::new() };
    format!("{times}{} {}", outcome(runs.outcome, runs.exit, style), clean::one_line(&runs.cite))
}

/// `2 runs, edited since ✓ #12`
pub(crate) fn check_ran(check: &Check, style: Style) -> String {
    let mut notes = Vec::new();
    if check.runs > 1 {
        notes.push(format!("{} runs", number::count(check.runs)));
    }
    if !check.failing.is_empty() {
        let failing = check.failing_count.unwrap_or(check.failing.len() as u64);
        notes.push(number::counted(failing, "failing test", "failing tests"));
    }
    if check.stale.is_some() {
        notes.push("edited since".to_owned());
    }
    let notes = if notes.is_empty() { String::new() } else { format!("{} ", notes.join(", ")) };
    format!("{notes}{} {}", outcome(check.outcome, check.exit, style), clean::one_line(&check.cite))
}

/// `new +30 -0, 2 edits #12`
pub(crate) fn file_changed(file: &FileChange) -> String {
    let mut notes = match file.fate {
        FileFate::Changed => String::new(),
        FileFate::Created => format!("{NEW_FILE} "),
        FileFate::Deleted => format!("{DELETED_FILE} "),
        FileFate::Renamed => "renamed ".to_owned(),
        FileFate::Undone => "undone ".to_owned(),
    };
    match (file.added, file.removed) {
        (Some(added), Some(removed)) => {
            notes.push_str(&format!("+{} -{}", number::count(added), number::count(removed)));
        }
        _ if file.edits == 0 => notes.push_str("by a command"),
        _ => notes.push_str("lines unknown"),
    }
    if file.edits > 1 {
        notes.push_str(&format!(", {}", number::counted(file.edits, EDIT, "edits")));
    }
    format!("{notes} {}", clean::one_line(&file.cite))
}

// Forgetting.
pub(crate) const FORGET_ONE_EVENT: &str = "only whole sessions can be forgotten";
pub(crate) const HINT_FORGET_SESSION: &str = "leave out the event's number";
pub(crate) const FORGET_QUESTION: &str = "Delete it from the store and the index for good? [y/N]";
pub(crate) const NOT_CONFIRMED: &str = "not forgotten: nobody is there to be asked";
pub(crate) const NOT_FORGOTTEN: &str = "not forgotten";
pub(crate) const HINT_YES: &str = "if it is meant: --yes";

pub(crate) fn forgotten(id: &str, size: &str) -> String {
    format!("Forgotten: {}, {size}", clean::one_line(id))
}

pub(crate) fn file_left(path: &str) -> String {
    format!("The agent's own file is left alone, and is not read again: {path}")
}

// The daemon.
pub(crate) const DAEMON_STOPPED: &str = "Stopped.";
pub(crate) const DAEMON_NOT_RUNNING: &str = "not running";
pub(crate) const ROW_RUNNING: &str = "running";
pub(crate) const ROW_SOCKET: &str = "socket";
pub(crate) const ROW_SESSIONS: &str = "sessions";
pub(crate) const ROW_STORE: &str = "store";
pub(crate) const ROW_INDEX: &str = "index";
pub(crate) const ROW_PUBLISH: &str = "publish";

/// The line after a start.
pub(crate) fn daemon_started(was_running: bool, version: &str, pid: u32) -> String {
    format!("{} {version}, pid {pid}", if was_running { "Already running:" } else { "Started:" })
}

pub(crate) fn sessions_line(sessions: u64, agents: u64, live: u64, last_event: Option<&str>) -> String {
    let agents = number::counted(agents, "agent", "agents");
    let last = last_event.map(|last| format!(", last event {last}")).unwrap_or_default();
    format!("{} of {agents}, {} live{last}", number::count(sessions), number::count(live))
}

pub(crate) fn no_log(path: &str, reason: &str) -> String {
    format!("no log at {path}: {reason}")
}

// Checking.
pub(crate) const CHECK_DAEMON: &str = "daemon";
pub(crate) const CHECK_INDEX: &str = "index";
pub(crate) const CHECK_AGENTS: &str = "agents";
pub(crate) const CHECK_READING: &str = "reading";
pub(crate) const REMEDY_RESTART: &str = "opensession daemon restart";
pub(crate) const REMEDY_REBUILD: &str = "opensession index --rebuild";
pub(crate) const REMEDY_DISCOVER: &str = "opensession discover --all";

pub(crate) fn same_version(version: &str) -> String {
    format!("{version}, same as this binary")
}

pub(crate) fn other_version(version: &str) -> String {
    format!("{version}, this binary is {}", env!("CARGO_PKG_VERSION"))
}

pub(crate) fn doctor_summary(failures: u64, warnings: u64) -> String {
    match (failures, warnings) {
        (0, 0) => "All is well.".to_owned(),
        (0, _) => number::counted(warnings, "warning", "warnings"),
        (_, 0) => number::counted(failures, "failure", "failures"),
        _ => format!(
            "{}, {}",
            number::counted(failures, "failure", "failures"),
            number::counted(warnings, "warning", "warnings")
        ),
    }
}

// Calling methods.
pub(crate) const PARAMETERS_ARE_NO_OBJECT: &str = "parameters are a JSON object";

pub(crate) fn parameters_are_no_json(reason: &str) -> String {
    format!("the parameters are not JSON: {reason}")
}

pub(crate) fn cannot_read_parameters(reason: &str) -> String {
    format!("cannot read the parameters: {reason}")
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// The head of the reference page.
pub(crate) const REFERENCE_HEAD: &str = "\
# The command line

<!-- Written by `UPDATE_DOCS=1 cargo test -p opensession`; a test holds it equal to the program. -->

What `--help` says of every command. How output looks, and what `--json` prints, is described in
[README.md](README.md).";

/// The language of queries, in short.
pub(crate) const QUERY_LANGUAGE: &str = r#"The language of queries

  auth bug                words: sessions with all of them first, then with some
  "race condition"        a phrase; in a shell '"race condition"' or "race condition"
  +word  a AND b          required
  -word  NOT word         not in the session
  jwt OR token  ( … )     either; groups
  condens*  *wingman*     beginning of a word; part of one
  /err(or)?s?/            regular expression, on single words
  --no-verify  src/auth.rs  manual_commit  C++
                          found as they are written, and by their parts

Fields: no space around the colon; (a,b) for several values
  agent:codex  model:opus*  repo:owner/name  branch:main  title:lock  cwd:app
  session:4f2a91c7        of this session
  kind:output             prompt agent thinking call output edit command todo summary error
  role:human              human agent tool
  tool:bash               calls of this tool and their outputs
  file:auth.rs            files that were edited; file:read:auth.rs read; path:src/ named at all
  is:error                error subagent live edited forked compacted
  has:edit                edit command todo image thinking
  since:2w  before:2026-02-01  on:yesterday  after:2026-02
  cost:>1  tokens:>100k  turns:>20  duration:>1h  exit:101
  sort:new                best new old cost;  case:yes  exact case

Examples
  opensession search lock panicked is:error since:2w
  opensession search git commit --no-verify
  opensession search file:auth.rs -agent:codex '"token expired"'
"#;
