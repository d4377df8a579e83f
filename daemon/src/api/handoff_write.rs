//! `handoff/write`

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use jiff::Zoned;
use jsonrpsee::core::RpcResult;
use jsonrpsee::types::ErrorObjectOwned;
use opensession_agents::{
    Agent,
    write::{Content, Conversation, PutError, Repository, Rows, Turn, Writer, Written, put_rows, read_back},
};
use opensession_hail::{Role, handoff::Form};
use opensession_protocol::{HandoffWritten, Scope, error};

use super::{
    errors, handoff_create,
    whole_file::{self, Over},
};
use crate::{engine::Engine, git};

/// Bytes of an agent's register that are read.
const REGISTER_BYTES_MOST: u64 = 16 << 20;

/// What was asked for.
pub(super) struct Asked {
    pub(super) into: String,
    pub(super) handoff: handoff_create::Asked,
    pub(super) cwd: Option<String>,
}

pub(super) fn answer(engine: &Engine, asked: &Asked, wanted: &Scope) -> RpcResult<HandoffWritten> {
    let (agent, writer) = writer_of(&asked.into)?;
    let gathered = handoff_create::gather(engine, &asked.handoff, wanted)?;
    let cwd = directory([asked.cwd.as_deref(), gathered.cwd.as_deref(), wanted.cwd.as_deref()])?;
    let title = gathered.title.unwrap_or_else(|| "an earlier session".to_owned());
    let told = gathered.told;
    let (handoff, text) = gathered.draft.fit(gathered.budget, Form::Markdown);
    let opening =
        Turn { by_agent: false, text: format!("{}\n\n{text}", introduction(told.turns.len(), told.left_out)) };
    let said = told.turns.into_iter().map(|turn| Turn { by_agent: turn.role == Role::Agent, text: turn.text });
    let conversation = Conversation {
        title: format!("Handoff: {title}"),
        cwd: cwd.clone(),
        branch: gathered.branch,
        repository: repository(&cwd, writer.names_projects_by_commit()),
        time: Zoned::now(),
        seed: seed(&text),
        turns: std::iter::once(opening).chain(said).collect(),
    };
    let environment = engine.environment();
    let register = writer.register(environment).map(|path| read_register(&path)).transpose()?.flatten();
    let written = writer
        .write(&conversation, environment, register.as_deref())
        .map_err(|error| refused(format!("cannot write for {}: {error}", agent.name()), hint_run(agent)))?;
    put(agent, &written)?;
    let mut redactions: BTreeMap<String, u64> = handoff.redactions;
    for (rule, count) in gathered.redactions {
        *redactions.entry(rule).or_default() += count;
    }
    Ok(HandoffWritten {
        sessions: gathered.sessions,
        agent: agent.id().to_owned(),
        path: written.path.display().to_string(),
        bytes: written.content.size(),
        turns: written.turns.len() as u64,
        turns_left_out: told.left_out,
        redactions,
        resume: agent.resume(&written.native_id).unwrap_or_default(),
        native_id: written.native_id,
        resume_cwd: cwd,
    })
}

/// What the next agent is told before the handoff.
fn introduction(turns: usize, left_out: u64) -> String {
    let mut text =
        "This session goes on with work that was begun in another coding agent. Its handoff comes first".to_owned();
    if turns > 0 {
        text.push_str(", then what was said there, as text: what the agent did with its tools stands in parentheses. ");
        text.push_str("Go on with your own tools");
    }
    text.push('.');
    if left_out > 0 {
        text.push_str(" Earlier turns left out: ");
        text.push_str(&left_out.to_string());
        text.push('.');
    }
    text
}

fn writer_of(id: &str) -> RpcResult<(&'static dyn Agent, &'static dyn Writer)> {
    let agents = opensession_agents::registry::agents();
    let Some(agent) = agents.iter().copied().find(|agent| agent.id() == id) else {
        let ids: Vec<&str> = agents.iter().filter(|agent| agent.writer().is_some()).map(|agent| agent.id()).collect();
        return Err(errors::no_agent(id, &ids));
    };
    match agent.writer() {
        Some(writer) => Ok((agent, writer)),
        None => Err(refused(format!("{} takes no session that others wrote", agent.name()), hint_run(agent))),
    }
}

fn hint_run(agent: &dyn Agent) -> String {
    if agent.begin().is_some() {
        format!("begin a new one with the handoff: opensession handoff --run {}", agent.id())
    } else {
        "give it the handoff as its first prompt: opensession handoff --copy".to_owned()
    }
}

