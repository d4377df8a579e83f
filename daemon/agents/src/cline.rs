//! Cline, Roo Code and Kilo Code: task folders in the storage of VS Code's extensions, and Cline's sessions since its
//! version 4.
//!
//! A task is a folder of two views of the same conversation: `ui_messages.json`, what the person was shown, with times
//! and usage, and `api_conversation_history.json`, what went to the model, with exact calls and results. [`cut`] takes
//! both as rows of one table, in the order in which they were written; [`derive`] takes from each what only it has.

mod cut;
mod derive;
mod edit;
mod item;
pub(crate) mod message;
mod state;
pub(crate) mod text;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use opensession_hail::Relation;

use crate::{
    Agent, Cursor, Cut, CutError, Deriver, Environment, Limits, Problem, Root, Sink, Source, SourceKind, StateError,
};

/// An agent of the family.
pub struct Cline {
    id: &'static str,
    name: &'static str,
    switch: &'static str,
    /// The extension's id, in lower case.
    extension: &'static str,
}

/// Cline itself.
pub const CLINE: Cline = Cline { id: "cline", name: "Cline", switch: "cline", extension: "saoudrizwan.claude-dev" };
/// Roo Code.
pub const ROO_CODE: Cline =
    Cline { id: "roo-code", name: "Roo Code", switch: "roo_code", extension: "rooveterinaryinc.roo-cline" };
/// Kilo Code, up to version 6.
pub const KILO_CODE: Cline =
    Cline { id: "kilo-code", name: "Kilo Code", switch: "kilo_code", extension: "kilocode.kilo-code" };

/// VS Code, its kin and its forks.
const HOSTS: [&str; 9] =
    ["Code", "Code - Insiders", "VSCodium", "Cursor", "Windsurf", "Kiro", "Trae", "Positron", "Antigravity"];
/// The same on the far side of a remote session, below the home directory.
const REMOTE_HOSTS: [&str; 6] = [
    ".vscode-server/data/User",
    ".vscode-server-insiders/data/User",
    ".vscode-remote/data/User",
    ".cursor-server/data/User",
    ".windsurf-server/data/User",
    ".vscodium-server/data/User",
];

pub(crate) const UI: &str = "ui_messages.json";
pub(crate) const OLD_UI: &str = "claude_messages.json";
pub(crate) const API: &str = "api_conversation_history.json";
/// What the files of Cline's sessions since version 4 end in.
const MESSAGES: &str = ".messages.json";

impl Cline {
    fn is_cline(&self) -> bool {
        self.id == "cline"
    }

    /// The extension's folder in a `globalStorage`, whatever the case of its name.
    fn storage(&self, storage: &Path) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(storage) else { return Vec::new() };
        let is_own = |name: &str| name.eq_ignore_ascii_case(self.extension);
        let mut found: Vec<PathBuf> = entries
            .filter_map(Result::ok)
            .filter(|entry| entry.file_name().to_str().is_some_and(is_own))
            .map(|entry| entry.path().join("tasks"))
            .collect();
        found.sort();
        found
    }

    fn own_roots(&self, environment: &Environment) -> Vec<PathBuf> {
        if self.id == "roo-code" {
            return vec![environment.home.join(".vscode-mock/global-storage/tasks")];
        }
        if !self.is_cline() {
            return Vec::new();
        }
        let home = environment.path_variable("CLINE_DIR").unwrap_or_else(|| environment.home.join(".cline"));
        let data = environment.path_variable("CLINE_DATA_DIR").unwrap_or_else(|| home.join("data"));
        let sessions = environment.path_variable("CLINE_SESSION_DATA_DIR").unwrap_or_else(|| data.join("sessions"));
        vec![sessions, data.join("tasks")]
    }

    /// The task or the sessions in `folder`, below a root.
    fn sources_of(&self, folder: &Path, found: &mut dyn FnMut(Source)) -> io::Result<()> {
        let Some(name) = folder.file_name().and_then(|name| name.to_str()) else { return Ok(()) };
        let mut names: Vec<String> = fs::read_dir(folder)?
            .filter_map(Result::ok)
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        if let Some(file) = [UI, OLD_UI, API].into_iter().find(|file| names.iter().any(|name| name == file)) {
            found(task(folder, name, file));
        } else if self.is_cline() {
            for file in names.iter().filter(|file| file.ends_with(MESSAGES)) {
                found(session(folder, name, file));
            }
        }
        Ok(())
    }
}

