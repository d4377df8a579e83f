//! Shell commands and tool calls: what ran last, what failed and was never made good, which checks ran, what was
//! committed.

use std::collections::HashMap;

use super::check;
use super::document::{CheckKind, Outcome};
use super::files::Files;
use super::ledger::Ledger;
use super::mark::Mark;
use super::output::{self, Reading};
use super::quote::{bounded, bounded_end};
use super::shell::{self, Line};
use crate::{Status, ToolResult};

/// Calls that wait for their results.
const MAX_PENDING: usize = 4096;
/// Failures that nothing made good yet.
const MAX_FAILURES: usize = 1024;
/// Distinct checks.
const MAX_CHECKS: usize = 512;
/// Commits.
const MAX_COMMITS: usize = 2048;
/// Bytes kept of a command line.
const COMMAND_BYTES: usize = 4096;
/// Bytes kept of a failure's output, of its end.
const OUTPUT_BYTES: usize = 2048;
/// The exit code of a command that was still writing when the one that it wrote to had enough.
const BROKEN_PIPE: i32 = 141;
/// Agents that tell by the exit code alone how a command ended, and do not keep it of every one: where there is none, an
/// `ok` only says that something came back. With the tool of which that holds, where it is not all.
const CODE_ALONE: [(&str, Option<&str>); 5] = [
    ("aider", None),
    ("codex", None),
    ("cline", Some("execute_command")),
    ("roo-code", Some("execute_command")),
    ("kilo-code", Some("execute_command")),
];

/// What was called.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// A shell command; `by_person` when the person ran it through the agent.
    Shell { command: String, line: Box<Line>, cwd: Option<String>, by_person: bool },
    /// A tool, and the file it is about.
    Tool { name: String, about: Option<String>, input: String },
}

/// A call under way.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) mark: Mark,
    pub(crate) what: What,
    pub(crate) in_subagent: bool,
    /// Edits of files before it.
    pub(crate) edits_before: u64,
    /// Its agent says how it ended by the exit code alone.
    pub(crate) by_code_alone: bool,
}

/// A command that came back, or did not yet.
#[derive(Debug, Clone)]
pub(crate) struct Ran {
    pub(crate) command: String,
    pub(crate) outcome: Outcome,
    pub(crate) exit: Option<i32>,
    pub(crate) mark: Mark,
    pub(crate) output: Option<Mark>,
}

/// The last command that failed.
#[derive(Debug, Clone)]
pub(crate) struct LastFailure {
    pub(crate) ran: Ran,
    pub(crate) words: Option<(String, Mark)>,
    pub(crate) resolved_by: Option<Mark>,
    line: Line,
}

/// Something that failed, by what it is about.
#[derive(Debug, Clone)]
pub(crate) struct Failed {
    pub(crate) what: String,
    pub(crate) words: Option<(String, Mark)>,
    pub(crate) times: u64,
    pub(crate) last: Mark,
    pub(crate) is_command: bool,
    line: Option<Line>,
}

/// The last run of a check.
#[derive(Debug, Clone)]
pub(crate) struct CheckRun {
    pub(crate) kinds: Vec<CheckKind>,
    pub(crate) ran: Ran,
    pub(crate) hidden: bool,
    pub(crate) failing: Vec<String>,
    pub(crate) runs: u64,
    /// Edits of files when it began.
    pub(crate) edits: u64,
    /// The first edit after it.
    pub(crate) stale: Option<Mark>,
}

/// A commit, as git told of it.
#[derive(Debug, Clone)]
pub(crate) struct Committed {
    pub(crate) sha: String,
    pub(crate) subject: String,
    pub(crate) branch: String,
    pub(crate) mark: Mark,
}

/// Follows calls.
#[derive(Debug, Default)]
pub(crate) struct Commands {
    /// Calls without a result, by id.
    pub(crate) pending: HashMap<String, Call>,
    /// Calls without an id of the same.
    pub(crate) last: Option<Ran>,
    pub(crate) last_by_person: Option<Ran>,
    pub(crate) last_failure: Option<LastFailure>,
    failures: HashMap<String, Failed>,
    pub(crate) checks: HashMap<String, CheckRun>,
    pub(crate) commits: Vec<Committed>,
    /// Commits that were left out of the middle.
    pub(crate) commits_left_out: u64,
    /// Every command, for those who ask for them.
    pub(crate) ledger: Option<Ledger>,
}