/// The first directory that is there, without links in it, as agents see their own.
fn directory(candidates: [Option<&str>; 3]) -> RpcResult<String> {
    let there = candidates.into_iter().flatten().find_map(|path| {
        let path = Path::new(path).is_absolute().then(|| fs::canonicalize(path).ok())??;
        path.is_dir().then_some(path)
    });
    let path =
        there.ok_or_else(|| refused("the sessions' directory is not there", "run it in the directory to go on in"))?;
    path.into_os_string()
        .into_string()
        .map_err(|_| refused("the directory's name is not UTF-8", "go on in another one"))
}

/// The text of a register; `None` where there is none.
fn read_register(path: &Path) -> RpcResult<Option<String>> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path, &error)),
    };
    let mut text = String::new();
    file.take(REGISTER_BYTES_MOST).read_to_string(&mut text).map_err(|error| unreadable(path, &error))?;
    Ok(Some(text))
}

/// The repository around a directory, with its first commit where that is wanted: it is long to find in a long history.
fn repository(cwd: &str, with_commit: bool) -> Option<Repository> {
    let root = git::work_tree(Path::new(cwd))?;
    let first_commit = if with_commit { git::first_commit(&root) } else { None };
    Some(Repository { root: root.into_os_string().into_string().ok()?, first_commit })
}

/// Writes a session and reads it back; takes it away again unless it says what was written.
fn put(agent: &dyn Agent, written: &Written) -> RpcResult<()> {
    match &written.content {
        Content::File(bytes) => put_file(agent, written, bytes),
        Content::Rows(rows) => put_into_database(agent, written, rows),
    }
}

fn put_file(agent: &dyn Agent, written: &Written, bytes: &[u8]) -> RpcResult<()> {
    if written.path.symlink_metadata().is_ok() {
        return Err(refused(
            format!("{} is there; nothing is written over it", written.path.display()),
            "try it again",
        ));
    }
    let begun = first_missing(&written.path);
    whole_file::write(&written.path, Over::Refuses, "make the agent's folder writable", |file| {
        file.write_all(bytes).map_err(|error| whole_file::unwritable(&written.path, &error, "free some space"))
    })?;
    let Some(reason) = difference(agent, written) else { return Ok(()) };
    if let Err(error) = fs::remove_file(&written.path) {
        tracing::error!(%error, file = %written.path.display(), "a session that is not as it should be is left");
    }
    if let Some(folder) = begun {
        remove_empty(written.path.parent(), &folder);
    }
    Err(read_otherwise(agent, &reason))
}

fn put_into_database(agent: &dyn Agent, written: &Written, rows: &Rows) -> RpcResult<()> {
    let put = put_rows(&written.path, rows).map_err(|error| {
        let hint = match &error {
            PutError::NoDatabase(_) | PutError::Missing(_) => {
                format!("ask {} something once, then try it again", agent.name())
            }
            PutError::Busy(_) => "try it again".to_owned(),
            PutError::Unreadable { .. } => "make it readable and writable".to_owned(),
            PutError::OtherForm { .. } => hint_run(agent),
        };
        refused(format!("cannot write for {}: {error}", agent.name()), hint)
    })?;
    let Some(reason) = difference(agent, written) else { return Ok(()) };
    if let Err(error) = put.take_out() {
        tracing::error!(%error, session = written.native_id, "a session that is not as it should be is left");
    }
    Err(read_otherwise(agent, &reason))
}

/// How what the agent's reader finds differs from what was written.
fn difference(agent: &dyn Agent, written: &Written) -> Option<String> {
    match read_back(agent, written) {
        Ok(found) if found == written.turns => None,
        Ok(found) => {
            let same = found.iter().zip(&written.turns).filter(|(found, written)| found == written).count();
            Some(format!("{same} of {} turns were read back as they are", written.turns.len()))
        }
        Err(error) => Some(error.to_string()),
    }
}

fn read_otherwise(agent: &dyn Agent, reason: &str) -> ErrorObjectOwned {
    refused(
        format!(
            "what was written for {} is not what its reader finds: {reason}; it was taken away again",
            agent.name()
        ),
        hint_run(agent),
    )
}

/// The outermost folder of a file that is to be made for it.
fn first_missing(path: &Path) -> Option<PathBuf> {
    path.ancestors().skip(1).take_while(|folder| !folder.exists()).last().map(Path::to_owned)
}