impl Agent for Cline {
    fn id(&self) -> &'static str {
        self.id
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn switch(&self) -> &'static str {
        self.switch
    }

    fn roots(&self, environment: &Environment) -> Vec<Root> {
        let remote = REMOTE_HOSTS
            .iter()
            .map(|host| environment.home.join(host))
            .filter(|folder| environment.may_be_there(folder));
        let users: Vec<PathBuf> = environment.vscode_user_folders(&HOSTS).into_iter().chain(remote).collect();
        let mut paths = self.own_roots(environment);
        for user in users {
            paths.extend(self.storage(&user.join("globalStorage")));
            let Ok(profiles) = fs::read_dir(user.join("profiles")) else { continue };
            let mut profiles: Vec<PathBuf> = profiles.filter_map(Result::ok).map(|entry| entry.path()).collect();
            profiles.sort();
            paths.extend(profiles.iter().flat_map(|profile| self.storage(&profile.join("globalStorage"))));
        }
        paths.into_iter().map(|path| Root { path, recursive: true }).collect()
    }

    fn find(&self, root: &Root, found: &mut dyn FnMut(Source)) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut failed = |folder: &Path, error: &io::Error| {
            let reason = format!("cannot list {}: {error}", folder.display());
            problems.push(Problem { record: 0, position: 0, reason });
        };
        let entries = match fs::read_dir(&root.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
            Err(error) => {
                failed(&root.path, &error);
                return problems;
            }
        };
        for entry in entries.filter_map(Result::ok) {
            // Only the folders of tasks matter, and none of them is deeper.
            let folder = entry.path();
            if folder.is_dir()
                && let Err(error) = self.sources_of(&folder, found)
            {
                failed(&folder, &error);
            }
        }
        problems
    }

    fn source_at(&self, root: &Root, path: &Path) -> Option<Source> {
        let below = path.strip_prefix(&root.path).ok()?;
        let mut parts = below.components();
        let name = parts.next()?.as_os_str().to_str()?;
        let file = parts.next()?.as_os_str().to_str()?;
        if parts.next().is_some() {
            return None;
        }
        let folder = root.path.join(name);
        if file.ends_with(MESSAGES) {
            return self.is_cline().then(|| session(&folder, name, file));
        }
        if self.is_cline() && file == format!("{name}.json") {
            return Some(session(&folder, name, &format!("{name}{MESSAGES}")));
        }
        if ![UI, OLD_UI, API].contains(&file) && !cut::SIDES.contains(&file) {
            return None;
        }
        let main = [UI, OLD_UI, API].into_iter().find(|file| folder.join(file).is_file()).unwrap_or(UI);
        Some(task(&folder, name, main))
    }

    fn rank(&self, source: &Source) -> u8 {
        let name = source.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        match name {
            API => 3,
            OLD_UI => 2,
            UI => 1,
            _ => 0,
        }
    }

    fn cut(
        &self,
        source: &Source,
        cursor: Option<&Cursor>,
        limits: &Limits,
        sink: &mut dyn Sink,
    ) -> Result<Cut, CutError> {
        cut::cut(source, cursor, limits, sink)
    }

    fn deriver(&self, source: &Source, state: Option<&[u8]>) -> Result<Box<dyn Deriver>, StateError> {
        Ok(Box::new(derive::Task::new(source, state)?))
    }

    fn resume(&self, native_id: &str) -> Option<Vec<String>> {
        // Tasks of the extension are resumed in it; the command line knows its own sessions.
        let is_session = self.is_cline() && native_id.contains('_') && !native_id.contains([':', '/', ' ']);
        is_session.then(|| vec!["cline".to_owned(), "--id".to_owned(), native_id.to_owned()])
    }

    fn begin(&self) -> Option<crate::Begin> {
        self.is_cline().then(|| crate::Begin::with(&["cline"]))
    }
}

fn task(folder: &Path, name: &str, file: &str) -> Source {
    let beside = [API].into_iter().filter(|other| *other != file).chain(cut::SIDES);
    Source {
        path: folder.join(file),
        kind: SourceKind::Rows,
        native_id: name.to_owned(),
        parent: None,
        side_files: beside.map(|name| folder.join(name)).collect(),
        version: 0,
    }
}

/// A session's own messages, or those of an agent that it started.
fn session(folder: &Path, name: &str, file: &str) -> Source {
    let agent = file.strip_suffix(MESSAGES).unwrap_or(file);
    let own = agent == name;
    Source {
        path: folder.join(file),
        kind: SourceKind::Rows,
        native_id: if own { name.to_owned() } else { format!("{name}:{agent}") },
        parent: (!own).then(|| (name.to_owned(), Relation::Subagent)),
        side_files: vec![folder.join(format!("{name}.json"))],
        version: 0,
    }
}

#[cfg(test)]
mod tests;
