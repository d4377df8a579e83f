//! One pass over the events of one session, or of several in the order in which they began.
//!
//! *Invariant*: memory is bounded whatever the sessions' size: lists have a largest length, texts a largest size.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde_json::Value;

use super::commands::{Call, Commands, What, kept_command, tells_by_code_alone};
use super::document::{DecisionKind, RepositoryState};
use super::files::Files;
use super::ledger::Ledger;
use super::mark::Mark;
use super::prompts::{self, Nature, Prompts};
use super::quote::{bounded, bounded_end};
use super::shell::Line;
use crate::{Body, Event, Kind, Role, Status, TodoItem, TodoStatus, ToolResult};

/// Bytes kept of the agent's last words.
const LAST_WORDS_BYTES: usize = 24 * 1024;
/// Bytes kept of a compaction's summary.
const SUMMARY_BYTES: usize = 16 * 1024;
/// Bytes kept of a decision's words.
const DECISION_BYTES: usize = 2048;
/// Decisions kept; beyond, those in the middle go.
const MAX_DECISIONS: usize = 1024;
/// Failures of providers kept.
const MAX_PROVIDER_ERRORS: usize = 64;
/// Pull requests kept.
const MAX_LINKS: usize = 32;
/// The agent that commits by itself, and says so in its own lines.
const COMMITTER: &str = "aider";
/// Sub-agents kept.
const MAX_SUBAGENTS: usize = 512;
/// Ids of records remembered, so that a copy in a later session is passed over.
const MAX_RECORD_IDS: usize = 2_000_000;

/// What is known of a session besides its events.
#[derive(Debug, Clone, Default)]
pub struct SessionFacts {
    /// Its id, as `opensession show` takes it; empty for a file that no store holds.
    pub id: String,
    /// As many of its first digits as tell it from others.
    pub short_id: String,
    /// The agent's id.
    pub agent: String,
    /// The model that answered last.
    pub model: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// The directory in which it began.
    pub cwd: Option<String>,
    /// The repository.
    pub repository: Option<String>,
    /// The last branch.
    pub branch: Option<String>,
    /// Time of its first event, where it is known without them.
    pub started: Option<Timestamp>,
    /// Whether it is being written.
    pub is_live: bool,
    /// Its repository as it is now.
    pub now: Option<RepositoryState>,
}

impl SessionFacts {
    /// What a file's header tells.
    pub fn of_header(header: &crate::Header) -> Self {
        let git = header.git.clone().unwrap_or_default();
        Self {
            agent: header.tool.clone(),
            model: header.model.clone(),
            title: header.title.clone(),
            cwd: header.cwd.clone(),
            repository: git.repository,
            branch: git.branch,
            started: header.ts,
            ..Self::default()
        }
    }
}

/// Gathers what a handoff tells.
#[derive(Debug, Default)]
pub struct Collector {
    pub(crate) sessions: Vec<Session>,
    pub(crate) files: Files,
    pub(crate) commands: Commands,
    pub(crate) prompts: Prompts,
    pub(crate) decisions: Vec<Decided>,
    pub(crate) decisions_left_out: u64,
    pub(crate) tool_summary: Option<(String, Mark)>,
    pub(crate) provider_errors: Vec<(String, Mark)>,
    pub(crate) pull_requests: Vec<(String, Mark)>,
    pub(crate) subagents: Vec<(String, Mark)>,
    pub(crate) subagents_left_out: u64,
    /// Calls and ids of sub-agents that are listed.
    known_subagents: HashSet<u64>,
    /// Ids of records of sessions before the current one; empty while there is only one.
    earlier_records: HashSet<u64>,
    records: HashSet<u64>,
}

/// A session while it is read.
#[derive(Debug, Default)]
pub(crate) struct Session {
    pub(crate) facts: SessionFacts,
    pub(crate) events: u64,
    pub(crate) turns: u64,
    pub(crate) first: Option<Timestamp>,
    pub(crate) last: Option<Timestamp>,
    pub(crate) tail: Option<Tail>,
    pub(crate) last_words: Option<(String, Mark)>,
    /// What the agent asked through a tool, while there is no answer.
    pub(crate) open_question: Option<(String, String, Mark)>,
    /// Calls that had no result when the session ended.
    pub(crate) waiting: Vec<Call>,
    pub(crate) todos: Option<(Vec<TodoItem>, Mark)>,
    title_by_person: bool,
}

