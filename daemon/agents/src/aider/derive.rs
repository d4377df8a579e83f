//! The lines of a section, one after the other, to events.
//!
//! Three things follow each other: prompts (`#### …`), the program's own lines (`> …`) and the model's replies, which
//! have no mark and may hold lines that look like the two others. The program ends each of its own lines and of a
//! prompt's with two blanks, and puts an empty line before; that tells them apart.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use opensession_hail::{
    Body, Command, Compaction, Content, Edit, EditOperation, ErrorEvent, Event, Message, Role, Thinking, ToolCall,
    ToolResult, Usage,
};
use serde::{Deserialize, Serialize};

use super::{
    cut::{SIDE, Side},
    inputs::{self, Input},
    reply::{self, Asked},
    sections,
    status::{self, Status},
};
use crate::{
    Derived, Deriver, Facts, Problem, Record, StateError,
    derive::{self, Activity},
};

const VERSION: u32 = 2;
/// What is told at once, at most: a longer prompt, reply or output comes in several events.
const TEXT_BYTES: usize = 30_000;
/// Hunks that wait for the program to say that they were applied; those beyond are dropped, the edits are not.
const DIFF_BYTES: usize = 16_000;
/// Inputs that wait for their prompts.
const INPUTS: usize = 300;
/// Files remembered as the session's own.
const OWN: usize = 64;
const SHORT_BYTES: usize = 1000;

/// Prompts that the program makes itself.
const AUTOMATIC: [&str; 4] = [
    "# Fix any errors below, if possible.",
    "The LLM did not conform to the edit format.",
    "I ran this command:",
    "[The user",
];

