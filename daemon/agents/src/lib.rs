//! One module per coding agent: where its sessions are, and how they are read.
//!
//! A reader has three parts. *Find* walks an agent's folders and names the sources in them. *Cut* takes a source and a
//! cursor and gives the raw records that came since, with the next cursor. *Derive* turns records, in order, into
//! events, facts and problems; it keeps a small state that outlives the process, so that an append derives only what
//! is new, and it does no IO at all.
//!
//! Nothing here knows of our database, of sockets, clocks or async runtimes; environment variables reach a reader only
//! through [`Environment`]. A damaged record is a [`Problem`], never an error of the whole source.

use std::path::{Path, PathBuf};

pub mod aider;
pub mod amazon_q;
pub mod amp;
pub mod antigravity;
#[cfg(test)]
pub(crate) mod check;
pub mod claude_code;
pub mod cline;
pub mod codex;
pub mod continue_dev;
pub mod copilot;
pub mod copilot_cli;
pub mod crush;
pub mod cursor;
pub mod cursor_app;
pub mod database;
pub mod derive;
pub mod document;
mod document_elements;
pub mod environment;
pub mod external;
pub mod factory_droid;
pub mod gemini;
pub mod goose;
pub mod hail;
mod hunks;
mod json_deriver;
pub mod kimi;
pub mod kiro;
mod lenient_json;
pub mod lines;
pub mod openclaw;
pub mod opencode;
pub mod pi;
pub mod qwen_code;
pub mod registry;
pub mod rows;
pub mod source;
mod transcript;
mod waiting_edits;
pub mod windsurf;
pub mod write;
pub mod zed;

pub use cursor::{Cursor, Cut, CutError, Limits, Record, Sink};
pub use derive::{Derived, Deriver, Facts, Problem, StateError};
pub use environment::{Environment, Platform};
pub use source::{Listing, Root, Source, SourceKind};

/// A coding agent whose sessions we read.
pub trait Agent: Send + Sync {
    /// The id by which it is typed and stored: `claude-code`.
    fn id(&self) -> &'static str;

    /// The name in sentences: `Claude Code`.
    fn name(&self) -> &'static str;

    /// The key of its switch under `[watchers]`: `claude_code`.
    fn switch(&self) -> &'static str;

    /// The folders that may hold its sessions, whether they exist or not, most usual first.
    fn roots(&self, environment: &Environment) -> Vec<Root>;

    /// Walks `root` and names every source in it, in no particular order. A folder that cannot be read is a problem.
    /// A symbolic link that leads back into the walk is not followed twice.
    fn find(&self, root: &Root, found: &mut dyn FnMut(Source)) -> Vec<Problem>;

    /// The source that `path` (a file that changed below `root`) belongs to, judged by its name alone.
    fn source_at(&self, root: &Root, path: &Path) -> Option<Source>;

    /// Names, relative to a project's folder, of what tells that the agent keeps sessions in it: empty for agents that
    /// keep them at home.
    fn project_marks(&self) -> &'static [&'static str] {
        &[]
    }

    /// Names the files (or folders) below `root` that hold several sessions each: databases, logs of months. By names
    /// alone, as [`Agent::find`].
    fn containers(&self, _root: &Root, _found: &mut dyn FnMut(PathBuf)) -> Vec<Problem> {
        Vec::new()
    }

    /// The container that `path` (a file that changed below `root`: itself, its write-ahead log, a file in it) belongs
    /// to, judged by names alone.
    fn container_at(&self, _root: &Root, _path: &Path) -> Option<PathBuf> {
        None
    }

    /// Names the sessions in `container`, each with a version that is another one whenever its records may have
    /// changed. With `since`, the mark of an earlier listing of it, it may name those alone that changed since.
    fn sources_in(
        &self,
        _container: &Path,
        _since: Option<&[u8]>,
        _found: &mut dyn FnMut(Source),
    ) -> Result<Listing, CutError> {
        Ok(Listing::default())
    }

    /// Names of small files below its roots that its reader looks at beside the sources and their side files: what names
    /// a workspace's folder.
    fn beside(&self) -> &'static [&'static str] {
        &[]
    }

    /// Where several sources hold one session (a file that was imported into a database and left in place), the lowest
    /// rank is read and stands for all.
    fn rank(&self, _source: &Source) -> u8 {
        0
    }

    /// Gives `sink` the records that came after `cursor`, at most about [`Limits::bytes`] of them.
    fn cut(
        &self,
        source: &Source,
        cursor: Option<&Cursor>,
        limits: &Limits,
        sink: &mut dyn Sink,
    ) -> Result<Cut, CutError>;

    /// A deriver for the session `source` holds, at its beginning (`None`) or where `state` was taken.
    fn deriver(&self, source: &Source, state: Option<&[u8]>) -> Result<Box<dyn Deriver>, StateError>;

    /// The command that resumes the session in its agent, without the directory change.
    fn resume(&self, native_id: &str) -> Option<Vec<String>>;

    /// What writes sessions that the agent resumes, where one can be written.
    fn writer(&self) -> Option<&dyn write::Writer> {
        None
    }

    /// The command that begins a session with a prompt, where the agent has one.
    fn begin(&self) -> Option<Begin> {
        None
    }
}

/// A command that begins an agent's session with a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begin {
    /// The command, word by word; the prompt follows as its last word.
    pub command: &'static [&'static str],
    /// The last word is the name of a file with the prompt in it, not the prompt itself.
    pub from_file: bool,
}

impl Begin {
    /// The prompt is the command's last word.
    pub const fn with(command: &'static [&'static str]) -> Self {
        Self { command, from_file: false }
    }

    /// The last word is the name of a file with the prompt in it.
    pub const fn from_file(command: &'static [&'static str]) -> Self {
        Self { command, from_file: true }
    }
}

/// Every agent we read ourselves, in the order in which they are listed. With the user's own readers: [`registry`].
pub fn all() -> &'static [&'static dyn Agent] {
    &[
        &claude_code::ClaudeCode,
        &codex::Codex,
        &gemini::GeminiCli,
        &aider::Aider,
        &cursor_app::CursorApp,
        &goose::Goose,
        &crush::Crush,
        &zed::Zed,
        &opencode::KILO,
        &opencode::OPENCODE,
        &amazon_q::AmazonQ,
        &amp::Amp,
        &antigravity::Antigravity,
        &factory_droid::FactoryDroid,
        &kimi::Kimi,
        &kiro::Kiro,
        &openclaw::OpenClaw,
        &pi::PiAgent,
        &qwen_code::QwenCode,
        &windsurf::Windsurf,
        &copilot::Copilot,
        &copilot_cli::CopilotCli,
        &cline::CLINE,
        &continue_dev::Continue,
        &hail::Hail,
        &cline::KILO_CODE,
        &cline::ROO_CODE,
    ]
}

/// The agent of that id, of those in [`all`].
pub fn by_id(id: &str) -> Option<&'static dyn Agent> {
    all().iter().copied().find(|agent| agent.id() == id)
}