impl Commands {
    /// A call begins.
    pub(crate) fn begin(&mut self, call_id: Option<&str>, call: Call) {
        if let (Some(ledger), What::Shell { command, line, .. }) = (&mut self.ledger, &call.what) {
            ledger.begin(line, command, call.mark);
        }
        if let What::Shell { command, by_person, .. } = &call.what
            && !call.in_subagent
        {
            let ran =
                Ran { command: command.clone(), outcome: Outcome::Unknown, exit: None, mark: call.mark, output: None };
            *(if *by_person { &mut self.last_by_person } else { &mut self.last }) = Some(ran);
        }
        if self.pending.len() < MAX_PENDING {
            // A call without an id is its own.
            let id = call_id.map_or_else(|| format!("\0{}:{}", call.mark.session, call.mark.event), str::to_owned);
            self.pending.insert(id, call);
        }
    }

    /// The call that a result belongs to: by its id; without one the only one that waits.
    pub(crate) fn take(&mut self, call_id: Option<&str>) -> Option<Call> {
        if let Some(id) = call_id {
            return self.pending.remove(id);
        }
        let id = self.pending.iter().min_by_key(|(_, call)| call.mark).map(|(id, _)| id.clone())?;
        self.pending.remove(&id)
    }

    /// A result came. `text` is what the model was shown.
    pub(crate) fn end(&mut self, call: &Call, result: &ToolResult, text: &str, mark: Mark, files: &mut Files) {
        let outcome = match result.status {
            Status::Ok => Outcome::Ok,
            // What ran beside a call that failed was never run; nor was what the client's own rules forbid.
            Status::Error if is_cancelled(text) => Outcome::Interrupted,
            Status::Error if is_denied(text) => Outcome::Rejected,
            Status::Error => Outcome::Failed,
            Status::Rejected => Outcome::Rejected,
            Status::Interrupted => Outcome::Interrupted,
            Status::Running => Outcome::Running,
        };
        match &call.what {
            What::Shell { command, line, cwd, by_person } => {
                let reading = if line.checks.is_empty() { Reading::default() } else { read_output(result, text) };
                let is_untold = outcome == Outcome::Ok && result.exit_code.is_none() && call.by_code_alone;
                let ran = Ran {
                    command: command.clone(),
                    outcome: ended(outcome, is_untold, result.exit_code, line, &reading),
                    exit: result.exit_code,
                    mark: call.mark,
                    output: Some(mark),
                };
                self.shell(&ran, line, call, result, text, mark, reading, is_untold || outcome == Outcome::Failed);
                if !call.in_subagent {
                    let place = if *by_person { &mut self.last_by_person } else { &mut self.last };
                    if place.as_ref().is_some_and(|last| last.mark == call.mark) {
                        *place = Some(ran);
                    }
                }
                if matches!(outcome, Outcome::Ok | Outcome::Failed) {
                    self.effects(line, cwd.as_deref(), outcome, text, mark, call.mark, files);
                }
            }
            What::Tool { name, about, input } => {
                let key = format!("{}\0{}", tool_class(name), about.as_ref().unwrap_or(input));
                match outcome {
                    Outcome::Ok => {
                        self.failures.remove(&key);
                    }
                    Outcome::Failed => {
                        let about = about.as_ref().unwrap_or(input);
                        let what = if about.is_empty() { name.clone() } else { format!("{name} {about}") };
                        self.fail(key, what, text, call.mark, mark, None);
                    }
                    _ => {}
                }
            }
        }
    }

    /// `told` is whether the failure is the whole line's, rather than that of a part whose exit code something hides.
    #[expect(clippy::too_many_arguments, reason = "the parts of one call and its result, used nowhere else")]
    fn shell(
        &mut self,
        ran: &Ran,
        line: &Line,
        call: &Call,
        result: &ToolResult,
        text: &str,
        mark: Mark,
        reading: Reading,
        told: bool,
    ) {
        let outcome = ran.outcome;
        if let Some(ledger) = &mut self.ledger {
            ledger.end(line, outcome, ran.exit, ran.mark);
        }
        if !line.checks.is_empty() && outcome != Outcome::Rejected {
            self.check(ran, line, call, reading);
        }
        match outcome {
            Outcome::Ok => self.succeed(line, call.mark),
            Outcome::Failed => {
                if told && !call.in_subagent {
                    let words = ending(result, text).map(|words| (words, mark));
                    self.last_failure =
                        Some(LastFailure { ran: ran.clone(), words, resolved_by: None, line: line.clone() });
                }
                let output = ending(result, text).unwrap_or_default();
                self.fail(line.signature.clone(), ran.command.clone(), &output, call.mark, mark, Some(line));
            }
            _ => {}
        }
    }

