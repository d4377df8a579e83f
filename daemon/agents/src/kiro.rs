//! Kiro: its command line, with conversations in a database and since 2026 in files of lines, and its IDE.

pub(crate) mod conversation;
pub(crate) mod database;
mod ide;
mod ide_history;
mod session_lines;
#[cfg(test)]
mod tests;
mod tools;

use std::path::{Path, PathBuf};

use self::{conversation::Conversation, ide_history::History, session_lines::Lines};
use crate::{
    Agent, Cursor, Cut, CutError, Deriver, Environment, Limits, Listing, Platform, Problem, Root, Sink, Source,
    SourceKind, StateError, database as sqlite, lines, rows,
    transcript::{Transcript, walk},
};

/// The agent.
pub struct Kiro;

/// The folder of the command line's database.
const CLI: &str = "kiro-cli";
/// The folder of the IDE's extension, below a `User` folder.
const EXTENSION: &str = "globalStorage/kiro.kiroagent";
/// The folder of the command line's sessions, below the home directory.
const CLI_SESSIONS: &str = ".kiro/sessions/cli";

impl Agent for Kiro {
    fn id(&self) -> &'static str {
        "kiro"
    }

    fn name(&self) -> &'static str {
        "Kiro"
    }

    fn switch(&self) -> &'static str {
        "kiro"
    }

    fn roots(&self, environment: &Environment) -> Vec<Root> {
        let mut homes = vec![environment.home.clone()];
        homes.extend(environment.windows_homes());
        let mut roots: Vec<Root> =
            homes.iter().map(|home| Root { path: home.join(CLI_SESSIONS), recursive: false }).collect();
        if environment.platform == Platform::MacOs {
            let path = environment.home.join("Library/Application Support").join(CLI);
            roots.push(Root { path, recursive: false });
        }
        roots.push(Root { path: environment.data_home().join(CLI), recursive: false });
        let users = environment.vscode_user_folders(&["Kiro"]);
        roots.extend(users.into_iter().map(|user| Root { path: user.join(EXTENSION), recursive: true }));
        roots
    }

    fn beside(&self) -> &'static [&'static str] {
        &[ide::LIST]
    }

    fn find(&self, root: &Root, found: &mut dyn FnMut(Source)) -> Vec<Problem> {
        let (folder, depth) =
            if is_extension(root) { (root.path.join(ide::SESSIONS), 1) } else { (root.path.clone(), 0) };
        walk::files(&folder, depth, &mut |folder, name| {
            let path = folder.join(name);
            // The document beside a session's lines is none by itself.
            if name.strip_suffix(".jsonl").is_some() || is_extension(root) {
                self.source_at(root, &path).into_iter().for_each(&mut *found);
            }
        })
    }

    fn source_at(&self, root: &Root, path: &Path) -> Option<Source> {
        let names = walk::names_below(&root.path, path)?;
        let (path, kind, native_id, side_files) = match names[..] {
            [ide::SESSIONS, _, name] if name != ide::LIST => {
                let native_id = format!("{}{}", ide::ID, name.strip_suffix(".json")?);
                (path.to_owned(), SourceKind::Rows, native_id, Vec::new())
            }
            [name] if !is_extension(root) => {
                let id = name.strip_suffix(".jsonl").or_else(|| name.strip_suffix(".json"))?;
                let lines = path.with_file_name(format!("{id}.jsonl"));
                let about = path.with_file_name(format!("{id}.json"));
                ((lines == path || lines.is_file()).then_some(lines)?, SourceKind::Lines, id.to_owned(), vec![about])
            }
            _ => return None,
        };
        Some(Source { path, kind, native_id, parent: None, side_files, version: 0 })
    }

    fn containers(&self, root: &Root, found: &mut dyn FnMut(PathBuf)) -> Vec<Problem> {
        let mut problems = Vec::new();
        if is_extension(root) {
            for folder in walk::folders(&root.path, &mut problems) {
                let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                if ide::is_hash(name) && ide::has_chats(&folder) {
                    found(folder);
                }
            }
        } else if root.path.ends_with(CLI) {
            Some(root.path.join(database::NAME)).filter(|database| database.is_file()).into_iter().for_each(found);
        }
        problems
    }

    fn container_at(&self, root: &Root, path: &Path) -> Option<PathBuf> {
        if is_extension(root) {
            return match walk::names_below(&root.path, path)?[..] {
                [folder] if ide::is_hash(folder) => Some(path.to_owned()),
                [folder, _] if ide::is_hash(folder) && ide::is_chat(path) => path.parent().map(Path::to_owned),
                _ => None,
            };
        }
        let database = root.path.join(database::NAME);
        (sqlite::of_file(path) == database).then_some(database)
    }

    fn sources_in(
        &self,
        container: &Path,
        _since: Option<&[u8]>,
        found: &mut dyn FnMut(Source),
    ) -> Result<Listing, CutError> {
        if is_database(container) { database::list(container, found) } else { ide::chats(container, found) }
    }

    fn rank(&self, source: &Source) -> u8 {
        u8::from(source.container().is_some())
    }

    fn cut(
        &self,
        source: &Source,
        cursor: Option<&Cursor>,
        limits: &Limits,
        sink: &mut dyn Sink,
    ) -> Result<Cut, CutError> {
        match source.container() {
            Some(container) if is_database(container) => {
                let mut conversation = database::open(container, &source.native_id, limits)?;
                rows::cut(source, cursor, limits, sink, &mut conversation)
            }
            Some(folder) => rows::cut(source, cursor, limits, sink, &mut ide::chat(folder, &source.native_id)?),
            None if source.kind == SourceKind::Lines => lines::cut(source, cursor, limits, sink),
            None => rows::cut_file(source, cursor, limits, sink, |bytes| ide::session(&source.path, &bytes)),
        }
    }

    fn deriver(&self, source: &Source, state: Option<&[u8]>) -> Result<Box<dyn Deriver>, StateError> {
        Ok(match source.container() {
            Some(container) if is_database(container) => Box::new(Transcript::new(Conversation, state)?),
            None if source.kind == SourceKind::Lines => Box::new(Transcript::new(Lines, state)?),
            _ => Box::new(Transcript::new(History, state)?),
        })
    }

    fn resume(&self, native_id: &str) -> Option<Vec<String>> {
        // Sessions of the IDE are resumed in its window alone.
        (!native_id.starts_with(ide::ID) && !native_id.starts_with('-'))
            .then(|| ["kiro-cli", "chat", "--resume-id", native_id].map(str::to_owned).to_vec())
    }
}

fn is_extension(root: &Root) -> bool {
    root.path.ends_with(EXTENSION)
}

fn is_database(container: &Path) -> bool {
    container.file_name().is_some_and(|name| name == database::NAME)
}
