//! From what was gathered to the handoff in full: every text cleaned and redacted, every claim with its citation.
//! Nothing is cut here but texts of more than a few kilobytes.

use std::collections::{BTreeMap, BTreeSet};

use super::collector::{Collector, Session, TailKind};
use super::commands::{Ran, What};
use super::document::{
    Abandoned, Check, Commit, Decision, DecisionKind, FailedRun, Failure, FileChange, FileFate, FilesTotal, Handoff,
    NextStep, Objective, OpenTodo, Outcome, Quote, RepositoryState, Run, SessionHead, Standing, State,
};
use super::files::{File, shown};
use super::mark::Mark;
use super::markdown::has_uncommitted;
use super::prompts::Prompt;
use super::quote;
use crate::TodoStatus;
use crate::redact::Redactor;

/// How often a command must have failed to count as given up.
const FAILED_OFTEN: u64 = 3;

/// A handoff in full, and what its citations stand for.
#[derive(Debug)]
pub struct Draft {
    pub(crate) handoff: Handoff,
    pub(crate) marks: BTreeMap<String, Mark>,
}

impl Collector {
    /// Puts together what was gathered.
    pub fn finish(mut self, redactor: &Redactor) -> Draft {
        self.end_session();
        self.draft(redactor)
    }

    /// The same of a session that was ended, of which more is wanted.
    pub(crate) fn draft(&self, redactor: &Redactor) -> Draft {
        let mut composer = Composer {
            several: self.sessions.len() > 1,
            collected: self,
            redactor: redactor.fresh(),
            marks: BTreeMap::new(),
        };
        let mut handoff = composer.compose();
        handoff.redactions = composer.redactor.found().clone();
        // A home directory is no secret: that it became `~` is seen.
        handoff.redactions.remove("home");
        Draft { handoff, marks: composer.marks }
    }
}

struct Composer<'c> {
    several: bool,
    collected: &'c Collector,
    redactor: Redactor,
    marks: BTreeMap<String, Mark>,
}

