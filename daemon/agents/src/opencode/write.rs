//! A conversation as rows of `OpenCode`'s database.
//!
//! A session belongs to a project, which is named by the first commit of its repository, and its next prompt goes to the
//! model of the last one. Both are looked up: the project of the sessions that were in the directory before, and the
//! model that the person used last. Every prompt must name one: without it `OpenCode` does not show the session.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Agent, Family};
use crate::{
    Environment, Root,
    write::{Cell, Content, Conversation, Insert, Lookup, Rows, WriteError, Writer, Written, hex},
};

/// The project of directories that are in no repository.
const GLOBAL: &str = "global";
/// What a version wrote that has all the columns that are written here, and no more.
const VERSION: &str = "1.2.0";

/// The newest session's last prompt that names a model.
const MODEL: &str = "SELECT json_extract(data, '$.model') FROM message \
    WHERE session_id IN (SELECT session_id FROM \
        (SELECT id AS session_id FROM session ORDER BY time_updated DESC LIMIT 20)) \
    AND json_extract(data, '$.role') = 'user' AND json_extract(data, '$.model.modelID') IS NOT NULL \
    ORDER BY time_created DESC LIMIT 1";
/// Told where there is no such prompt.
const NO_MODEL: &str = "it was asked nothing yet, so that no model is known to go on with";
/// The project of the newest session in the directory, else the one that its repository names.
const PROJECT: &str = "SELECT coalesce(\
    (SELECT project_id FROM session WHERE directory = :directory ORDER BY time_updated DESC LIMIT 1), :project)";

impl Writer for Family {
    fn names_projects_by_commit(&self) -> bool {
        true
    }

    fn write(
        &self,
        conversation: &Conversation,
        environment: &Environment,
        _register: Option<&str>,
    ) -> Result<Written, WriteError> {
        let turns = conversation.plain_turns()?;
        let (root, path) = self.database(environment).ok_or(WriteError::NoFolder)?;
        let begun = conversation.time.timestamp().as_millisecond();
        // Newest first, so the time of a session's id is turned round.
        let session = id("ses", !(begun.cast_unsigned() << 12), conversation, 0);
        let text = |text: &str| Cell::Text(text.to_owned());
        let repository = conversation.repository.as_ref();
        let known = repository.and_then(|repository| Some((repository, repository.first_commit.as_deref()?)));
        let (project, work_tree) = known.map_or((GLOBAL, "/"), |(repository, commit)| (commit, &repository.root));
        let below = Path::new(&conversation.cwd).strip_prefix(work_tree).ok().filter(|_| known.is_some());
        let lookups = vec![
            Lookup {
                name: ":project",
                sql: PROJECT,
                parameters: vec![
                    (":directory", Some(conversation.cwd.clone())),
                    (":project", Some(project.to_owned())),
                ],
                wanted: None,
            },
            Lookup { name: ":model", sql: MODEL, parameters: Vec::new(), wanted: Some(NO_MODEL) },
        ];
        let project = || Cell::Made { sql: ":project", text: String::new() };
        let mut inserts = vec![
            Insert {
                table: "project",
                cells: vec![
                    ("id", project()),
                    ("worktree", text(work_tree)),
                    ("vcs", Cell::Made { sql: "nullif(:text, '')", text: known.map_or("", |_| "git").to_owned() }),
                    ("time_created", Cell::Integer(begun)),
                    ("time_updated", Cell::Integer(begun)),
                    ("sandboxes", text("[]")),
                ],
                may_be_there: true,
            },
            Insert {
                table: "session",
                cells: vec![
                    ("id", text(&session)),
                    ("project_id", project()),
                    ("slug", Cell::Text(format!("handoff-{}", conversation.short_id(0)))),
                    ("directory", text(&conversation.cwd)),
                    ("path", Cell::Text(below.map_or_else(String::new, |path| path.display().to_string()))),
                    ("title", text(&conversation.title)),
                    ("version", text(VERSION)),
                    ("time_created", Cell::Integer(begun)),
                    ("time_updated", Cell::Integer(conversation.time_of(turns.len()).as_millisecond())),
                ],
                may_be_there: false,
            },
        ];
        let mut prompt = String::new();
        for (number, turn) in (1..).zip(&turns) {
            let time = conversation.time_of(number).as_millisecond();
            let digits = time.cast_unsigned() << 12;
            let message = id("msg", digits, conversation, number);
            let data = if turn.by_agent {
                // No model of the person's said it.
                let tokens = json!({ "input": 0, "output": 0, "reasoning": 0, "cache": { "read": 0, "write": 0 } });
                let data = json!({
                    "role": "assistant",
                    "parentID": prompt,
                    "modelID": "handoff",
                    "providerID": "opensession",
                    "mode": "build",
                    "agent": "build",
                    "path": { "cwd": conversation.cwd, "root": work_tree },
                    "cost": 0,
                    "tokens": tokens,
                    "time": { "created": time, "completed": time },
                    "finish": "stop",
                });
                Cell::Text(data.to_string())
            } else {
                prompt.clone_from(&message);
                let data = json!({ "role": "user", "time": { "created": time }, "agent": "build" });
                Cell::Made { sql: "json_set(:text, '$.model', json(:model))", text: data.to_string() }
            };
            let part = json!({ "type": "text", "text": turn.text, "time": { "start": time, "end": time } });
            let own = [
                ("session_id", text(&session)),
                ("time_created", Cell::Integer(time)),
                ("time_updated", Cell::Integer(time)),
            ];
            let cells = |first: Vec<(&'static str, Cell)>, data: Cell| {
                first.into_iter().chain(own.iter().cloned()).chain([("data", data)]).collect()
            };
            inserts.push(Insert {
                table: "message",
                cells: cells(vec![("id", text(&message))], data),
                may_be_there: false,
            });
            let first =
                vec![("id", Cell::Text(id("prt", digits, conversation, number))), ("message_id", text(&message))];
            inserts.push(Insert {
                table: "part",
                cells: cells(first, Cell::Text(part.to_string())),
                may_be_there: false,
            });
        }
        let content = Content::Rows(Rows { lookups, inserts });
        Ok(Written { root, path, content, native_id: session, turns })
    }
}

impl Family {
    /// The database that the program writes to, and its root.
    fn database(&self, environment: &Environment) -> Option<(Root, PathBuf)> {
        let roots = self.roots(environment);
        let own = roots.first()?;
        let named = environment.path_variable(self.variable).unwrap_or_else(|| format!("{}.db", self.program).into());
        let path = own.path.join(named);
        let root = roots.iter().find(|root| path.parent() == Some(&root.path)).unwrap_or(own);
        Some((root.clone(), path))
    }
}

/// An id: the low 48 bits of a time, and what tells it from all others.
fn id(kind: &str, time: u64, conversation: &Conversation, number: usize) -> String {
    let rest = conversation.uuid(number).replace('-', "");
    let time = hex(&time.to_be_bytes()[2..]);
    format!("{kind}_{time}{}", &rest[..14])
}
