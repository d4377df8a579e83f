//! Antigravity, the IDE (`~/.gemini/antigravity`) and the command line (`~/.gemini/antigravity-cli`): transcripts that
//! lie beside each conversation. The conversations themselves are encrypted, or in a form that is not published.

mod step;
#[cfg(test)]
mod tests;

use std::path::Path;

use crate::{
    Agent, Cursor, Cut, CutError, Deriver, Environment, Limits, Problem, Root, Sink, Source, SourceKind, StateError,
    lines,
    transcript::{Transcript, walk},
};

/// The agent.
pub struct Antigravity;

/// The folder of the IDE; the other one is that of the command line.
const IDE: &str = "antigravity";
/// What the ids of the IDE's conversations begin with: both number theirs in the same way.
const IDE_ID: &str = "ide/";
const TRANSCRIPT: &str = "transcript.jsonl";
const FULL: &str = "transcript_full.jsonl";
/// Where a transcript lies in the folder of its conversation.
const LOGS: [&str; 2] = [".system_generated", "logs"];

impl Agent for Antigravity {
    fn id(&self) -> &'static str {
        "antigravity"
    }

    fn name(&self) -> &'static str {
        "Antigravity"
    }

    fn switch(&self) -> &'static str {
        "antigravity"
    }

    fn roots(&self, environment: &Environment) -> Vec<Root> {
        let mut homes = vec![environment.home.clone()];
        homes.extend(environment.windows_homes());
        let folders =
            homes.iter().flat_map(|home| [IDE, "antigravity-cli"].map(|name| home.join(".gemini").join(name)));
        folders.map(|path| Root { path, recursive: true }).collect()
    }

    fn find(&self, root: &Root, found: &mut dyn FnMut(Source)) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut read = std::collections::BTreeSet::new();
        for conversation in walk::folders(&root.path.join("brain"), &mut problems) {
            let logs = conversation.join(LOGS[0]).join(LOGS[1]);
            let file = [FULL, TRANSCRIPT].map(|name| logs.join(name)).into_iter().find(|file| file.is_file());
            if let Some(source) = file.and_then(|file| self.source_at(root, &file)) {
                read.extend(conversation.file_name().map(std::ffi::OsStr::to_owned));
                found(source);
            }
        }
        let mut unread = 0_u64;
        problems.extend(walk::files(&root.path.join("conversations"), 0, &mut |_, name| {
            let id = name.strip_suffix(".pb").or_else(|| name.strip_suffix(".db"));
            unread += u64::from(id.is_some_and(|id| !read.contains(std::ffi::OsStr::new(id))));
        }));
        if unread > 0 {
            let reason = format!(
                "{unread} conversations in {} have no transcript: they are encrypted or in a form that is not published, \
                 and are not listed",
                root.path.join("conversations").display()
            );
            problems.push(Problem { record: 0, position: 0, reason });
        }
        problems
    }

    fn source_at(&self, root: &Root, path: &Path) -> Option<Source> {
        let names = walk::names_below(&root.path, path)?;
        let (conversation, file) = match names[..] {
            ["brain", conversation, logs_0, logs_1, file] if [logs_0, logs_1] == LOGS => (conversation, Some(file)),
            ["brain", conversation, "task.md"] => (conversation, None),
            _ => return None,
        };
        let folder = root.path.join("brain").join(conversation);
        let logs = folder.join(LOGS[0]).join(LOGS[1]);
        // What was cut off in the one is whole in the other.
        let path = match file {
            Some(FULL) => path.to_owned(),
            Some(TRANSCRIPT) if !logs.join(FULL).is_file() => path.to_owned(),
            Some(TRANSCRIPT) | None => {
                [FULL, TRANSCRIPT].map(|name| logs.join(name)).into_iter().find(|file| file.is_file())?
            }
            Some(_) => return None,
        };
        let prefix = if root.path.ends_with(IDE) { IDE_ID } else { "" };
        Some(Source {
            path,
            kind: SourceKind::Lines,
            native_id: format!("{prefix}{conversation}"),
            parent: None,
            side_files: vec![folder.join("task.md")],
            version: 0,
        })
    }

    fn cut(
        &self,
        source: &Source,
        cursor: Option<&Cursor>,
        limits: &Limits,
        sink: &mut dyn Sink,
    ) -> Result<Cut, CutError> {
        lines::cut(source, cursor, limits, sink)
    }

    fn deriver(&self, source: &Source, state: Option<&[u8]>) -> Result<Box<dyn Deriver>, StateError> {
        let format = step::Steps { native_id: source.native_id.clone() };
        Ok(Box::new(Transcript::new(format, state)?))
    }

    fn resume(&self, native_id: &str) -> Option<Vec<String>> {
        let known = !native_id.starts_with(IDE_ID);
        known.then(|| ["agy", "--conversation", native_id].map(str::to_owned).to_vec())
    }
}
