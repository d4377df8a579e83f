//! Fields: conditions on what is known of an event or a session.

use opensession_hail::Kind;

use super::ast::RegexPattern;

/// A field, where it was typed.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldClause {
    /// As typed: `repo:opensession`.
    pub typed: String,
    /// Where it begins in the query, in code points.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
    /// What it asks for.
    pub field: Field,
}

/// What a field asks for. Several values are alternatives.
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    /// `agent:` the session's agent.
    Agent(Vec<Glob>),
    /// `model:` the event's model.
    Model(Vec<Glob>),
    /// `role:` who the event is from.
    Role(Vec<RoleValue>),
    /// `kind:` the event's kind. `edit` also finds the calls of edit tools.
    Kind(Vec<Kind>),
    /// `tool:` a call of it or its result.
    Tool(Vec<Glob>),
    /// `repo:` the session's repository.
    Repo(Vec<RepoPattern>),
    /// `cwd:` the directory in which the session began.
    Cwd(Vec<PathPattern>),
    /// `path:` a path that the event names, in any way.
    Path(Vec<PathPattern>),
    /// `file:` a file that the event changed (or read).
    File(FileAccess, Vec<PathPattern>),
    /// `host:` the machine that the session is from; `local` is this one.
    Host(Vec<Glob>),
    /// `branch:` the session's branch.
    Branch(Vec<TextPattern>),
    /// `title:` the session's title.
    Title(Vec<TextPattern>),
    /// `session:` the session itself.
    Session(Vec<SessionPrefix>),
    /// `parent:` the session that started it.
    Parent(Vec<SessionPrefix>),
    /// `root:` the top of its chain of parents.
    Root(Vec<SessionPrefix>),
    /// `is:`
    Is(Vec<IsValue>),
    /// `has:`
    Has(Vec<HasValue>),
    /// `after: before: on: since: until:` the event's time.
    Time(Vec<TimeRange>),
    /// `cost:` the session's, in US dollars.
    Cost(Vec<NumberRange>),
    /// `tokens:` all of the session's.
    Tokens(Vec<NumberRange>),
    /// `turns:` of the session.
    Turns(Vec<NumberRange>),
    /// `duration:` the session's active time, in milliseconds.
    Duration(Vec<NumberRange>),
    /// `exit:` code of the command whose output the event is.
    Exit(Vec<NumberRange>),
    /// `text:` a scan of the texts of the events that all other clauses leave.
    Text(Vec<TextScan>),
}

impl Field {
    /// What it is a condition on.
    pub fn level(&self) -> FieldLevel {
        match self {
            Field::Model(_)
            | Field::Role(_)
            | Field::Kind(_)
            | Field::Tool(_)
            | Field::Path(_)
            | Field::File(..)
            | Field::Time(_)
            | Field::Exit(_)
            | Field::Text(_) => FieldLevel::Event,
            Field::Is(values) if values.iter().all(|value| *value == IsValue::Error) => FieldLevel::Event,
            _ => FieldLevel::Session,
        }
    }
}

/// What a field is a condition on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldLevel {
    /// A session.
    Session,
    /// An event.
    Event,
}

/// `role:`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RoleValue {
    /// The person.
    Human,
    /// The model.
    Agent,
    /// A tool.
    Tool,
}

/// `is:`; `error` is about events, the others about sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IsValue {
    /// A failure.
    Error,
    /// A sub-agent's session.
    Subagent,
    /// Being written.
    Live,
    /// Waiting for the person.
    Waiting,
    /// Cut off in its work.
    Interrupted,
    /// It changed a file.
    Edited,
    /// Marked by the person.
    Starred,
    /// Begun from another session's history.
    Forked,
    /// Its history was replaced by a summary.
    Compacted,
}

/// `has:`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HasValue {
    /// A change to a file.
    Edit,
    /// A shell command.
    Command,
    /// A todo list.
    Todo,
    /// An image.
    Image,
    /// Reasoning with text.
    Thinking,
    /// A link to a pull request.
    PullRequest,
}

/// How the event touched the file of `file:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileAccess {
    /// It changed it.
    Edited,
    /// It read it.
    Read,
}

/// A name with `*` for any characters and `?` for one; capitals do not matter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Glob {
    /// The pattern, in lower case.
    pub pattern: String,
}

/// A path: whole components that stand together anywhere in it. Capitals do not matter. Within a component `*` and `?`
/// are wild; `**` stands for any number of components. A pattern that begins with `/` begins at the root.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PathPattern {
    /// The components, folded.
    pub components: Vec<String>,
    /// Whether it begins at the root.
    pub rooted: bool,
}

/// A repository: `name`, `owner/name`, `host/owner/name` or any form of its URL, brought to the last components of
/// the repository's identity.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RepoPattern {
    /// The components, folded, globs allowed.
    pub components: Vec<String>,
}

/// A title or a branch.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TextPattern {
    /// The whole of it, with stars.
    Glob(Glob),
    /// Terms that stand in it side by side.
    Words(Vec<String>),
}

/// The beginning of a session's id (ours or the agent's own), in lower case, four characters at least.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionPrefix {
    /// As typed, in lower case.
    pub prefix: String,
}

/// A stretch of time in milliseconds since 1970: `from_ms` belongs to it, `until_ms` does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeRange {
    /// The beginning; open when absent.
    pub from_ms: Option<i64>,
    /// The end; open when absent.
    pub until_ms: Option<i64>,
}

/// A range of numbers, in the base unit of its field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumberRange {
    /// The lower end.
    pub low: Bound,
    /// The upper end.
    pub high: Bound,
}

/// An end of a range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// None.
    Open,
    /// The number belongs to the range.
    Included(f64),
    /// It does not.
    Excluded(f64),
}

/// What a scan of the text looks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TextScan {
    /// The text, as it is; capitals matter only with `case:yes`.
    Literal(String),
    /// A regular expression over the whole text of an event, `^` and `$` at line ends.
    Regex(RegexPattern),
}
