//! One line after the header: the smallest addressable record of a session.
//!
//! A line with a `role` is a message; every other line names its `type`. The field order of the serialised form is the
//! order of the fields below, so that what was written by this crate is read and written back unchanged.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Extra;

mod codec;

pub use codec::DecodeError;
pub(crate) use codec::TYPES;

/// One event: what happened, and the fields that any event may carry.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What happened.
    pub body: Body,
    /// The id by which the agent knows the record. Copies of one record in several files (a resumed or forked session)
    /// share it.
    pub id: Option<String>,
    /// When the agent wrote the record.
    pub ts: Option<Timestamp>,
    /// The id of the sub-agent that produced the event, when its records stand inside its parent's session.
    pub subagent: Option<String>,
    /// Fields unknown to this version.
    pub extra: Extra,
}

impl Event {
    /// An event with nothing but a body.
    pub fn new(body: Body) -> Self {
        Self { body, id: None, ts: None, subagent: None, extra: Extra::new() }
    }
}

/// What happened. The serialised form of each variant is described in `protocol/hail/README.md`.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// A line with a `role`: what a person, the agent or the client said.
    Message(Message),
    /// `thinking`: the model's reasoning.
    Thinking(Thinking),
    /// `tool_call`: a tool other than a shell that the agent ran.
    ToolCall(ToolCall),
    /// `command`: a shell command that the agent (or the person, through the agent) ran.
    Command(Command),
    /// `tool_result`: what came back from a tool call or a command.
    ToolResult(ToolResult),
    /// `file_edit`: a change made to a file, as far as the agent's own tools made it.
    Edit(Edit),
    /// `todo`: the whole list as it stands after a change.
    Todo(Todo),
    /// `compaction`: the history before this point was replaced by a summary.
    Compaction(Compaction),
    /// `usage`: tokens and cost of one model response.
    Usage(Usage),
    /// `subagent`: a sub-agent was started or has ended.
    Subagent(Subagent),
    /// `title`: the session was given a title.
    Title(Title),
    /// `error`: something failed outside a tool: the provider, the network, an interruption.
    Error(ErrorEvent),
    /// A line whose `type` or shape this version does not know, kept as it is.
    Unknown(Unknown),
}

impl Body {
    /// The kind under which the event is listed and searched; `None` for bookkeeping that people do not look for.
    pub fn kind(&self) -> Option<Kind> {
        Some(match self {
            Body::Message(message) => match message.role {
                Role::Human => Kind::Prompt,
                Role::Agent => Kind::Agent,
                Role::System => Kind::System,
            },
            Body::Thinking(_) => Kind::Thinking,
            Body::ToolCall(_) | Body::Subagent(_) => Kind::Call,
            Body::Command(_) => Kind::Command,
            Body::ToolResult(_) => Kind::Output,
            Body::Edit(_) => Kind::Edit,
            Body::Todo(_) => Kind::Todo,
            Body::Compaction(_) => Kind::Summary,
            Body::Error(_) => Kind::Error,
            Body::Usage(_) | Body::Title(_) | Body::Unknown(_) => return None,
        })
    }
}

/// The kinds of events that people see, in the words of the user interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Kind {
    /// What the person typed.
    Prompt = 0,
    /// What the agent said.
    Agent = 1,
    /// The model's reasoning.
    Thinking = 2,
    /// A tool call.
    Call = 3,
    /// What came back from a tool call or a command.
    Output = 4,
    /// A change to a file.
    Edit = 5,
    /// A shell command.
    Command = 6,
    /// A todo list.
    Todo = 7,
    /// The summary that replaced compacted history.
    Summary = 8,
    /// A failure outside a tool.
    Error = 9,
    /// What the client added to the conversation by itself.
    System = 10,
}

