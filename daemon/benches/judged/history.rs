//! What the repository's public history says of the sessions: which commits came out of them, and in other words than
//! theirs, what they were for.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// The branch that keeps a folder of metadata for each checkpoint.
const CHECKPOINTS: &str = "entire/checkpoints/v1";

/// A commit that sessions led to.
#[derive(Debug)]
pub(crate) struct Commit {
    pub(crate) subject: String,
    /// The first digits of its hash.
    pub(crate) hash: String,
    /// Ids of the sessions.
    pub(crate) sessions: BTreeSet<String>,
}

/// What somebody's model said of a session, which the session itself does not hold.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) session: String,
    pub(crate) intent: String,
    pub(crate) outcome: String,
}

/// The history.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) commits: Vec<Commit>,
    pub(crate) accounts: Vec<Account>,
}

/// Reads it from a git directory, with `git`.
pub(crate) fn read(repository: &Path) -> std::io::Result<History> {
    let mut history = History::default();
    let mut sessions: HashMap<String, BTreeSet<String>> = HashMap::new();
    let tree = git(repository, &["ls-tree", "-r", CHECKPOINTS])?;
    let names: Vec<&str> = tree
        .lines()
        .filter(|row| row.ends_with("/metadata.json"))
        .filter_map(|row| row.split_whitespace().nth(2))
        .collect();
    for metadata in blobs(repository, &names)? {
        let text = |value: &Value| value.as_str().unwrap_or_default().trim().to_owned();
        let session = session_id(metadata["session_id"].as_str().unwrap_or_default());
        if session.is_empty() {
            continue;
        }
        sessions.entry(text(&metadata["checkpoint_id"])).or_default().insert(session.clone());
        let account = Account {
            session,
            intent: text(&metadata["summary"]["intent"]),
            outcome: text(&metadata["summary"]["outcome"]),
        };
        if !account.intent.is_empty() || !account.outcome.is_empty() {
            history.accounts.push(account);
        }
    }
    let log = git(
        repository,
        &["log", "--all", "--format=%h%x1f%s%x1f%(trailers:key=Entire-Checkpoint,valueonly,separator=%x20)"],
    )?;
    let mut by_subject: BTreeMap<String, Commit> = BTreeMap::new();
    for row in log.lines() {
        let mut columns = row.split('\u{1f}');
        let (Some(hash), Some(subject), Some(checkpoints)) = (columns.next(), columns.next(), columns.next()) else {
            continue;
        };
        let found: BTreeSet<String> = checkpoints
            .split_whitespace()
            .filter_map(|checkpoint| sessions.get(checkpoint))
            .flatten()
            .cloned()
            .collect();
        if !found.is_empty() && !subject.starts_with("Merge ") {
            // Rebased commits say the same of the same sessions.
            let commit = by_subject.entry(subject.to_owned()).or_insert_with(|| Commit {
                subject: subject.to_owned(),
                hash: hash.to_owned(),
                sessions: BTreeSet::new(),
            });
            commit.sessions.extend(found);
        }
    }
    history.commits = by_subject.into_values().collect();
    history.accounts.sort_by(|left, right| (&left.session, &left.intent).cmp(&(&right.session, &right.intent)));
    Ok(history)
}

/// An early version wrote the day before the id.
fn session_id(written: &str) -> String {
    let bytes = written.as_bytes();
    let dated = bytes.len() > 11 && bytes[4] == b'-' && bytes[7] == b'-' && bytes[10] == b'-';
    written[if dated { 11 } else { 0 }..].to_owned()
}

fn git(repository: &Path, arguments: &[&str]) -> std::io::Result<String> {
    let output = Command::new("git").arg("-C").arg(repository).args(arguments).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(std::io::Error::other(format!("git {}: {}", arguments[0], output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The JSON documents of these names; a copy of the repository may lack some.
fn blobs(repository: &Path, names: &[&str]) -> std::io::Result<Vec<Value>> {
    let mut git = Command::new("git")
        .arg("-C")
        .arg(repository)
        .args(["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut input = git.stdin.take().ok_or_else(|| std::io::Error::other("git takes no input"))?;
    let mut output = BufReader::new(git.stdout.take().ok_or_else(|| std::io::Error::other("git gives no output"))?);
    let mut documents = Vec::new();
    for name in names {
        writeln!(input, "{name}")?;
        input.flush()?;
        let mut head = String::new();
        output.read_line(&mut head)?;
        let Some(length) = head.split_whitespace().nth(2).and_then(|length| length.parse::<usize>().ok()) else {
            continue;
        };
        let mut body = vec![0; length + 1];
        output.read_exact(&mut body)?;
        documents.extend(serde_json::from_slice::<Value>(&body[..length]).ok());
    }
    drop(input);
    git.wait()?;
    Ok(documents)
}