impl Composer<'_> {
    fn compose(&mut self) -> Handoff {
        let collected = self.collected;
        let mut handoff = Handoff { v: super::VERSION.to_owned(), ..Handoff::default() };
        handoff.sessions = collected.sessions.iter().map(|session| self.head(session)).collect();
        handoff.objective = self.objective();
        handoff.checks = self.checks();
        handoff.state = self.state();
        handoff.files = self.files();
        handoff.files_total = self.files_total(&handoff.files);
        handoff.subagents = collected.subagents.iter().map(|(text, mark)| self.line_quote(text, *mark)).collect();
        handoff.errors = self.errors();
        handoff.todos = self.todos();
        handoff.decisions = self.decisions();
        handoff.commits = collected
            .commands
            .commits
            .iter()
            .map(|commit| Commit {
                sha: commit.sha.clone(),
                subject: self.line(&commit.subject),
                branch: Some(self.line(&commit.branch)).filter(|branch| !branch.is_empty()),
                cite: self.cite(commit.mark),
            })
            .collect();
        handoff.state.last_commit = handoff.commits.last().cloned();
        handoff.abandoned = self.abandoned(&handoff.files);
        handoff.prompts = collected.prompts.iter().map(|prompt| self.line_quote(&prompt.text, prompt.mark)).collect();
        handoff.next = next_steps(&handoff);
        let left_out = [
            ("prompts", collected.prompts.left_out),
            ("decisions", collected.decisions_left_out),
            ("commits", collected.commands.commits_left_out),
            ("subagents", collected.subagents_left_out),
        ];
        handoff.omitted = left_out
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| (name.to_owned(), count))
            .collect();
        handoff
    }

    fn cite(&mut self, mark: Mark) -> String {
        let cite = if self.several {
            let facts = &self.collected.sessions[mark.session as usize].facts;
            match facts.short_id.as_str() {
                "" => format!("{}#{}", mark.session + 1, mark.event),
                id => format!("{id}#{}", mark.event),
            }
        } else {
            format!("#{}", mark.event)
        };
        self.marks.insert(cite.clone(), mark);
        cite
    }

    /// A text of several lines, clean and redacted.
    fn lines(&mut self, text: &str) -> String {
        let clean = quote::clean(text);
        self.redactor.text(clean.trim()).into_owned()
    }

    /// A text on one line, clean and redacted.
    fn line(&mut self, text: &str) -> String {
        // Redacted before lines are folded: keys of several lines are known by their lines.
        let clean = self.lines(text);
        quote::one_line(&clean)
    }

    fn quote(&mut self, text: &str, mark: Mark) -> Quote {
        Quote { text: self.lines(text), cite: self.cite(mark) }
    }

    fn line_quote(&mut self, text: &str, mark: Mark) -> Quote {
        Quote { text: self.line(text), cite: self.cite(mark) }
    }

    fn output_quote(&mut self, words: Option<&(String, Mark)>) -> Option<Quote> {
        let (text, mark) = words?;
        let clean = self.lines(text);
        let text = quote::one_line(telling_part(&clean));
        (!text.is_empty()).then(|| Quote { text, cite: self.cite(*mark) })
    }

    fn head(&mut self, session: &Session) -> SessionHead {
        let facts = &session.facts;
        let mut line =
            |text: &Option<String>| text.as_ref().map(|text| self.line(text)).filter(|text| !text.is_empty());
        SessionHead {
            id: facts.id.clone(),
            short_id: facts.short_id.clone(),
            agent: facts.agent.clone(),
            model: line(&facts.model),
            title: line(&facts.title),
            cwd: line(&facts.cwd),
            repository: line(&facts.repository),
            branch: line(&facts.branch),
            started: session.first.or(facts.started),
            updated: session.last,
            turns: session.turns,
            events: session.events,
        }
    }

    fn objective(&mut self) -> Objective {
        let collected = self.collected;
        let prompts = &collected.prompts;
        let first = prompts.objective();
        let is_other = |prompt: &&Prompt| first.is_none_or(|first| first.mark != prompt.mark);
        let latest = prompts.latest.as_ref().filter(is_other);
        let slash = prompts.latest_slash.as_ref().filter(is_other);
        Objective {
            first: first.map(|prompt| self.quote(&prompt.text, prompt.mark)),
            latest: latest.map(|prompt| self.quote(&prompt.text, prompt.mark)),
            latest_slash: slash.map(|prompt| self.line_quote(&prompt.text, prompt.mark)),
            tool_summary: collected.tool_summary.as_ref().map(|(text, mark)| self.quote(text, *mark)),
        }
    }

    fn state(&mut self) -> State {
        let collected = self.collected;
        let mut state = State::default();
        let Some(session) = collected.sessions.last() else { return state };
        let (standing, reason, mark) = standing(session);
        state.standing = standing;
        state.reason = self.line(&reason);
        state.cite = mark.map(|mark| self.cite(mark));
        state.last_words = session.last_words.as_ref().map(|(text, mark)| self.quote(text, *mark));
        state.question = session
            .open_question
            .as_ref()
            .filter(|(_, asked, _)| !asked.is_empty())
            .map(|(_, asked, mark)| self.quote(asked, *mark));
        let commands = &collected.commands;
        state.last_command = commands.last.as_ref().or(commands.last_by_person.as_ref()).map(|ran| self.run(ran));
        state.last_failure = commands.last_failure.as_ref().map(|failure| FailedRun {
            run: self.run(&failure.ran),
            output: self.output_quote(failure.words.as_ref()),
            resolved: failure.resolved_by.is_some(),
            resolved_by: failure.resolved_by.map(|mark| self.cite(mark)),
        });
        state.pull_requests = collected.pull_requests.iter().map(|(url, mark)| self.line_quote(url, *mark)).collect();
        state.now = session.facts.now.as_ref().map(|now| self.repository(now));
        state
    }

    fn repository(&mut self, now: &RepositoryState) -> RepositoryState {
        RepositoryState {
            path: self.line(&now.path),
            branch: now.branch.as_ref().map(|branch| self.line(branch)),
            head: now.head.clone(),
            changes: now.changes.iter().map(|change| self.line(change)).collect(),
            changed: now.changed,
            unpushed: now.unpushed.iter().map(|commit| self.line(commit)).collect(),
            unpushed_count: now.unpushed_count,
        }
    }

    fn run(&mut self, ran: &Ran) -> Run {
        Run {
            command: self.line(&ran.command),
            outcome: ran.outcome,
            exit: ran.exit,
            cite: self.cite(ran.mark),
            output_cite: ran.output.map(|mark| self.cite(mark)),
        }
    }

    fn files(&mut self) -> Vec<FileChange> {
        let collected = self.collected;
        let mut files: Vec<FileChange> =
            collected.files.iter().filter_map(|(path, file)| self.file(path, file)).collect();
        files.sort_by(|one, other| one.path.cmp(&other.path));
        files
    }

    fn file(&mut self, path: &str, file: &File) -> Option<FileChange> {
        let mark = file.last.or(file.shell)?;
        let cwd = self.collected.sessions.get(mark.session as usize).and_then(|session| session.facts.cwd.clone());
        let net = match &file.replay {
            _ if file.edits == 0 => None,
            Some(replay) => replay.net(),
            None => None,
        };
        let nothing_left = net == Some((0, 0)) && file.edits > 0 && file.all_added + file.all_removed > 0;
        let fate = match file {
            File { created: true, deleted: true, .. } => FileFate::Undone,
            File { deleted: true, .. } => FileFate::Deleted,
            File { created: true, .. } => FileFate::Created,
            File { from: Some(_), .. } => FileFate::Renamed,
            _ if nothing_left => FileFate::Undone,
            _ => FileFate::Changed,
        };
        let (added, removed) = net.unzip();
        let more = |all: u64, net: Option<u64>| Some(all).filter(|all| net != Some(*all) && file.counted > 0);
        Some(FileChange {
            path: self.line(shown(path, cwd.as_deref())),
            fate,
            from: file.from.as_ref().map(|from| self.line(shown(from, cwd.as_deref()))),
            added,
            removed,
            edits: file.edits,
            all_added: more(file.all_added, added),
            all_removed: more(file.all_removed, removed),
            commit: file.commit.clone(),
            edited_since_commit: file.commit.is_some() && file.edited_since_commit,
            shell: file.shell.map(|mark| self.cite(mark)),
            thrown_away: file.thrown_away.map(|mark| self.cite(mark)),
            cite: self.cite(mark),
        })
    }

    fn files_total(&self, files: &[FileChange]) -> Option<FilesTotal> {
        let not_followed = Some(self.collected.files.not_followed).filter(|count| *count > 0);
        if files.is_empty() && not_followed.is_none() {
            return None;
        }
        Some(FilesTotal {
            files: files.len() as u64,
            added: files.iter().filter_map(|file| file.added).sum(),
            removed: files.iter().filter_map(|file| file.removed).sum(),
            unknown: Some(files.iter().filter(|file| file.edits > 0 && file.added.is_none()).count() as u64)
                .filter(|count| *count > 0),
            not_followed,
        })
    }

    fn checks(&mut self) -> Vec<Check> {
        let collected = self.collected;
        let checks = collected.commands.checks_by_time();
        checks
            .into_iter()
            .map(|check| {
                let run = self.run(&check.ran);
                Check {
                    kinds: check.kinds.clone(),
                    command: run.command,
                    outcome: run.outcome,
                    exit: run.exit,
                    exit_hidden: check.hidden,
                    failing: check.failing.iter().map(|name| self.line(name)).collect(),
                    failing_count: None,
                    runs: check.runs,
                    stale: check.stale.map(|mark| self.cite(mark)),
                    cite: run.cite,
                    output_cite: run.output_cite,
                }
            })
            .collect()
    }

    fn errors(&mut self) -> Vec<Failure> {
        let collected = self.collected;
        let mut errors: Vec<(Mark, Failure)> = Vec::new();
        for failed in collected.commands.unresolved() {
            let failure = Failure {
                what: self.line(&failed.what),
                output: self.output_quote(failed.words.as_ref()),
                times: failed.times,
                cite: self.cite(failed.last),
            };
            errors.push((failed.last, failure));
        }
        for (message, mark) in &collected.provider_errors {
            let failure = Failure { what: self.line(message), output: None, times: 1, cite: self.cite(*mark) };
            errors.push((*mark, failure));
        }
        errors.sort_by_key(|(mark, _)| *mark);
        errors.into_iter().map(|(_, failure)| failure).collect()
    }

    fn todos(&mut self) -> Vec<OpenTodo> {
        let open = self.collected.open_todos();
        open.into_iter()
            .map(|(item, mark)| OpenTodo {
                text: self.line(&item.content),
                in_progress: item.status == TodoStatus::InProgress,
                cite: self.cite(mark),
            })
            .collect()
    }

    fn decisions(&mut self) -> Vec<Decision> {
        let collected = self.collected;
        collected
            .decisions
            .iter()
            .map(|decided| Decision {
                kind: decided.kind,
                about: decided.about.as_ref().map(|about| self.line(about)),
                text: self.line(&decided.text),
                cite: self.cite(decided.mark),
            })
            .collect()
    }

    fn abandoned(&mut self, files: &[FileChange]) -> Vec<Abandoned> {
        let collected = self.collected;
        let mut abandoned = Vec::new();
        for file in files {
            let edits = counted(file.edits, "edit", "edits");
            if let Some(cite) = &file.thrown_away {
                let why = format!("{edits}; uncommitted changes dropped by git");
                abandoned.push(Abandoned { what: file.path.clone(), why, cite: cite.clone() });
            } else if file.fate == FileFate::Undone {
                let why =
                    if file.added == Some(0) && file.edits > 0 && file.all_added.is_some() && file.removed == Some(0) {
                        format!("{edits}, nothing left of them")
                    } else {
                        "created and deleted again".to_owned()
                    };
                abandoned.push(Abandoned { what: file.path.clone(), why, cite: file.cite.clone() });
            }
        }
        for failed in collected.commands.unresolved() {
            if failed.is_command && failed.times >= FAILED_OFTEN {
                abandoned.push(Abandoned {
                    what: self.line(&failed.what),
                    why: format!("failed {} times, never succeeded after", failed.times),
                    cite: self.cite(failed.last),
                });
            }
        }
        abandoned
    }
}

