//! Claude Code's files as events, read in the simplest way: what counts here is the amount and the mix of text.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use opensession_daemon::catalog::{Catalog, SessionEntry, SessionKey, Traits};
use opensession_daemon::search::{PathAccess, SearchDocument};
use opensession_hail::Kind;
use opensession_protocol::SessionInfo;
use serde_json::Value;

pub(crate) struct Corpus {
    pub(crate) documents: Vec<SearchDocument>,
    pub(crate) catalog: Catalog,
}

pub(crate) fn files(home: &Path) -> Vec<PathBuf> {
    let mut folders = vec![home.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder that can be listed") {
            let path = entry.expect("an entry that can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "jsonl") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Bytes and lines of all files, counted as `wc -l` does.
pub(crate) fn count_lines(files: &[PathBuf]) -> (u64, u64) {
    let mut buffer = vec![0; 1 << 17];
    let (mut bytes, mut lines) = (0, 0);
    for file in files {
        let mut file = fs::File::open(file).expect("a file that can be opened");
        loop {
            let read = file.read(&mut buffer).expect("a file that can be read");
            if read == 0 {
                break;
            }
            bytes += read as u64;
            lines += memchr::memchr_iter(b'\n', &buffer[..read]).count() as u64;
        }
    }
    (bytes, lines)
}

/// Bytes by file extension.
pub(crate) fn sizes(folder: &Path) -> BTreeMap<String, u64> {
    let mut sizes = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder that can be listed") {
            let path = entry.expect("an entry that can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let extension = path.extension().unwrap_or_default().to_string_lossy().into_owned();
                *sizes.entry(extension).or_default() += path.metadata().expect("a file that can be looked at").len();
            }
        }
    }
    sizes
}

pub(crate) fn read(files: &[PathBuf]) -> Corpus {
    let mut corpus = Corpus { documents: Vec::new(), catalog: Catalog::default() };
    corpus.catalog.sessions.push(None);
    for (key, file) in (1..).zip(files) {
        let bytes = fs::read(file).expect("a file that can be read");
        let mut session = Session { key, event: 0, last: 0, documents: &mut corpus.documents };
        for record in serde_json::Deserializer::from_slice(&bytes).into_iter::<Value>() {
            let Ok(record) = record else { break };
            session.record(&record);
        }
        let updated_ms = session.last;
        let info =
            SessionInfo { agent: "claude-code".to_owned(), title: "a session".to_owned(), ..SessionInfo::default() };
        corpus.catalog.sessions.push(Some(Arc::new(SessionEntry {
            activity: opensession_agents::derive::Activity::default(),
            source: 0,
            key,
            info: Arc::new(info),
            root: key,
            repository_identity: Some("github.com/o/r".into()),
            updated_ms,
            traits: Traits::default(),
            timeline: Arc::default(),
        })));
    }
    corpus
}

struct Session<'d> {
    key: SessionKey,
    event: u32,
    last: i64,
    documents: &'d mut Vec<SearchDocument>,
}