impl Session {
    /// Whether a sub-agent's list is the session's own, seen from there: all open items of it are among its items.
    fn shares_todos(&self, items: &[TodoItem]) -> bool {
        let Some((own, _)) = &self.todos else { return false };
        let is_open = |item: &&TodoItem| matches!(item.status, TodoStatus::Pending | TodoStatus::InProgress);
        let mut open = own.iter().filter(is_open).peekable();
        open.peek().is_some() && open.all(|item| items.iter().any(|other| other.content == item.content))
    }
}

/// What stands last in a session.
#[derive(Debug, Clone)]
pub(crate) struct Tail {
    pub(crate) kind: TailKind,
    pub(crate) mark: Mark,
    pub(crate) text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TailKind {
    Prompt,
    Agent,
    Call,
    Result,
    Rejected,
    Interrupted,
    Error,
}

/// What the person decided.
#[derive(Debug, Clone)]
pub(crate) struct Decided {
    pub(crate) kind: DecisionKind,
    pub(crate) about: Option<String>,
    pub(crate) text: String,
    pub(crate) mark: Mark,
}

impl Collector {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing yet, and every command is to be remembered.
    pub(crate) fn with_ledger() -> Self {
        let mut collector = Self::default();
        collector.commands.ledger = Some(Ledger::default());
        collector
    }

    /// Begins the next session. Sessions come in the order in which they began.
    pub fn begin(&mut self, facts: SessionFacts) {
        self.end_session();
        if !self.sessions.is_empty() && self.earlier_records.len() < MAX_RECORD_IDS {
            self.earlier_records.extend(self.records.drain());
        }
        self.records.clear();
        self.sessions.push(Session { facts, ..Session::default() });
    }