/// What follows from the rest. Every step repeats a fact that stands above it.
fn next_steps(handoff: &Handoff) -> Vec<NextStep> {
    let mut next = Vec::new();
    let mut step = |text: String, cite: &str| next.push(NextStep { text, cite: cite.to_owned() });
    let state = &handoff.state;
    if let Some(question) = &state.question {
        step("answer what the agent asked".to_owned(), &question.cite);
    } else if let Some(cite) = &state.cite {
        match state.standing {
            Standing::Interrupted => step(format!("take up what was cut off: {}", state.reason), cite),
            Standing::WaitingForTool => step(format!("see what became of the call: {}", state.reason), cite),
            Standing::WaitingForUser => step("answer what the agent asked".to_owned(), cite),
            Standing::Finished | Standing::Working => {}
        }
    }
    for check in handoff.checks.iter().rev().filter(|check| check.outcome == Outcome::Failed) {
        let failing = match check.failing.len() {
            0 => String::new(),
            count => format!(" ({})", counted(count as u64, "failing test", "failing tests")),
        };
        let verb =
            if check.stale.is_some() { "run again, it failed and files were edited since" } else { "make it pass" };
        step(format!("{verb}: {}{failing}", check.command), &check.cite);
    }
    for check in handoff.checks.iter().rev().filter(|check| check.outcome == Outcome::Ok && check.stale.is_some()) {
        step(format!("run again, files were edited since: {}", check.command), &check.cite);
    }
    for check in handoff.checks.iter().rev().filter(|check| check.outcome == Outcome::Unknown) {
        step(format!("run again, how it ended is not known: {}", check.command), &check.cite);
    }
    for todo in handoff.todos.iter().filter(|todo| todo.in_progress) {
        step(format!("go on with the todo: {}", todo.text), &todo.cite);
    }
    for todo in handoff.todos.iter().filter(|todo| !todo.in_progress) {
        step(format!("do the todo: {}", todo.text), &todo.cite);
    }
    let since: Vec<&FileChange> = handoff
        .files
        .iter()
        .filter(|file| {
            file.edits > 0 && (file.edited_since_commit || file.commit.is_none()) && file.fate != FileFate::Undone
        })
        .collect();
    if let Some(last) = since.last() {
        let files = counted(since.len() as u64, "file", "files");
        match &state.last_commit {
            Some(commit) => step(
                format!("look whether {files} edited and not seen in a commit (the last is {}) should be", commit.sha),
                &last.cite,
            ),
            None if has_uncommitted(handoff) => {
                step(format!("look whether {files} edited should be committed: no commit was seen"), &last.cite);
            }
            None => {}
        }
    }
    let is_check = |cite: &str| handoff.checks.iter().any(|check| check.cite == cite);
    if let Some(failure) = &state.last_failure
        && !failure.resolved
        && !is_check(&failure.run.cite)
    {
        step("look at the command that failed last".to_owned(), &failure.run.cite);
    }
    next
}