impl Kind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Kind; 11] = [
        Kind::Prompt,
        Kind::Agent,
        Kind::Thinking,
        Kind::Call,
        Kind::Output,
        Kind::Edit,
        Kind::Command,
        Kind::Todo,
        Kind::Summary,
        Kind::Error,
        Kind::System,
    ];

    /// The word for it on every surface.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Prompt => "prompt",
            Kind::Agent => "agent",
            Kind::Thinking => "thinking",
            Kind::Call => "call",
            Kind::Output => "output",
            Kind::Edit => "edit",
            Kind::Command => "command",
            Kind::Todo => "todo",
            Kind::Summary => "summary",
            Kind::Error => "error",
            Kind::System => "system",
        }
    }

    /// The kind of that name; the names of HAIL's roles and types are understood too.
    pub fn from_name(name: &str) -> Option<Kind> {
        Some(match name {
            "human" | "user" => Kind::Prompt,
            "result" | "tool_result" => Kind::Output,
            "tool_call" => Kind::Call,
            "file_edit" => Kind::Edit,
            "compaction" => Kind::Summary,
            _ => return Kind::ALL.into_iter().find(|kind| kind.name() == name),
        })
    }
}

/// Who a message is from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The person.
    #[default]
    Human,
    /// The model.
    Agent,
    /// The client: hooks, reminders, notices, injected context.
    System,
}

/// What a person, the agent or the client said.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
pub struct Message {
    /// Who said it.
    pub role: Role,
    /// What was said.
    #[schemars(default)]
    pub content: Content,
    /// Calls made in the same message, for writers that do not put them in events of their own.
    #[schemars(default)]
    pub tool_calls: Vec<Value>,
    /// The model, on the agent's messages.
    pub model: Option<String>,
}

/// A message's content: plain text, or parts when there is more than text.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Content {
    /// Plain text.
    Text(String),
    /// Text and other parts, in order.
    Parts(Vec<Part>),
}

impl Default for Content {
    fn default() -> Self {
        Content::Text(String::new())
    }
}

impl Content {
    /// The text of it, parts joined by a line feed.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        match self {
            Content::Text(text) => text.into(),
            Content::Parts(parts) => {
                let texts: Vec<&str> = parts.iter().filter_map(|part| part.text.as_deref()).collect();
                texts.join("\n").into()
            }
        }
    }

    /// Whether a part of it is an image.
    pub fn has_image(&self) -> bool {
        matches!(self, Content::Parts(parts) if parts.iter().any(|part| part.kind == "image"))
    }
}

/// A part of a message: `text`, `image`, `document` or a kind of a later version. Binary data is never carried.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Part {
    /// `text`, `image`, `document`, ….
    #[serde(rename = "type")]
    pub kind: String,
    /// The text of a `text` part; the file name or caption of another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The media type of an `image` or `document`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Size of the data that was left out, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Fields unknown to this version.
    #[serde(flatten)]
    #[schemars(skip)]
    pub extra: Extra,
}

/// The model's reasoning.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
pub struct Thinking {
    /// The text; empty when the provider hid it.
    #[schemars(default)]
    pub content: String,
    /// The model.
    pub model: Option<String>,
}

/// A tool that the agent ran.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
pub struct ToolCall {
    /// Joins the call with its result.
    pub call_id: Option<String>,
    /// The tool's name, as the agent writes it: `Read`, `mcp__github__search`.
    pub name: String,
    /// The tool's input, usually an object.
    #[schemars(default)]
    pub input: Value,
    /// The model.
    pub model: Option<String>,
}

/// A shell command.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
pub struct Command {
    /// Joins the command with its result.
    pub call_id: Option<String>,
    /// The tool that ran it, as the agent writes it: `Bash`, `exec_command`.
    #[schemars(default)]
    pub name: String,
    /// The command line.
    pub command: String,
    /// What the agent said it is for.
    pub description: Option<String>,
    /// The directory, when it is not the session's.
    pub cwd: Option<String>,
    /// The model.
    pub model: Option<String>,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It did what it should; also where a writer does not say.
    #[default]
    Ok,
    /// It failed.
    Error,
    /// The person refused it.
    Rejected,
    /// It was stopped before it ended.
    Interrupted,
    /// It goes on in the background.
    Running,
}