    /// Takes the next event of the session that was begun last; `number` is its number there, from one.
    pub fn add(&mut self, number: u32, event: &Event) {
        if self.sessions.is_empty() {
            self.begin(SessionFacts::default());
        }
        if let Some(id) = &event.id {
            let id = hash(id);
            // A session that was resumed or forked begins with copies of what another one told already.
            if self.earlier_records.contains(&id) {
                return;
            }
            if self.records.len() < MAX_RECORD_IDS {
                self.records.insert(id);
            }
        }
        let index = (self.sessions.len() - 1) as u32;
        let Some(session) = self.sessions.last_mut() else { return };
        session.events += 1;
        if let Some(ts) = event.ts {
            session.first = Some(session.first.map_or(ts, |first| first.min(ts)));
            session.last = Some(session.last.map_or(ts, |last| last.max(ts)));
        }
        let Some(kind) = event.body.kind() else {
            self.bookkeeping(event, Mark { session: index, event: number, kind: Kind::System, ts: event.ts });
            return;
        };
        let mark = Mark { session: index, event: number, kind, ts: event.ts };
        let is_main = event.subagent.is_none();
        match &event.body {
            Body::Message(message) if is_main => match message.role {
                Role::Human => self.prompt(&message.content, mark),
                Role::Agent => {
                    let text = message.content.text();
                    if !text.trim().is_empty() {
                        let text = bounded_end(text.trim(), LAST_WORDS_BYTES).to_owned();
                        session.tail = Some(Tail { kind: TailKind::Agent, mark, text: String::new() });
                        session.last_words = Some((text, mark));
                        self.provider_errors.clear();
                    }
                }
                Role::System if session.facts.agent == COMMITTER => {
                    self.commands.client_said(&message.content.text(), mark, &mut self.files);
                }
                Role::System => {}
            },
            Body::ToolCall(call) => {
                let about = file_of(&call.input).or_else(|| first_text(&call.input));
                let is_question = is_question_tool(&call.name) || is_plan_tool(&call.name);
                if is_main {
                    session.tail = Some(Tail { kind: TailKind::Call, mark, text: call.name.clone() });
                    if is_question {
                        let asked = question_of(&call.input);
                        session.open_question = Some((call.name.clone(), asked, mark));
                    }
                }
                let input = if is_question { question_of(&call.input) } else { String::new() };
                let what = What::Tool { name: bounded(&call.name, 256).to_owned(), about, input };
                let call_id = call.call_id.as_deref();
                let edits_before = self.files.edits;
                let call = Call { mark, what, in_subagent: !is_main, edits_before, by_code_alone: false };
                self.commands.begin(call_id, call);
            }
            Body::Command(command) => {
                let by_person = command.name == "!";
                let line = Box::new(Line::parse(&command.command));
                if is_main && !by_person {
                    session.tail = Some(Tail { kind: TailKind::Call, mark, text: command.name.clone() });
                }
                let cwd = command.cwd.clone().or_else(|| session.facts.cwd.clone());
                let what = What::Shell { command: kept_command(&command.command), line, cwd, by_person };
                let edits_before = self.files.edits;
                let by_code_alone = tells_by_code_alone(&session.facts.agent, &command.name);
                let call = Call { mark, what, in_subagent: !is_main, edits_before, by_code_alone };
                self.commands.begin(command.call_id.as_deref(), call);
            }
            Body::ToolResult(result) => self.result(result, is_main, mark),
            Body::Edit(edit) => {
                let cwd = session.facts.cwd.as_deref();
                self.files.edit(edit, cwd, mark);
                self.commands.edited(self.files.edits, mark);
            }
            Body::Todo(todo) if is_main || session.shares_todos(&todo.items) => {
                session.todos = Some((todo.items.clone(), mark));
            }
            Body::Compaction(compaction) if is_main && !compaction.content.trim().is_empty() => {
                self.tool_summary = Some((bounded(compaction.content.trim(), SUMMARY_BYTES).to_owned(), mark));
            }
            Body::Subagent(subagent) if subagent.status.is_none() => self.subagent(subagent, mark),
            Body::Error(error) if is_main => {
                let interrupted = error.code.as_deref() == Some("interrupted");
                let kind = if interrupted { TailKind::Interrupted } else { TailKind::Error };
                let text = bounded(error.message.trim(), DECISION_BYTES).to_owned();
                if !interrupted && self.provider_errors.len() < MAX_PROVIDER_ERRORS {
                    self.provider_errors.push((text.clone(), mark));
                }
                session.tail = Some(Tail { kind, mark, text });
            }
            _ => {}
        }
    }

    /// What is not listed, but tells something.
    fn bookkeeping(&mut self, event: &Event, mark: Mark) {
        let Some(session) = self.sessions.last_mut() else { return };
        match &event.body {
            Body::Title(title) if event.subagent.is_none() => {
                let by_person = title.source.as_deref() == Some("human");
                if by_person || !session.title_by_person {
                    session.facts.title = Some(bounded(&title.title, 1024).to_owned());
                    session.title_by_person = by_person;
                }
            }
            Body::Unknown(unknown) => {
                let text = |key: &str| unknown.fields.get(key).and_then(Value::as_str);
                if text("type") == Some("pr_link")
                    && let Some(url) = text("url")
                    && self.pull_requests.len() < MAX_LINKS
                    && !self.pull_requests.iter().any(|(known, _)| known == url)
                {
                    self.pull_requests.push((bounded(url, 512).to_owned(), mark));
                }
            }
            _ => {}
        }
    }

    /// A sub-agent was started; its own record may tell so too.
    fn subagent(&mut self, subagent: &crate::Subagent, mark: Mark) {
        let ids = [&subagent.call_id, &subagent.agent_id];
        let known = ids.into_iter().flatten().map(|id| hash(id)).filter(|id| !self.known_subagents.insert(*id)).count();
        let Some(text) = subagent.description.as_ref().or(subagent.name.as_ref()) else { return };
        if known > 0 || text.trim().is_empty() {
            return;
        }
        if self.subagents.len() < MAX_SUBAGENTS {
            self.subagents.push((bounded(text.trim(), 512).to_owned(), mark));
        } else {
            self.subagents_left_out += 1;
        }
    }