/// How a session stands, why, and which event tells.
fn standing(session: &Session) -> (Standing, String, Option<Mark>) {
    let waits = |session: &Session| {
        session.waiting.last().map(|call| {
            let what = match &call.what {
                What::Shell { command, .. } => quote::cut(&quote::one_line(command), 80),
                What::Tool { name, .. } => name.clone(),
            };
            (what, call.mark)
        })
    };
    if let Some((name, _, mark)) = &session.open_question {
        return (Standing::WaitingForUser, format!("{name} has no answer"), Some(*mark));
    }
    let tail = session.tail.as_ref();
    if let Some(tail) = tail.filter(|tail| matches!(tail.kind, TailKind::Interrupted | TailKind::Rejected)) {
        let reason = if tail.kind == TailKind::Rejected {
            "the person refused the last call"
        } else {
            "the person stopped the agent"
        };
        return (Standing::Interrupted, reason.to_owned(), Some(tail.mark));
    }
    if session.facts.is_live {
        let mark = tail.map(|tail| tail.mark);
        return match waits(session) {
            Some((what, mark)) => (Standing::WaitingForTool, what, Some(mark)),
            None => (Standing::Working, "the session is being written".to_owned(), mark),
        };
    }
    let Some(tail) = tail else { return (Standing::Finished, "nothing was asked".to_owned(), None) };
    match tail.kind {
        TailKind::Prompt => (Standing::Interrupted, "the last prompt has no answer".to_owned(), Some(tail.mark)),
        TailKind::Call => match waits(session) {
            Some((what, mark)) => (Standing::WaitingForTool, format!("no result of {what}"), Some(mark)),
            None => (Standing::Interrupted, "the agent said nothing after its last call".to_owned(), Some(tail.mark)),
        },
        TailKind::Result => {
            (Standing::Interrupted, "the agent said nothing after the last output".to_owned(), Some(tail.mark))
        }
        TailKind::Error => (Standing::Interrupted, quote::cut(&quote::one_line(&tail.text), 160), Some(tail.mark)),
        TailKind::Agent | TailKind::Rejected | TailKind::Interrupted => {
            let asks = session.last_words.as_ref().is_some_and(|(text, _)| asks(text));
            if asks {
                (Standing::WaitingForUser, "the agent's last words ask something".to_owned(), Some(tail.mark))
            } else {
                (Standing::Finished, "the agent answered".to_owned(), Some(tail.mark))
            }
        }
    }
}