/// What came back from a tool call or a command.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
pub struct ToolResult {
    /// Joins the result with its call.
    pub call_id: Option<String>,
    /// The tool's name, when the reader knows it.
    pub name: Option<String>,
    /// How it ended.
    #[schemars(default)]
    pub status: Status,
    /// The exit code of a command; `None` when the agent did not keep it.
    pub exit_code: Option<i32>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
    /// What the model was shown.
    #[schemars(default)]
    pub content: Content,
    /// The command's standard error, where the agent keeps it apart from `content`.
    pub stderr: Option<String>,
}

/// A change made to a file.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
pub struct Edit {
    /// The file, as the agent names it.
    pub path: String,
    /// What was done; `update` where a writer does not say.
    #[schemars(default)]
    pub operation: EditOperation,
    /// Unified diff hunks (`@@ -a,b +c,d @@` and lines that begin with a space, `+` or `-`), without file headers.
    pub diff: Option<String>,
    /// Lines added.
    pub added: Option<u64>,
    /// Lines removed.
    pub removed: Option<u64>,
    /// The new name, when the file was renamed.
    pub to: Option<String>,
    /// Joins the edit with its call.
    pub call_id: Option<String>,
}

/// What an edit did to its file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EditOperation {
    /// The file is new.
    Create,
    /// The file was changed.
    #[default]
    Update,
    /// The file was deleted.
    Delete,
    /// The file was renamed, perhaps changed too.
    Rename,
}

/// A todo list as it stands.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
pub struct Todo {
    /// All items, in the agent's order.
    pub items: Vec<TodoItem>,
}

/// An item of a todo list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TodoItem {
    /// The agent's id of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What is to be done.
    pub content: String,
    /// How far it is.
    pub status: TodoStatus,
}

/// How far a todo item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TodoStatus {
    /// Not begun.
    Pending,
    /// Being done.
    InProgress,
    /// Done.
    Completed,
    /// Given up.
    Cancelled,
}

/// The history before this point was replaced by a summary.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
pub struct Compaction {
    /// The summary, empty when the agent hides it.
    #[schemars(default)]
    pub content: String,
    /// `auto` or `manual`.
    pub trigger: Option<String>,
    /// Tokens in the context before.
    pub tokens_before: Option<u64>,
}

/// Tokens and cost of one model response. Where several lines carry the same `message_id`, the largest counts hold and
/// the others are corrections under way.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
pub struct Usage {
    /// The response that was counted.
    pub message_id: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// Input tokens that came from no cache.
    #[schemars(default)]
    pub input: u64,
    /// Output tokens, reasoning included.
    #[schemars(default)]
    pub output: u64,
    /// Input tokens read from a cache.
    #[schemars(default)]
    pub cache_read: u64,
    /// Input tokens written to a cache.
    #[schemars(default)]
    pub cache_write: u64,
    /// The part of `output` that was reasoning.
    #[schemars(default)]
    pub reasoning: u64,
    /// Cost in US dollars, only where the agent logged it.
    pub cost: Option<f64>,
}

/// A sub-agent was started or has ended.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
pub struct Subagent {
    /// The sub-agent's id: the session `id` of its own log, when there is one.
    pub agent_id: Option<String>,
    /// Joins it with the call that started it.
    pub call_id: Option<String>,
    /// What kind of sub-agent, as the agent names it.
    pub name: Option<String>,
    /// Its task in few words.
    pub description: Option<String>,
    /// How it ended; `None` when it was started.
    pub status: Option<Status>,
}

/// The session was given a title.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
pub struct Title {
    /// The title.
    pub title: String,
    /// Who gave it: `human`, `agent`.
    pub source: Option<String>,
}

/// Something failed outside a tool.
#[derive(Debug, Clone, Default, PartialEq, JsonSchema)]
pub struct ErrorEvent {
    /// What failed, as the agent says it.
    pub message: String,
    /// A code, such as an HTTP status, `interrupted`, `refused`.
    pub code: Option<String>,
}

/// A line that this version does not know, field by field as it was.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Unknown {
    /// The whole line but for the fields that every event may carry.
    pub fields: Extra,
}