/// Removes the folders that were made, from the innermost to `last`, as far as they are empty.
fn remove_empty(folder: Option<&Path>, last: &Path) {
    for folder in folder.into_iter().flat_map(Path::ancestors).take_while(|folder| folder.starts_with(last)) {
        // One that holds something by now is somebody's.
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
}

/// Another one for every session that is written.
fn seed(text: &str) -> u128 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut hasher = blake3::Hasher::new();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    hasher.update(text.as_bytes()).update(&now.as_nanos().to_le_bytes()).update(&std::process::id().to_le_bytes());
    // Two requests within a tick of the clock.
    hasher.update(&COUNT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    u128::from_le_bytes(bytes)
}

fn unreadable(path: &Path, error: &io::Error) -> ErrorObjectOwned {
    refused(format!("cannot read {}: {error}", path.display()), "make it readable")
}

fn refused(message: impl Into<String>, hint: impl Into<String>) -> ErrorObjectOwned {
    errors::with_hint(error::REFUSED, message, hint)
}

#[cfg(test)]
mod tests {
    use opensession_agents::{Environment, Platform, by_id};

    use super::*;

    fn written(home: &Path, seed: u128) -> Written {
        written_for("claude-code", home, seed)
    }

    fn written_for(agent: &str, home: &Path, seed: u128) -> Written {
        let environment = Environment {
            home: home.to_owned(),
            variables: BTreeMap::new(),
            platform: Platform::Linux,
            projects: Vec::new(),
            out_of_sight: false,
        };
        let conversation = Conversation {
            title: "Handoff".to_owned(),
            cwd: "/home/ann/app".to_owned(),
            branch: None,
            repository: None,
            time: Zoned::now(),
            seed,
            turns: vec![Turn { by_agent: false, text: "go on".to_owned() }],
        };
        by_id(agent).unwrap().writer().unwrap().write(&conversation, &environment, None).unwrap()
    }

    fn bytes(written: &Written) -> &[u8] {
        let Content::File(bytes) = &written.content else { panic!("not a file") };
        bytes
    }

    #[test]
    fn nothing_is_written_over() {
        let home = tempfile::tempdir().unwrap();
        let session = written(home.path(), 1);
        let agent = by_id("claude-code").unwrap();
        put(agent, &session).unwrap();
        assert_eq!(fs::read(&session.path).unwrap(), bytes(&session));
        fs::write(&session.path, "somebody's").unwrap();
        assert!(put(agent, &session).unwrap_err().message().contains("nothing is written over it"));
        assert_eq!(fs::read_to_string(&session.path).unwrap(), "somebody's");
        let left: Vec<_> = fs::read_dir(session.path.parent().unwrap()).unwrap().collect();
        assert_eq!(left.len(), 1, "no partial file");
    }

    #[test]
    fn what_is_read_otherwise_is_taken_away() {
        let home = tempfile::tempdir().unwrap();
        let agent = by_id("claude-code").unwrap();
        let session = Written { turns: Vec::new(), ..written(home.path(), 2) };
        let error = put(agent, &session).unwrap_err();
        assert!(error.message().contains("0 of 0 turns"), "{}", error.message());
        assert!(!session.path.exists());
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0, "the folders made for it are gone too");
        let torn = written(home.path(), 3);
        let torn = Written { content: Content::File(bytes(&torn)[..40].to_vec()), ..torn };
        assert!(put(agent, &torn).is_err());
        assert!(!torn.path.exists());
    }

    #[test]
    fn rows_that_are_read_otherwise_are_taken_out() {
        let home = tempfile::tempdir().unwrap();
        let agent = by_id("goose").unwrap();
        let session = written_for("goose", home.path(), 4);
        let error = put(agent, &session).unwrap_err();
        assert!(error.message().contains("there is no "), "{}", error.message());
        assert!(!session.path.exists(), "no database is made");
        fs::create_dir_all(session.path.parent().unwrap()).unwrap();
        let database = rusqlite::Connection::open(&session.path).unwrap();
        database.execute_batch(include_str!("../../agents/src/write/tests/goose.sql")).unwrap();
        let rows = || -> i64 {
            let sql = "SELECT (SELECT count(*) FROM sessions) + (SELECT count(*) FROM messages)";
            database.query_row(sql, [], |row| row.get(0)).unwrap()
        };
        let error = put(agent, &Written { turns: Vec::new(), ..session.clone() }).unwrap_err();
        assert!(error.message().contains("0 of 0 turns"), "{}", error.message());
        assert_eq!(rows(), 0);
        put(agent, &session).unwrap();
        assert_eq!(rows(), 2);
        assert!(put(agent, &session).is_err(), "nothing is written over");
        assert_eq!(rows(), 2);
    }

    #[test]
    fn seeds_differ() {
        assert_ne!(seed("a"), seed("a"));
    }

    #[test]
    fn agents_that_take_none_are_told_so() {
        let refusal = |id: &str| writer_of(id).map(|_| ()).unwrap_err().message().to_owned();
        assert_eq!(
            refusal("aider"),
            "aider takes no session that others wrote".replace("aider", by_id("aider").unwrap().name())
        );
        assert_eq!(refusal("nobody"), "no agent nobody");
    }
}