impl Session<'_> {
    fn record(&mut self, record: &Value) {
        let text = |key: &str| record[key].as_str().unwrap_or_default();
        let ts_ms = text("timestamp").parse::<Timestamp>().map_or(0, Timestamp::as_millisecond);
        self.last = self.last.max(ts_ms);
        let message = &record["message"];
        let kind = match text("type") {
            "user" => Kind::Prompt,
            "assistant" => Kind::Agent,
            "summary" => return self.push(record, ts_ms, Kind::Summary, text("summary").to_owned(), None, Vec::new()),
            _ => return,
        };
        if let Some(content) = message["content"].as_str() {
            self.push(record, ts_ms, kind, content.to_owned(), None, Vec::new());
        }
        for part in message["content"].as_array().into_iter().flatten() {
            match part["type"].as_str().unwrap_or_default() {
                "text" => {
                    self.push(
                        record,
                        ts_ms,
                        kind,
                        part["text"].as_str().unwrap_or_default().to_owned(),
                        None,
                        Vec::new(),
                    );
                }
                "thinking" => {
                    let text = part["thinking"].as_str().unwrap_or_default().to_owned();
                    self.push(record, ts_ms, Kind::Thinking, text, None, Vec::new());
                }
                "tool_use" => {
                    let tool = part["name"].as_str().unwrap_or_default();
                    let mut strings = Vec::new();
                    collect(&part["input"], &mut strings);
                    let access = match tool {
                        "Edit" | "Write" | "MultiEdit" => PathAccess::Edited,
                        "Read" => PathAccess::Read,
                        _ => PathAccess::Named,
                    };
                    let path = part["input"]["file_path"].as_str().or(part["input"]["path"].as_str());
                    let paths = path.map(|path| (access, path.to_owned())).into_iter().collect();
                    let kind = if tool == "Bash" { Kind::Command } else { Kind::Call };
                    self.push(record, ts_ms, kind, strings.join("\n"), Some(tool.to_owned()), paths);
                }
                "tool_result" => {
                    let mut strings = Vec::new();
                    collect(&part["content"], &mut strings);
                    self.push(record, ts_ms, Kind::Output, strings.join("\n"), None, Vec::new());
                }
                _ => {}
            }
        }
    }

    fn push(
        &mut self,
        record: &Value,
        ts_ms: i64,
        kind: Kind,
        text: String,
        tool: Option<String>,
        paths: Vec<(PathAccess, String)>,
    ) {
        self.event += 1;
        let identity = record["uuid"].as_str().map_or(0, |uuid| {
            let digits = uuid.bytes().filter(|byte| *byte != b'-').take(16);
            digits.fold(u64::from(self.event & 7), |hash, byte| {
                hash.rotate_left(5) ^ u64::from(byte).wrapping_mul(0x9E37_79B9)
            })
        });
        self.documents.push(SearchDocument {
            session: self.key,
            event: self.event,
            ts_ms,
            kind,
            error: false,
            subagent: record["isSidechain"].as_bool().unwrap_or(false),
            edit_call: false,
            exit: None,
            tool,
            model: record["message"]["model"].as_str().map(str::to_owned),
            identity,
            text,
            paths,
        });
    }
}

/// The strings in a value that are text, not encoded data.
fn collect(value: &Value, strings: &mut Vec<String>) {
    match value {
        Value::String(text) => strings.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| collect(value, strings)),
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(key, _)| !matches!(key.as_str(), "data" | "type" | "media_type"));
            fields.for_each(|(_, value)| collect(value, strings));
        }
        _ => {}
    }
}

/// An event of about a kilobyte.
pub(crate) fn example() -> SearchDocument {
    let line = "the ManualCommitStrategy in strategy/manual_commit.go failed with exit status 1 while condensing\n";
    SearchDocument {
        session: 1,
        event: 1,
        ts_ms: 1_772_000_000_000,
        kind: Kind::Output,
        error: true,
        subagent: false,
        edit_call: false,
        exit: Some(1),
        tool: Some("Bash".to_owned()),
        model: None,
        identity: 0,
        text: format!("freshlyaddedword {}", line.repeat(10)),
        paths: Vec::new(),
    }
}

/// The catalog of all sessions, each `repeat` times over.
pub(crate) fn repeated(catalog: &Catalog, repeat: u32) -> Catalog {
    let mut all = Catalog { sessions: vec![None], ..Catalog::default() };
    for round in 0..repeat {
        for entry in catalog.iter() {
            let key = all.sessions.len() as SessionKey;
            let updated_ms = entry.updated_ms - i64::from(round) * 86_400_000;
            all.sessions.push(Some(Arc::new(SessionEntry { key, root: key, updated_ms, ..(**entry).clone() })));
        }
    }
    all
}

/// The events of a further round: other sessions, other identities, a tenth of the longer words changed.
pub(crate) fn changed(documents: &[SearchDocument], round: u32, sessions: usize) -> Vec<SearchDocument> {
    let change = |document: &SearchDocument| {
        let mut document = document.clone();
        if round > 0 {
            document.session += round * sessions as u32;
            document.identity = document.identity.wrapping_mul(u64::from(round) * 2 + 1);
            document.text = reworded(&document.text, round);
        }
        document
    };
    documents.iter().map(change).collect()
}

fn reworded(text: &str, round: u32) -> String {
    let mut changed = String::with_capacity(text.len() + text.len() / 20);
    for (number, word) in text.split_inclusive(char::is_whitespace).enumerate() {
        let end = word.trim_end().len();
        changed.push_str(&word[..end]);
        if number % 10 == 7 && end > 4 && word.as_bytes()[end - 1].is_ascii_alphanumeric() {
            changed.push(char::from(b'a' + (round % 26) as u8));
            changed.push('q');
        }
        changed.push_str(&word[end..]);
    }
    changed
}
