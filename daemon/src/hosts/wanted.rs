//! Which files of a home directory are pulled: those that the readers would open, and no others.
//!
//! The readers judge by names alone where a file belongs, so they are asked about the names that the other machine lists.
//! An agent that is read here is therefore pulled too, and what lies beside its sessions (keys, settings, caches) is not.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use opensession_agents::{Agent, Environment, Root, SourceKind, database};

use super::entry::Entry;

/// How a file is pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// Lines that are appended to: the new ones.
    Lines,
    /// All of it, when it changed.
    Whole,
    /// Perhaps a database, which is written to while it is read; its write-ahead log belongs to it.
    Database,
}

/// A folder of the home directory in which agents keep their sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folder {
    /// Below the home directory.
    pub(super) path: PathBuf,
    pub(super) recursive: bool,
}

/// What is pulled of a home directory.
pub(super) struct Wishes {
    home: PathBuf,
    roots: Vec<(&'static dyn Agent, Root)>,
}

/// A file to pull.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) entry: Entry,
    pub(super) how: How,
    /// The write-ahead log of a database, or the journal that tells that it is being written.
    pub(super) log: Option<Entry>,
    pub(super) journal: bool,
}

impl Wishes {
    /// Where these agents keep their sessions in the home directory that `environment` tells of.
    pub(super) fn new(agents: impl IntoIterator<Item = &'static dyn Agent>, environment: &Environment) -> Self {
        let home = environment.home.clone();
        let mut roots = Vec::new();
        for agent in agents {
            let own = agent.roots(environment).into_iter();
            // The home directory itself is nobody's folder, and what lies elsewhere cannot be told from here.
            roots
                .extend(own.filter(|root| root.path.starts_with(&home) && root.path != home).map(|root| (agent, root)));
        }
        Self { home, roots }
    }

    /// The folders to list, each once; none lies in a recursive one.
    pub(super) fn folders(&self) -> Vec<Folder> {
        let mut folders: BTreeMap<PathBuf, bool> = BTreeMap::new();
        for (_, root) in &self.roots {
            if let Ok(below) = root.path.strip_prefix(&self.home) {
                *folders.entry(below.to_owned()).or_default() |= root.recursive;
            }
        }
        let within =
            |path: &Path| path.ancestors().skip(1).any(|ancestor| folders.get(ancestor).copied().unwrap_or(false));
        let outermost = folders.iter().filter(|(path, _)| !within(path));
        outermost.map(|(path, recursive)| Folder { path: path.clone(), recursive: *recursive }).collect()
    }

    /// The files to pull of those that were listed, and the side files that lie elsewhere and have yet to be asked for.
    pub(super) fn choose(&self, listed: Vec<Entry>) -> (Vec<Wanted>, Vec<PathBuf>) {
        let mut entries: BTreeMap<PathBuf, Entry> =
            listed.into_iter().map(|entry| (entry.path.clone(), entry)).collect();
        let mut chosen: BTreeMap<PathBuf, How> = BTreeMap::new();
        let mut beside: BTreeSet<PathBuf> = BTreeSet::new();
        for path in entries.keys() {
            let full = self.home.join(path);
            for (agent, root) in self.roots.iter().filter(|(_, root)| is_in(&full, root)) {
                let Some(how) = judge(*agent, root, &full, &mut beside) else { continue };
                // Whoever takes it for lines reads it in parts; all of it is right for everybody else.
                let known = chosen.entry(path.clone()).or_insert(how);
                if *known == How::Lines && how != How::Lines {
                    *known = how;
                }
            }
        }
        let mut absent = Vec::new();
        for path in beside {
            let Ok(below) = path.strip_prefix(&self.home) else { continue };
            if entries.contains_key(below) {
                chosen.entry(below.to_owned()).or_insert(How::Whole);
            } else if !self.folders().iter().any(|folder| folder.recursive && below.starts_with(&folder.path)) {
                absent.push(below.to_owned());
            }
        }
        let mut wanted = Vec::new();
        for (path, how) in chosen {
            let (mut log, mut journal) = (None, false);
            if how == How::Database {
                log = entries.get(&database::log_of(&path)).cloned();
                let mut name = path.as_os_str().to_owned();
                name.push("-journal");
                journal = entries.get(Path::new(&name)).is_some_and(|journal| journal.size > 0);
            }
            if let Some(entry) = entries.remove(&path) {
                wanted.push(Wanted { entry, how, log, journal });
            }
        }
        (wanted, absent)
    }
}