/// Whether the last paragraph of a text ends as a question.
fn asks(text: &str) -> bool {
    let last = text.trim_end().lines().next_back().unwrap_or_default();
    let last = last.trim_end_matches(['*', '_', '`', ')', '"', ' ']);
    last.ends_with(['?', '？'])
}

/// From the first line that names what went wrong; all of it where no line does.
fn telling_part(text: &str) -> &str {
    // By these a tool begins to say what is wrong; the others may stand in its talk too.
    const PLAIN: [&str; 5] = ["error:", "error[", "fatal:", "panicked at", "exception:"];
    const TELLING: [&str; 14] = [
        "error",
        "fail",
        "panic",
        "fatal",
        "exception",
        "not found",
        "no such",
        "cannot",
        "can't",
        "denied",
        "undefined",
        "unknown",
        "invalid",
        "refused",
    ];
    for words in [PLAIN.as_slice(), TELLING.as_slice()] {
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let lower = line.to_lowercase();
            let is_code = lower.trim_start().starts_with("exit code ");
            if !is_code && words.iter().any(|word| lower.contains(word)) {
                return &text[at..];
            }
            at += line.len();
        }
    }
    // The code itself is told with the outcome.
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    if first.trim_start().to_lowercase().starts_with("exit code ") { rest } else { text }
}