    fn prompt(&mut self, content: &crate::Content, mark: Mark) {
        let Some(session) = self.sessions.last_mut() else { return };
        let text = content.text();
        let text = if text.trim().is_empty() && content.has_image() { "(image)".into() } else { text };
        let nature = prompts::nature(&text);
        if nature == Nature::Boilerplate {
            return;
        }
        session.turns += 1;
        let is_first = self.prompts.objective.is_none();
        self.prompts.add(&text, mark);
        if nature == Nature::Local {
            return;
        }
        session.open_question = None;
        session.tail = Some(Tail { kind: TailKind::Prompt, mark, text: String::new() });
        if !is_first && prompts::corrects(&text) {
            let text = bounded(text.trim(), DECISION_BYTES).to_owned();
            self.decide(Decided { kind: DecisionKind::Correction, about: None, text, mark });
        }
    }

    fn result(&mut self, result: &ToolResult, is_main: bool, mark: Mark) {
        let text = result.content.text();
        let Some(call) = self.commands.take(result.call_id.as_deref()) else { return };
        self.commands.end(&call, result, &text, mark, &mut self.files);
        if !is_main {
            return;
        }
        let mut decided = None;
        if let What::Tool { name, input, .. } = &call.what {
            let is_plan = is_plan_tool(name);
            if (is_plan || is_question_tool(name))
                && let Some(session) = self.sessions.last_mut()
            {
                session.open_question = None;
                if result.status == Status::Ok && !text.trim().is_empty() {
                    let about = Some(bounded(input, DECISION_BYTES).to_owned()).filter(|about| !about.is_empty());
                    let (kind, text) = if is_plan {
                        (DecisionKind::Approved, "")
                    } else {
                        (DecisionKind::Answer, answer_in(&text, input))
                    };
                    decided = Some(Decided { kind, about, text: bounded(text, DECISION_BYTES).to_owned(), mark });
                }
            }
        }
        if result.status == Status::Rejected {
            let about = match &call.what {
                What::Shell { command, .. } => command.clone(),
                What::Tool { name, about, .. } => match about {
                    Some(about) if !is_plan_tool(name) && !is_question_tool(name) => format!("{name} {about}"),
                    _ => name.clone(),
                },
            };
            let text = bounded(refusal_in(&text), DECISION_BYTES).to_owned();
            decided = Some(Decided { kind: DecisionKind::Rejected, about: Some(about), text, mark });
        }
        if let Some(decided) = decided {
            self.decide(decided);
        }
        let by_person = matches!(call.what, What::Shell { by_person: true, .. });
        if let Some(session) = self.sessions.last_mut()
            && !by_person
        {
            let kind = match result.status {
                Status::Rejected => TailKind::Rejected,
                Status::Interrupted => TailKind::Interrupted,
                _ => TailKind::Result,
            };
            session.tail = Some(Tail { kind, mark, text: String::new() });
        }
    }

    fn decide(&mut self, decided: Decided) {
        if self.decisions.len() >= MAX_DECISIONS {
            self.decisions.remove(MAX_DECISIONS / 2);
            self.decisions_left_out += 1;
        }
        self.decisions.push(decided);
    }

    /// Ends the session that was begun last.
    pub(crate) fn end_session(&mut self) {
        let Some(session) = self.sessions.last_mut() else { return };
        let mut waiting: Vec<Call> = self.commands.pending.values().filter(|call| !call.in_subagent).cloned().collect();
        waiting.sort_by_key(|call| call.mark);
        // Of very many only the last tell what it waits for.
        let surplus = waiting.len().saturating_sub(16);
        session.waiting = waiting.split_off(surplus);
        self.commands.end_session();
    }