/// Derives one session.
pub(super) struct Section {
    state: State,
    folder: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the lines before")]
struct State {
    version: u32,
    facts: Facts,
    mode: Mode,
    /// What is being collected: a prompt, a reply, or what the program says.
    text: String,
    /// The role of the pieces of it that were told already, where it is longer than what is told at once.
    told: Option<Role>,
    /// A code block of the reply is open.
    fenced: bool,
    /// The line before was empty.
    blank: bool,
    /// The program's last line goes on in the next ones.
    open: bool,
    /// Trailing blanks were taken out of the log, by an editor: they tell nothing.
    stripped: bool,
    /// The program's line before.
    before: String,
    /// A response whose cost may stand in the next line.
    usage: Option<Tokens>,
    asked: Vec<Asked>,
    created: Vec<String>,
    /// Files that the session made.
    own: Vec<String>,
    /// A prompt that was given with a command, hashed: it is written once more, as the model is asked it.
    again: Option<u32>,
    /// How the last reply begins, hashed: a plan becomes the prompt of the model that edits.
    plan: Option<u32>,
    /// The program says after each reply how many tokens it took.
    counts: bool,
    approved: bool,
    /// The call whose output the program's lines are, and its name.
    call: Option<(String, String)>,
    calls: u32,
    working: bool,
    zone: Option<String>,
    inputs: Vec<Input>,
    matched: Option<DateTime>,
    length: Option<u64>,
    end: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Mode {
    #[default]
    Program,
    Prompt,
    Reply,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Tokens(u64, u64, u64, u64);

impl Section {
    /// A deriver at the beginning of a section in `folder`, or where `state` was taken.
    pub(super) fn new(folder: Option<String>, state: Option<&[u8]>) -> Result<Self, StateError> {
        let new = || Ok(State { version: VERSION, ..State::default() });
        Ok(Self { state: state.map_or_else(new, |state| derive::take_up(state, VERSION))?, folder })
    }

    fn side(&mut self, record: &Record<'_>, derived: &mut Derived) {
        match serde_json::from_slice::<Side>(record.bytes) {
            Ok(side) => {
                let matched = self.state.matched;
                let waiting = side.inputs.into_iter().filter(|input| matched.is_none_or(|matched| input.0 > matched));
                self.state.inputs = waiting.take(INPUTS).collect();
                self.state.zone = side.zone;
                self.state.length = side.length;
                self.finish_at_end(derived);
            }
            Err(error) => {
                let reason = format!("the side record {SIDE} is not what was written: {error}");
                derived.problems.push(Problem { record: 0, position: 0, reason });
            }
        }
    }

    fn finish_at_end(&mut self, derived: &mut Derived) {
        if self.state.length == Some(self.state.end) {
            self.finish(derived);
        }
    }

    /// Tells what was collected.
    fn finish(&mut self, derived: &mut Derived) {
        match self.state.mode {
            Mode::Prompt => self.end_prompt(derived),
            Mode::Reply => self.end_reply(derived),
            Mode::Program => self.end_program(derived),
        }
        self.state.told = None;
        self.state.fenced = false;
        self.state.mode = Mode::Program;
    }

    fn line(&mut self, line: &str, derived: &mut Derived) {
        // A line of white space alone is one of a text's own.
        let marked = line.ends_with("  ") && !line.trim_start().is_empty();
        let prompt = line.strip_prefix("####").filter(|rest| rest.is_empty() || rest.starts_with(' '));
        let program = line.strip_prefix('>').filter(|rest| rest.is_empty() || rest.starts_with(' '));
        match self.state.mode {
            Mode::Prompt if prompt.is_some() => {}
            // Where no blanks tell, an empty line may stand between two of a prompt's.
            Mode::Prompt
                if line.is_empty()
                    && self.state.stripped
                    && !self.state.blank
                    && !self.state.text.starts_with(['/', '!']) =>
            {
                self.state.blank = true;
                return;
            }
            Mode::Reply => {
                let apart = self.state.blank && !self.state.fenced;
                // Once the program tells each reply's end, what stands before it is a heading.
                let is_prompt = prompt.is_some() && (marked || self.state.stripped && apart && !self.state.counts);
                let known = program.is_some_and(status::is_known);
                let is_program = program.is_some() && self.state.blank && (known || marked && !self.state.fenced);
                if !is_prompt && !is_program {
                    if reply::is_fence(line) {
                        self.state.fenced = !self.state.fenced;
                    }
                    self.collect(line, derived);
                    self.state.blank = line.is_empty();
                    return;
                }
                self.finish(derived);
            }
            Mode::Prompt => self.finish(derived),
            Mode::Program => {}
        }
        self.state.blank = line.is_empty();
        if let Some(text) = prompt {
            if self.state.mode != Mode::Prompt {
                self.finish(derived);
                self.state.mode = Mode::Prompt;
            }
            self.state.stripped |= !marked;
            let text = text.strip_prefix(' ').unwrap_or(text);
            self.collect(text.strip_suffix("  ").unwrap_or(text), derived);
        } else if let Some(text) = program {
            self.settle_usage(None, derived);
            self.program(text, derived);
            self.state.open = !marked;
        } else if self.state.open && !(self.state.stripped && line.is_empty()) {
            self.state.open = !marked;
            self.go_on(line, derived);
        } else if !line.is_empty() {
            self.finish(derived);
            self.state.mode = Mode::Reply;
            self.state.fenced = reply::is_fence(line);
            self.collect(line, derived);
        } else {
            self.state.open = false;
        }
    }

    /// Adds a line to what is being collected.
    fn collect(&mut self, line: &str, derived: &mut Derived) {
        let mut rest = line;
        while self.state.text.len() + rest.len() > TEXT_BYTES {
            if self.state.text.is_empty() {
                let (piece, after) = rest.split_at(rest.floor_char_boundary(TEXT_BYTES));
                self.state.text.push_str(piece);
                rest = after;
            }
            self.tell_piece(derived);
        }
        self.state.text.push_str(rest);
        self.state.text.push('\n');
    }

    /// Tells what was collected so far of something longer than what is told at once; of a reply up to where no block is
    /// open, so that the edits that it asks for stay whole.
    fn tell_piece(&mut self, derived: &mut Derived) {
        match self.state.mode {
            Mode::Prompt => self.end_prompt(derived),
            Mode::Reply => {
                let kept = self.state.text.split_off(reply::whole_until(&self.state.text));
                self.end_reply(derived);
                self.state.text = kept;
                self.state.told = Some(Role::Agent);
            }
            Mode::Program => {
                let (call, open) = (self.state.call.clone(), self.state.open);
                self.end_program(derived);
                (self.state.call, self.state.open) = (call, open);
            }
        }
    }

    /// A line that belongs to the program's line before.
    fn go_on(&mut self, line: &str, derived: &mut Derived) {
        if self.state.usage.is_some() {
            let cost = line.trim().strip_prefix("Cost:").and_then(status::cost);
            self.settle_usage(cost, derived);
            if cost.is_some() {
                return;
            }
        }
        self.collect(line.trim_end(), derived);
    }

    fn program(&mut self, text: &str, derived: &mut Derived) {
        let text = text.strip_prefix(' ').unwrap_or(text).trim_end();
        // What a command puts out may look like anything.
        let status = status::classify(text);
        if self.state.call.is_some() && !matches!(status, Status::Tokens(_) | Status::Noise) {
            return self.collect(text, derived);
        }
        match status {
            Status::Noise => {}
            Status::Version(version) => {
                self.state.counts |= status::tells_tokens(version);
                self.state.facts.agent_version = Some(short(version));
            }
            Status::Model(model) => self.state.facts.model = Some(short(model)),
            Status::Tokens(usage) => {
                self.state.counts = true;
                self.state.usage = Some(Tokens(usage.input, usage.output, usage.cache_read, usage.cache_write));
                // More than that comes only where the cost was not told.
                if usage.cost.is_some() {
                    self.settle_usage(usage.cost, derived);
                }
                self.state.working = false;
                self.state.facts.activity = Activity::Idle;
            }
            Status::Applied(path) => self.applied(path, derived),
            Status::Created(path) => self.state.created.push(short(path)),
            Status::CreatedBefore => {
                let path = std::mem::take(&mut self.state.before);
                self.state.created.push(path);
            }
            Status::Approved => self.state.approved = true,
            Status::Running(command) if self.state.approved => {
                self.state.approved = false;
                let call_id = self.next_call();
                let command = Command {
                    call_id: Some(call_id),
                    name: "shell".to_owned(),
                    command: command.to_owned(),
                    ..Command::default()
                };
                push(Body::Command(command), None, derived);
            }
            Status::Interrupted => {
                if self.state.working {
                    self.state.working = false;
                    self.state.facts.activity = Activity::Interrupted;
                    let error = ErrorEvent { message: text.to_owned(), code: Some("interrupted".to_owned()) };
                    push(Body::Error(error), None, derived);
                }
            }
            Status::Failed(message) => {
                let error = ErrorEvent { message: message.to_owned(), code: None };
                push(Body::Error(error), None, derived);
            }
            Status::Running(_) | Status::Said(_) => self.collect(text, derived),
        }
        self.state.before = short(text);
        self.state.created.truncate(64);
    }

    /// Tells the response that waits for its cost.
    fn settle_usage(&mut self, cost: Option<f64>, derived: &mut Derived) {
        let Some(Tokens(input, output, cache_read, cache_write)) = self.state.usage.take() else { return };
        let model = self.state.facts.model.clone();
        let usage = Usage { model, input, output, cache_read, cache_write, cost, ..Usage::default() };
        push(Body::Usage(usage), None, derived);
    }

    fn applied(&mut self, path: &str, derived: &mut Derived) {
        // What was said before stands before: a commit of what the person had changed does not hold the edit.
        self.end_program(derived);
        let at = self.state.asked.iter().position(|asked| reply::is_same(&asked.path, path));
        let asked = at.map(|at| self.state.asked.remove(at));
        let before = self.state.created.len();
        self.state.created.retain(|created| !reply::is_same(created, path));
        let is_new = self.state.created.len() < before;
        // What the session made, it can write anew as a whole.
        let is_own = self.state.own.iter().any(|own| reply::is_same(own, path));
        if is_new && !is_own {
            self.state.own.push(short(path));
            self.state.own.truncate(OWN);
        }
        let asked = asked.filter(|asked| !asked.diff.is_empty() && (is_new || is_own || !asked.whole));
        let creates = is_new || is_own && asked.as_ref().is_some_and(|asked| asked.whole);
        let edit = Edit {
            path: path.to_owned(),
            operation: if creates { EditOperation::Create } else { EditOperation::Update },
            added: asked.as_ref().map(|asked| asked.added),
            removed: asked.as_ref().map(|asked| asked.removed),
            diff: asked.map(|asked| asked.diff),
            ..Edit::default()
        };
        push(Body::Edit(edit), None, derived);
    }

    fn end_program(&mut self, derived: &mut Derived) {
        self.settle_usage(None, derived);
        self.state.open = false;
        let text = std::mem::take(&mut self.state.text);
        let content = Content::Text(text.trim_end().to_owned());
        let call = self.state.call.take();
        if text.trim().is_empty() {
            return;
        }
        let body = match call {
            Some((call_id, name)) => Body::ToolResult(ToolResult {
                call_id: Some(call_id),
                name: Some(name),
                content,
                ..ToolResult::default()
            }),
            None => Body::Message(Message { role: Role::System, content, ..Message::default() }),
        };
        push(body, None, derived);
    }

    fn end_reply(&mut self, derived: &mut Derived) {
        let text = std::mem::take(&mut self.state.text);
        let (thinking, answer) = reply::thinking(text.trim());
        let model = self.state.facts.model.clone();
        if let Some(thinking) = thinking {
            let thinking = Thinking { content: thinking.to_owned(), model: model.clone() };
            push(Body::Thinking(thinking), None, derived);
        }
        if !answer.is_empty() {
            let content = Content::Text(answer.to_owned());
            push(Body::Message(Message { role: Role::Agent, content, model, ..Message::default() }), None, derived);
        }
        // What was asked is answered: the same words after it are somebody's.
        self.state.again = None;
        self.state.facts.activity = Activity::Idle;
        if self.state.told.is_none() {
            self.state.asked.clear();
            self.state.plan = beginning(answer);
        }
        self.state.asked.extend(reply::edits(answer));
        self.state.asked.truncate(100);
        let mut room = DIFF_BYTES;
        for asked in &mut self.state.asked {
            asked.path = short(&asked.path);
            match room.checked_sub(asked.diff.len()) {
                Some(left) => room = left,
                None => asked.diff.clear(),
            }
        }
    }

    fn end_prompt(&mut self, derived: &mut Derived) {
        let text = std::mem::take(&mut self.state.text);
        let text = text.trim();
        if let Some(role) = self.state.told {
            if !text.is_empty() {
                say(role, text, None, derived);
            }
            return;
        }
        self.state.told = Some(Role::System);
        self.state.asked.clear();
        self.state.created.clear();
        self.state.approved = false;
        let (again, plan) = (self.state.again.take(), self.state.plan.take());
        if text.is_empty() || text == "<blank>" {
            return;
        }
        if again == Some(inputs::key(text)) {
            return self.begin_turn();
        }
        let ts = self.time_of(text);
        let is_plan = ts.is_none() && plan.is_some() && plan == beginning(text);
        if is_plan || is_automatic(text) {
            self.begin_turn();
            return say(Role::System, text, ts, derived);
        }
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        if let Some(command) = text.strip_prefix('!') {
            return self.command("!", command.trim(), ts, derived);
        }
        match word {
            "/run" | "/test" | "/git" | "/lint" if !rest.is_empty() => self.command(word, rest, ts, derived),
            "/web" if !rest.is_empty() => {
                let call_id = self.next_call();
                let input = serde_json::json!({ "url": rest });
                let call = ToolCall { call_id: Some(call_id.clone()), name: word.to_owned(), input, model: None };
                push(Body::ToolCall(call), ts, derived);
                self.state.call = Some((call_id, word.to_owned()));
            }
            "/clear" | "/reset" => {
                let compaction = Compaction { trigger: Some("manual".to_owned()), ..Compaction::default() };
                push(Body::Compaction(compaction), ts, derived);
            }
            "/ask" | "/code" | "/architect" | "/context" | "/help" if !rest.is_empty() => {
                self.begin_turn();
                self.state.again = Some(inputs::key(rest));
                self.state.facts.prompted(rest);
                self.state.told = Some(Role::Human);
                say(Role::Human, text, ts, derived);
            }
            _ if is_slash(word) => say(Role::System, text, ts, derived),
            _ => {
                self.begin_turn();
                self.state.facts.prompted(text);
                self.state.told = Some(Role::Human);
                say(Role::Human, text, ts, derived);
            }
        }
    }

    fn begin_turn(&mut self) {
        self.state.working = true;
        self.state.facts.activity = Activity::Working;
    }

    fn command(&mut self, name: &str, line: &str, ts: Option<Timestamp>, derived: &mut Derived) {
        let call_id = self.next_call();
        let command = Command {
            call_id: Some(call_id.clone()),
            name: name.to_owned(),
            command: line.to_owned(),
            ..Command::default()
        };
        push(Body::Command(command), ts, derived);
        self.state.call = Some((call_id, name.to_owned()));
    }

    fn next_call(&mut self) -> String {
        self.state.calls = self.state.calls.saturating_add(1);
        format!("call-{}", self.state.calls)
    }

    /// When a prompt was typed: the first input after the last prompt's that says the same.
    fn time_of(&mut self, prompt: &str) -> Option<Timestamp> {
        let key = inputs::key(prompt);
        let at = self.state.inputs.iter().position(|input| input.1 == key)?;
        let time = self.state.inputs.drain(..=at).next_back()?.0;
        self.state.matched = Some(time);
        let ts = self.instant(time)?;
        self.state.facts.saw(Some(ts));
        Some(ts)
    }

    /// The instant of a local time, where the machine's zone is known.
    fn instant(&self, time: DateTime) -> Option<Timestamp> {
        let zone = TimeZone::get(self.state.zone.as_deref()?).ok()?;
        time.to_zoned(zone).ok().map(|time| time.timestamp())
    }
}

impl Deriver for Section {
    fn derive(&mut self, record: &Record<'_>, derived: &mut Derived) {
        if record.side.is_some() {
            return self.side(record, derived);
        }
        if self.state.facts.cwd.is_none() {
            self.state.facts.cwd.clone_from(&self.folder);
            self.state.facts.last_cwd.clone_from(&self.folder);
        }
        self.state.end = record.position.saturating_add(record.bytes.len() as u64);
        if record.position == 0
            && let Some(time) = sections::time_of(record.bytes)
        {
            let ts = self.instant(time);
            self.state.facts.saw(ts);
        } else {
            let line = String::from_utf8_lossy(record.bytes);
            let line = line.strip_suffix('\n').unwrap_or(&line);
            self.line(line.strip_suffix('\r').unwrap_or(line), derived);
        }
        self.finish_at_end(derived);
    }

    fn facts(&self) -> &Facts {
        &self.state.facts
    }

    fn state(&self) -> Vec<u8> {
        serde_json::to_vec(&self.state).expect("a state of texts and numbers can be written")
    }
}

/// Whether the program made a prompt itself.
fn is_automatic(text: &str) -> bool {
    AUTOMATIC.iter().any(|beginning| text.starts_with(beginning))
        || text.starts_with("# Question:") && text.contains("# Relevant docs:")
}

/// A hash of how a text begins, where it is long enough to be told from others.
fn beginning(text: &str) -> Option<u32> {
    const LEAST: usize = 60;
    const MOST: usize = 300;
    let letters: String = text.chars().filter(|letter| !letter.is_whitespace()).take(MOST).collect();
    (letters.len() >= LEAST).then(|| inputs::key(&letters))
}

fn say(role: Role, text: &str, ts: Option<Timestamp>, derived: &mut Derived) {
    let content = Content::Text(text.to_owned());
    push(Body::Message(Message { role, content, ..Message::default() }), ts, derived);
}

fn push(body: Body, ts: Option<Timestamp>, derived: &mut Derived) {
    derived.events.push(Event { ts, ..Event::new(body) });
}

/// Whether a word is one of the program's commands, abbreviated or not, rather than a path.
fn is_slash(word: &str) -> bool {
    let Some(name) = word.strip_prefix('/') else { return false };
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

fn short(text: &str) -> String {
    text[..text.floor_char_boundary(SHORT_BYTES)].to_owned()
}