    fn check(&mut self, ran: &Ran, line: &Line, call: &Call, reading: Reading) {
        let mut kinds: Vec<CheckKind> = line.checks.iter().map(|(kind, _)| *kind).collect();
        kinds.sort_by_key(|kind| std::cmp::Reverse(check::weight(*kind)));
        kinds.dedup();
        let name = line.check_name();
        let runs = self.checks.get(&name).map_or(0, |check| check.runs) + 1;
        if runs == 1 && self.checks.len() >= MAX_CHECKS {
            // The one that was run longest ago gives way.
            if let Some(oldest) =
                self.checks.iter().min_by_key(|(_, check)| check.ran.mark).map(|(name, _)| name.clone())
            {
                self.checks.remove(&oldest);
            }
        }
        let failing = if ran.outcome == Outcome::Failed { reading.failing } else { Vec::new() };
        let ran = Ran { command: bounded(&name, COMMAND_BYTES).to_owned(), ..ran.clone() };
        let check = CheckRun { kinds, ran, hidden: line.masked, failing, runs, edits: call.edits_before, stale: None };
        self.checks.insert(name, check);
    }

    /// An edit: what checks said before may no longer hold.
    pub(crate) fn edited(&mut self, edits: u64, mark: Mark) {
        for check in self.checks.values_mut() {
            if check.stale.is_none() && edits > check.edits {
                check.stale = Some(mark);
            }
        }
    }

    fn succeed(&mut self, line: &Line, mark: Mark) {
        if let Some(last) = &mut self.last_failure
            && last.resolved_by.is_none()
            && makes_good(line, &last.line)
        {
            last.resolved_by = Some(mark);
        }
        self.failures.remove(&line.signature);
        if !line.checks.is_empty() {
            self.failures.retain(|_, failed| failed.line.as_ref().is_none_or(|failed| !makes_good(line, failed)));
        }
    }

    fn fail(&mut self, key: String, what: String, words: &str, call: Mark, output: Mark, line: Option<&Line>) {
        let times = self.failures.get(&key).map_or(0, |failed| failed.times) + 1;
        if times == 1 && self.failures.len() >= MAX_FAILURES {
            return;
        }
        let words = bounded_end(words.trim(), OUTPUT_BYTES).to_owned();
        let words = Some((words, output)).filter(|(words, _)| !words.is_empty());
        let failed = Failed { what, words, times, last: call, is_command: line.is_some(), line: line.cloned() };
        self.failures.insert(key, failed);
    }

    /// What a command did to files and commits.
    #[expect(clippy::too_many_arguments, reason = "the parts of one call and its result, used nowhere else")]
    fn effects(
        &mut self,
        line: &Line,
        cwd: Option<&str>,
        outcome: Outcome,
        text: &str,
        mark: Mark,
        call: Mark,
        files: &mut Files,
    ) {
        let mut commits = false;
        let mut directory = cwd.map(str::to_owned);
        for command in &line.commands {
            if command.words.first().is_some_and(|word| word == "cd")
                && let Some(to) = command.words.get(1)
            {
                directory = Some(match &directory {
                    Some(from) if !to.starts_with(['/', '~']) => format!("{}/{to}", from.trim_end_matches('/')),
                    _ => to.clone(),
                });
            }
            if outcome == Outcome::Ok {
                shell::changed_files(command, &mut |path, change| {
                    files.shell(path, change, directory.as_deref(), call);
                });
            }
            let Some((verb, rest)) = git_verb(&command.words) else { continue };
            let paths: Vec<&str> = rest.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
            match verb {
                "add" | "rm" | "mv" => files.stage(&paths, directory.as_deref()),
                "commit" => {
                    commits = true;
                    let takes_all =
                        |flag: &String| flag == "--all" || flag.starts_with("-a") && !flag.starts_with("--");
                    if rest.iter().any(takes_all) {
                        files.stage(&[], directory.as_deref());
                    }
                }
                "cherry-pick" | "revert" | "merge" | "am" | "rebase" => commits = true,
                _ => {}
            }
        }
        if !commits {
            return;
        }
        for (branch, sha, subject) in text.lines().filter_map(committed) {
            files.commit(sha);
            self.commit(sha, subject, branch, mark);
        }
    }