pub(crate) fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// The citations of a handoff, each once.
pub(crate) fn cites(handoff: &Handoff) -> BTreeSet<&str> {
    let mut cites: BTreeSet<&str> = BTreeSet::new();
    let objective = &handoff.objective;
    let state = &handoff.state;
    let quotes = [
        &objective.first,
        &objective.latest,
        &objective.latest_slash,
        &objective.tool_summary,
        &state.last_words,
        &state.question,
    ];
    cites.extend(quotes.into_iter().flatten().map(|quote| quote.cite.as_str()));
    cites.extend(state.cite.as_deref());
    for found in state.last_command.iter().chain(state.last_failure.iter().map(|failure| &failure.run)) {
        cites.insert(&found.cite);
        cites.extend(found.output_cite.as_deref());
    }
    if let Some(failure) = &state.last_failure {
        cites.extend(failure.output.as_ref().map(|output| output.cite.as_str()));
        cites.extend(failure.resolved_by.as_deref());
    }
    cites.extend(state.last_commit.iter().map(|commit| commit.cite.as_str()));
    cites.extend(state.pull_requests.iter().map(|link| link.cite.as_str()));
    for file in &handoff.files {
        cites.insert(&file.cite);
        cites.extend(file.shell.as_deref());
        cites.extend(file.thrown_away.as_deref());
    }
    for check in &handoff.checks {
        cites.insert(&check.cite);
        cites.extend(check.output_cite.as_deref());
        cites.extend(check.stale.as_deref());
    }
    for error in &handoff.errors {
        cites.insert(&error.cite);
        cites.extend(error.output.as_ref().map(|output| output.cite.as_str()));
    }
    cites.extend(handoff.todos.iter().map(|todo| todo.cite.as_str()));
    cites.extend(handoff.decisions.iter().map(|decision| decision.cite.as_str()));
    cites.extend(handoff.abandoned.iter().map(|abandoned| abandoned.cite.as_str()));
    cites.extend(handoff.commits.iter().map(|commit| commit.cite.as_str()));
    cites.extend(handoff.prompts.iter().map(|prompt| prompt.cite.as_str()));
    cites.extend(handoff.subagents.iter().map(|agent| agent.cite.as_str()));
    cites.extend(handoff.next.iter().map(|step| step.cite.as_str()));
    cites
}

/// Decisions that the person took in so many words.
pub(crate) fn decision_word(kind: DecisionKind) -> &'static str {
    match kind {
        DecisionKind::Answer => "answered",
        DecisionKind::Approved => "approved",
        DecisionKind::Rejected => "refused",
        DecisionKind::Correction => "corrected",
    }
}
