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
    write::{Conversation, Turn, Writer, Written, read_back},
};
use opensession_hail::{Role, handoff::Form};
use opensession_protocol::{HandoffWritten, Scope, error};

use super::{
    errors, handoff_create,
    whole_file::{self, Over},
};
use crate::engine::Engine;

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
        bytes: written.bytes.len() as u64,
        turns: written.turns.len() as u64,
        turns_left_out: told.left_out,
        redactions,
        import: None,
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
        return Err(errors::bad_value(format!("no agent {id}"), format!("one of {}", ids.join(", "))));
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

/// Writes a session and reads it back; takes it away again unless it says what was written.
fn put(agent: &dyn Agent, written: &Written) -> RpcResult<()> {
    if written.path.symlink_metadata().is_ok() {
        return Err(refused(
            format!("{} is there; nothing is written over it", written.path.display()),
            "try it again",
        ));
    }
    let begun = first_missing(&written.path);
    whole_file::write(&written.path, Over::Refuses, "make the agent's folder writable", |file| {
        file.write_all(&written.bytes).map_err(|error| whole_file::unwritable(&written.path, &error, "free some space"))
    })?;
    let reason = match read_back(agent, written) {
        Ok(found) if found == written.turns => return Ok(()),
        Ok(found) => {
            format!("{} of {} turns were read back as they are", same(&found, &written.turns), written.turns.len())
        }
        Err(error) => error.to_string(),
    };
    if let Err(error) = fs::remove_file(&written.path) {
        tracing::error!(%error, file = %written.path.display(), "a session that is not as it should be is left");
    }
    if let Some(folder) = begun {
        remove_empty(written.path.parent(), &folder);
    }
    Err(refused(
        format!(
            "what was written for {} is not what its reader finds: {reason}; it was taken away again",
            agent.name()
        ),
        hint_run(agent),
    ))
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

fn same(found: &[Turn], written: &[Turn]) -> usize {
    found.iter().zip(written).filter(|(found, written)| found == written).count()
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
            time: Zoned::now(),
            seed,
            turns: vec![Turn { by_agent: false, text: "go on".to_owned() }],
        };
        by_id("claude-code").unwrap().writer().unwrap().write(&conversation, &environment, None).unwrap()
    }

    #[test]
    fn nothing_is_written_over() {
        let home = tempfile::tempdir().unwrap();
        let session = written(home.path(), 1);
        let agent = by_id("claude-code").unwrap();
        put(agent, &session).unwrap();
        assert_eq!(fs::read(&session.path).unwrap(), session.bytes);
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
        let torn = Written { bytes: torn.bytes[..40].to_vec(), ..torn };
        assert!(put(agent, &torn).is_err());
        assert!(!torn.path.exists());
    }

    #[test]
    fn seeds_differ() {
        assert_ne!(seed("a"), seed("a"));
    }

    #[test]
    fn agents_that_take_none_are_told_so() {
        let refusal = |id: &str| writer_of(id).map(|_| ()).unwrap_err().message().to_owned();
        assert_eq!(
            refusal("goose"),
            "goose takes no session that others wrote".replace("goose", by_id("goose").unwrap().name())
        );
        assert_eq!(refusal("nobody"), "no agent nobody");
    }
}