    fn commit(&mut self, sha: &str, subject: &str, branch: &str, mark: Mark) {
        if self.commits.len() >= MAX_COMMITS {
            self.commits.remove(MAX_COMMITS / 2);
            self.commits_left_out += 1;
        }
        let subject = bounded(subject, 512).to_owned();
        self.commits.push(Committed { sha: sha.to_owned(), subject, branch: branch.to_owned(), mark });
    }

    /// A client that commits by itself said so, or that it took a commit back.
    pub(crate) fn client_said(&mut self, text: &str, mark: Mark, files: &mut Files) {
        for line in text.lines() {
            if let Some((sha, subject)) = line.strip_prefix("Commit ").and_then(sha_and_subject) {
                files.commit_edits(sha);
                self.commit(sha, subject, "", mark);
            } else if let Some((sha, _)) = line.strip_prefix("Removed: ").and_then(sha_and_subject) {
                let is_it = |known: &str| known.starts_with(sha) || sha.starts_with(known);
                self.commits.retain(|commit| !is_it(&commit.sha));
                files.uncommit(is_it);
            }
        }
    }

    /// Failures that nothing made good, oldest first.
    pub(crate) fn unresolved(&self) -> Vec<&Failed> {
        let mut failures: Vec<_> = self.failures.values().collect();
        failures.sort_by_key(|failed| failed.last);
        failures
    }

    /// The last run of each check, oldest first.
    pub(crate) fn checks_by_time(&self) -> Vec<&CheckRun> {
        let mut checks: Vec<_> = self.checks.values().collect();
        checks.sort_by_key(|check| check.ran.mark);
        checks
    }

    /// A session ends: what waits for a result will get none.
    pub(crate) fn end_session(&mut self) {
        self.pending.clear();
    }
}

/// Whether an agent tells by the exit code alone how a command of that tool ended.
pub(crate) fn tells_by_code_alone(agent: &str, tool: &str) -> bool {
    CODE_ALONE.iter().any(|(known, only)| *known == agent && only.is_none_or(|only| only == tool))
}

/// How a command ended: its exit code is the truth, unless something hides it or there is none. Then what it printed
/// tells, or nothing does.
fn ended(said: Outcome, is_untold: bool, exit: Option<i32>, line: &Line, reading: &Reading) -> Outcome {
    match said {
        Outcome::Failed if exit == Some(BROKEN_PIPE) && line.piped && !reading.failed => {
            if line.checks.is_empty() || reading.passed { Outcome::Ok } else { Outcome::Unknown }
        }
        Outcome::Ok if reading.failed && (line.masked || is_untold) => Outcome::Failed,
        Outcome::Ok if is_untold && !reading.passed => Outcome::Unknown,
        other => other,
    }
}

/// Bytes kept of a command line.
pub(crate) fn kept_command(command: &str) -> String {
    bounded(command, COMMAND_BYTES).to_owned()
}

/// Whether the success of `later` makes the failure of `earlier` good: the same commands, or the same checks as a part of
/// it, or all that there is of the same check.
fn makes_good(later: &Line, earlier: &Line) -> bool {
    if later.signature == earlier.signature {
        return true;
    }
    if earlier.checks.is_empty() {
        return false;
    }
    earlier.checks.iter().all(|(kind, text)| {
        later
            .checks
            .iter()
            .any(|(later_kind, later_text)| later_text == text || later_kind == kind && is_wider(later_text, text))
    })
}

/// Whether a check covers another of the same tool: it names nothing to narrow it down.
fn is_wider(wide: &str, narrow: &str) -> bool {
    let tool = |text: &str| -> Vec<String> {
        text.split_whitespace()
            .take_while(|word| !word.starts_with(['-', '.', '/']))
            .take(2)
            .map(str::to_owned)
            .collect()
    };
    if tool(wide) != tool(narrow) {
        return false;
    }
    let targets = |text: &str| text.split_whitespace().skip(2).filter(|word| !word.starts_with('-')).count();
    let filters = |text: &str| {
        text.split_whitespace()
            .any(|word| matches!(word, "-run" | "-k" | "-t" | "-p" | "--filter" | "--test" | "--grep" | "-m"))
    };
    let tags =
        |text: &str| text.split_whitespace().any(|word| word.starts_with("-tags") || word.starts_with("--features"));
    let all =
        wide.split_whitespace().any(|word| matches!(word, "./..." | "..." | "--workspace" | "--all" | "." | ".."))
            || targets(wide) == 0;
    all && !filters(wide) && (tags(wide) || !tags(narrow))
}