    /// Open items of the todo lists, each once; a later list knows better.
    pub(crate) fn open_todos(&self) -> Vec<(TodoItem, Mark)> {
        let mut open: Vec<(TodoItem, Mark)> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        for (items, mark) in self.sessions.iter().filter_map(|session| session.todos.as_ref()) {
            for item in items {
                match places.get(item.content.as_str()) {
                    Some(&place) if open[place].1.session != mark.session => open[place] = (item.clone(), *mark),
                    _ => {
                        places.insert(&item.content, open.len());
                        open.push((item.clone(), *mark));
                    }
                }
            }
        }
        open.retain(|(item, _)| matches!(item.status, TodoStatus::Pending | TodoStatus::InProgress));
        open
    }
}

/// Whether the tool asks the person something.
fn is_question_tool(name: &str) -> bool {
    let bare = bare_name(name);
    matches!(
        bare.as_str(),
        "askuserquestion"
            | "askfollowupquestion"
            | "requestuserinput"
            | "askuser"
            | "askquestion"
            | "question"
            | "askuserquestions"
    )
}

/// Whether the tool lays a plan before the person.
fn is_plan_tool(name: &str) -> bool {
    matches!(bare_name(name).as_str(), "exitplanmode" | "planmoderespond" | "createplan" | "submitplan")
}

fn bare_name(name: &str) -> String {
    let name = name.rsplit("__").next().unwrap_or(name);
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// The question or the plan in a call's input.
fn question_of(input: &Value) -> String {
    let mut texts = Vec::new();
    if let Some(questions) = input.get("questions").and_then(Value::as_array) {
        texts.extend(questions.iter().filter_map(|question| question.get("question").and_then(Value::as_str)));
    }
    for key in ["question", "plan", "response", "prompt", "message", "text"] {
        texts.extend(input.get(key).and_then(Value::as_str));
    }
    bounded(&texts.join("\n"), DECISION_BYTES).to_owned()
}

/// The answers in what the client wrote of them; of a single question the answer alone, since the question is told too.
fn answer_in<'t>(text: &'t str, question: &str) -> &'t str {
    let text = text.trim();
    let text = text.strip_prefix("User has answered your questions:").unwrap_or(text).trim();
    let text = text.split(". You can now continue with").next().unwrap_or(text).trim();
    let answer =
        text.strip_prefix('"').and_then(|text| text.strip_prefix(question)?.strip_prefix("\"=\"")?.strip_suffix('"'));
    answer.filter(|answer| !question.is_empty() && !answer.trim().is_empty()).unwrap_or(text)
}

/// The person's words in what the client wrote of a refusal; empty when there are none.
fn refusal_in(text: &str) -> &str {
    match text.split_once("the user said:") {
        Some((_, words)) => words.split("\n\nNote: The user's next message").next().unwrap_or(words).trim(),
        None => "",
    }
}

/// The file that a call is about.
fn file_of(input: &Value) -> Option<String> {
    ["file_path", "filePath", "path", "notebook_path", "target_file", "TargetFile", "AbsolutePath", "filename", "file"]
        .iter()
        .find_map(|key| input.get(key).and_then(Value::as_str))
        .filter(|path| !path.is_empty())
        .map(|path| bounded(path, 1024).to_owned())
}

/// The first text in a call's input, to tell the call from others of the same tool.
fn first_text(input: &Value) -> Option<String> {
    let text = match input {
        Value::String(text) => Some(text.as_str()),
        Value::Object(fields) => fields.values().find_map(Value::as_str),
        _ => None,
    };
    text.map(|text| bounded(text, 300).to_owned())
}

/// FNV-1a, 64 bits. <http://www.isthe.com/chongo/tech/comp/fnv/>
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_answer_is_told_without_its_question() {
        let told = |text: &str| answer_in(text, "Which one?").to_owned();
        let rest = ". You can now continue with the user's answers in mind.";
        assert_eq!(
            told(&format!("User has answered your questions: \"Which one?\"=\"the \"first\" one\"{rest}")),
            "the \"first\" one"
        );
        assert_eq!(
            told(&format!("User has answered your questions: \"Why?\"=\"so\", \"How?\"=\"thus\"{rest}")),
            "\"Why?\"=\"so\", \"How?\"=\"thus\""
        );
        assert_eq!(told("the first"), "the first");
        assert_eq!(told("\"Which one?\"=\"\""), "\"Which one?\"=\"\"");
    }
}