/// Whether the root covers the file.
fn is_in(path: &Path, root: &Root) -> bool {
    if root.recursive { path.starts_with(&root.path) } else { path.parent() == Some(&*root.path) }
}

fn judge(agent: &dyn Agent, root: &Root, path: &Path, beside: &mut BTreeSet<PathBuf>) -> Option<How> {
    let container = agent.container_at(root, path);
    if let Some(container) = &container {
        if container == path {
            return Some(How::Database);
        }
        // Its log, its index, its journal.
        let is_part =
            database::of_file(path) == *container || path.as_os_str().as_encoded_bytes().ends_with(b"-journal");
        return (!is_part).then_some(How::Whole);
    }
    if let Some(source) = agent.source_at(root, path) {
        let own = source.path == path;
        beside.extend(source.side_files);
        return Some(if own && source.kind == SourceKind::Lines { How::Lines } else { How::Whole });
    }
    let name = path.file_name()?.to_str()?;
    agent.beside().contains(&name).then_some(How::Whole)
}

#[cfg(test)]
mod tests {
    use opensession_agents::Platform;

    use super::*;

    fn wishes() -> Wishes {
        let environment = Environment {
            home: "/mirror/home".into(),
            variables: BTreeMap::new(),
            platform: Platform::Linux,
            projects: Vec::new(),
            out_of_sight: true,
        };
        Wishes::new(opensession_agents::all().iter().copied(), &environment)
    }

    #[test]
    fn folders_are_those_of_the_readers_and_each_is_listed_once() {
        let folders = wishes().folders();
        for known in [".claude/projects", ".codex/sessions", ".config/Code/User/workspaceStorage", ".gemini/tmp"] {
            let found = folders.iter().find(|folder| folder.path == Path::new(known));
            assert!(found.is_some_and(|folder| folder.recursive), "{known}: {folders:?}");
        }
        for (at, folder) in folders.iter().enumerate() {
            let outer = folders
                .iter()
                .enumerate()
                .find(|(other, outer)| *other != at && outer.recursive && folder.path.starts_with(&outer.path));
            assert_eq!(outer, None, "{folder:?}");
            assert!(!folder.path.as_os_str().is_empty());
        }
    }

    #[test]
    fn what_readers_open_is_chosen_and_nothing_beside_it() {
        let id = "0b0d5c1e-1111-4222-8333-444455556666";
        let listed = [
            format!(".claude/projects/-home-ann-app/{id}.jsonl"),
            format!(".claude/projects/-home-ann-app/{id}/subagents/agent-a1.jsonl"),
            format!(".claude/projects/-home-ann-app/{id}/subagents/agent-a1.meta.json"),
            ".claude/projects/-home-ann-app/memory/notes.md".to_owned(),
            ".claude/.credentials.json".to_owned(),
            ".codex/auth.json".to_owned(),
            ".codex/config.toml".to_owned(),
            format!(".codex/sessions/2026/01/02/rollout-2026-01-02T03-04-05-{id}.jsonl"),
            format!(".codex/archived_sessions/rollout-2026-01-02T03-04-05-{id}.jsonl.zst"),
            ".gemini/tmp/app/chats/session-2026-01-02T03-04-0b0d5c1e.json".to_owned(),
            ".gemini/oauth_creds.json".to_owned(),
            ".local/share/opencode/opencode.db".to_owned(),
            ".local/share/opencode/opencode.db-wal".to_owned(),
            ".local/share/opencode/opencode.db-shm".to_owned(),
            ".local/share/opencode/auth.json".to_owned(),
            ".config/Cursor/User/globalStorage/state.vscdb".to_owned(),
            ".config/Cursor/User/globalStorage/state.vscdb.backup".to_owned(),
            ".config/Cursor/User/workspaceStorage/0f/workspace.json".to_owned(),
            ".gemini/antigravity/brain/0b0d/.system_generated/logs/transcript.jsonl".to_owned(),
            ".kiro/sessions/cli/0b0d.jsonl".to_owned(),
        ];
        let entry = |path: &String| Entry { path: path.into(), inode: 1, size: 1, modified: 1 };
        let (wanted, elsewhere) = wishes().choose(listed.iter().map(entry).collect());
        let lines: Vec<String> = wanted
            .iter()
            .map(|wanted| {
                let log = if wanted.log.is_some() { " with its log" } else { "" };
                format!("{:?} {}{log}", wanted.how, wanted.entry.path.display())
            })
            .chain(elsewhere.iter().map(|path| format!("ask for {}", path.display())))
            .collect();
        insta::assert_snapshot!(lines.join("\n"));
    }
}