/// Reads, edits and searches of one file are told apart: an edit that succeeds makes a failed edit good.
fn tool_class(name: &str) -> &str {
    if crate::text::is_edit_tool(name) {
        "edit"
    } else if crate::text::is_read_tool(name) {
        "read"
    } else {
        name
    }
}

fn read_output(result: &ToolResult, text: &str) -> Reading {
    let mut reading = output::read(text);
    if let Some(stderr) = &result.stderr {
        let more = output::read(stderr);
        reading.failed |= more.failed;
        reading.passed |= more.passed;
        for name in more.failing {
            if !reading.failing.contains(&name) {
                reading.failing.push(name);
            }
        }
    }
    reading
}

/// Claude Code ends calls that ran beside one that failed.
fn is_cancelled(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with("<tool_use_error>Sibling tool call errored")
        || text.starts_with("<tool_use_error>Cancelled: parallel tool call")
}

/// Claude Code's own rules forbade the call: nobody was asked.
fn is_denied(text: &str) -> bool {
    let text = text.trim_start();
    (text.starts_with("Permission to use ") || text.starts_with("Permission for this action "))
        && text.contains("has been denied")
}

/// The end of what a failed command printed.
fn ending(result: &ToolResult, text: &str) -> Option<String> {
    let text = if text.trim().is_empty() { result.stderr.as_deref().unwrap_or_default() } else { text };
    let whole = text.trim();
    let text = bounded_end(whole, OUTPUT_BYTES).trim_start_matches(' ');
    // What was cut begins with a line, where it holds a whole one.
    let text = match text.split_once('\n') {
        Some((_, rest)) if text.len() < whole.len() && !rest.trim().is_empty() => rest,
        _ => text,
    };
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// git's subcommand and what comes after it, when the words are a call of git.
fn git_verb(words: &[String]) -> Option<(&str, &[String])> {
    if shell::program(words.first()?) != "git" {
        return None;
    }
    let mut at = 1;
    while let Some(word) = words.get(at) {
        match word.as_str() {
            "-C" | "-c" | "--git-dir" | "--work-tree" => at += 2,
            word if word.starts_with('-') => at += 1,
            word => return Some((word, &words[at + 1..])),
        }
    }
    None
}

/// `1a2b3c4 Subject`: id and first line of a commit.
fn sha_and_subject(text: &str) -> Option<(&str, &str)> {
    let (sha, subject) = text.split_once(' ')?;
    let is_sha = (7..=40).contains(&sha.len()) && sha.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_sha.then_some((sha, subject.trim()))
}

/// `[main 1a2b3c4] Subject`, `[main (root-commit) 1a2b3c4] Subject`: branch, id and first line of a commit.
fn committed(line: &str) -> Option<(&str, &str, &str)> {
    let rest = line.trim_start().strip_prefix('[')?;
    let (head, subject) = rest.split_once("] ")?;
    let (branch, sha) = head.rsplit_once(' ')?;
    let is_sha = (7..=40).contains(&sha.len()) && sha.bytes().all(|byte| byte.is_ascii_hexdigit());
    let branch = branch.strip_suffix(" (root-commit)").unwrap_or(branch);
    (is_sha && !branch.is_empty() && branch.len() <= 256).then_some((branch, sha, subject.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_read() {
        assert_eq!(committed("[main 1a2b3c4] Fix it"), Some(("main", "1a2b3c4", "Fix it")));
        assert_eq!(committed("[main (root-commit) 1a2b3c4] Fix it"), Some(("main", "1a2b3c4", "Fix it")));
        assert_eq!(committed("[detached HEAD 1a2b3c4] [x] y"), Some(("detached HEAD", "1a2b3c4", "[x] y")));
        assert_eq!(committed("[lint] $ golangci-lint run"), None);
    }

    #[test]
    fn a_wider_check_makes_a_narrow_one_good() {
        let good = |later: &str, earlier: &str| makes_good(&Line::parse(later), &Line::parse(earlier));
        assert!(good("go test ./... 2>&1 | tail -5", "cd x && go test ./..."));
        assert!(good("go test ./...", "go test ./cmd/a -run TestB"));
        assert!(good("mise run fmt && mise run lint && mise run test", "mise run lint"));
        assert!(!good("go test ./cmd/a", "go test ./..."));
        assert!(!good("go test ./...", "go test -tags=integration ./..."));
        assert!(!good("mise run test", "mise run test:ci"));
        assert!(!good("ls", "cat x"));
    }
}
