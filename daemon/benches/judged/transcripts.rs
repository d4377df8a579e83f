//! What the judged set is drawn from: Claude Code's transcripts, read here once more, so that no judgement rests on the
//! readers that are judged.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

/// Longest line of an output that is remembered as an error, in bytes.
const LONGEST_ERROR: usize = 220;
/// What a client writes around what a person did not type.
const NOT_TYPED: [&str; 5] =
    ["<", "Caveat:", "[Request interrupted", "This session is being continued", "Base directory for this skill"];

/// A session.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    /// The agent's own id.
    pub(crate) id: String,
    /// First and last time, in milliseconds since 1970.
    pub(crate) begun: i64,
    pub(crate) ended: i64,
    pub(crate) prompts: Vec<Said>,
    /// Lines of tools' output that tell of an error, each once.
    pub(crate) errors: Vec<Said>,
    pub(crate) edits: Vec<Edit>,
    /// Files that were read, and not more.
    pub(crate) read: BTreeSet<String>,
    /// Commands' options.
    pub(crate) flags: BTreeSet<String>,
    pub(crate) branches: BTreeSet<String>,
    pub(crate) pull_requests: BTreeSet<u64>,
    /// Titles that were made for other sessions: the record that each belongs to, and the title.
    pub(crate) titles: Vec<(String, String)>,
    /// Ids of the records.
    pub(crate) records: HashSet<String>,
    /// Shortened hashes of commits that tools printed.
    pub(crate) hashes: HashSet<String>,
}

/// A text and its time.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) at: i64,
    pub(crate) text: String,
}

/// A change to a file.
#[derive(Debug)]
pub(crate) struct Edit {
    pub(crate) at: i64,
    pub(crate) path: String,
    /// The text before, and after.
    pub(crate) old: String,
    pub(crate) new: String,
}

/// Reads every transcript, in the order in which the sessions began.
pub(crate) fn read(files: &[PathBuf]) -> Vec<Transcript> {
    let mut all: Vec<Transcript> = files.iter().map(|file| read_one(file)).filter(|one| one.ended > 0).collect();
    all.sort_by(|left, right| (left.begun, &left.id).cmp(&(right.begun, &right.id)));
    all
}

fn read_one(path: &Path) -> Transcript {
    let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut transcript = Transcript { id, ..Transcript::default() };
    let bytes = std::fs::read(path).expect("a transcript that can be read");
    for record in serde_json::Deserializer::from_slice(&bytes).into_iter::<Value>() {
        // What follows a damaged record is lost to the draw, not to the search.
        let Ok(record) = record else { break };
        transcript.take(&record);
    }
    transcript
}

impl Transcript {
    fn take(&mut self, record: &Value) {
        let text = |key: &str| record[key].as_str().unwrap_or_default();
        if text("type") == "summary" {
            self.titles.push((text("leafUuid").to_owned(), text("summary").to_owned()));
            return;
        }
        if let Some(uuid) = record["uuid"].as_str() {
            self.records.insert(uuid.to_owned());
        }
        if let Some(number) = record["prNumber"].as_u64() {
            self.pull_requests.insert(number);
        }
        let at = text("timestamp").parse::<Timestamp>().map_or(0, Timestamp::as_millisecond);
        if at == 0 {
            return;
        }
        if self.begun == 0 {
            self.begun = at;
        }
        self.begun = self.begun.min(at);
        self.ended = self.ended.max(at);
        if !matches!(text("gitBranch"), "" | "main" | "master" | "HEAD") {
            self.branches.insert(text("gitBranch").to_owned());
        }
        let content = &record["message"]["content"];
        match text("type") {
            "user" => {
                let typed = record["isMeta"] != true && record["isSidechain"] != true;
                if let (Some(said), true) = (content.as_str(), typed) {
                    self.prompt(at, said);
                }
                for part in content.as_array().into_iter().flatten() {
                    match part["type"].as_str() {
                        Some("text") if typed => self.prompt(at, part["text"].as_str().unwrap_or_default()),
                        Some("tool_result") => self.output(at, &part["content"]),
                        _ => {}
                    }
                }
            }
            "assistant" => {
                for part in content.as_array().into_iter().flatten().filter(|part| part["type"] == "tool_use") {
                    self.call(at, part["name"].as_str().unwrap_or_default(), &part["input"]);
                }
            }
            _ => {}
        }
    }

    fn prompt(&mut self, at: i64, text: &str) {
        let text = text.trim();
        if !text.is_empty() && !NOT_TYPED.iter().any(|begin| text.starts_with(begin)) {
            self.prompts.push(Said { at, text: text.to_owned() });
        }
    }

    fn output(&mut self, at: i64, content: &Value) {
        let mut take = |text: &str| {
            for line in text.lines() {
                self.hashes.extend(hashes(line));
                let line = line.trim();
                if (24..=LONGEST_ERROR).contains(&line.len()) && tells_of_an_error(line) {
                    let text = without_folders(line);
                    if !self.errors.iter().any(|other| other.text == text) {
                        self.errors.push(Said { at, text });
                    }
                }
            }
        };
        content.as_str().into_iter().for_each(&mut take);
        content.as_array().into_iter().flatten().filter_map(|part| part["text"].as_str()).for_each(take);
    }

    fn call(&mut self, at: i64, tool: &str, input: &Value) {
        let text = |key: &str| input[key].as_str().unwrap_or_default().to_owned();
        let path = text("file_path");
        match tool {
            "Edit" | "MultiEdit" => {
                self.edits.push(Edit { at, path, old: text("old_string"), new: text("new_string") });
            }
            "Write" => self.edits.push(Edit { at, path, old: String::new(), new: text("content") }),
            "Read" => drop(self.read.insert(path)),
            "Bash" => {
                let command = text("command");
                let flags = command.split_whitespace().filter(|word| {
                    word.starts_with("--")
                        && word.len() > 6
                        && word[2..].bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase())
                });
                self.flags.extend(flags.map(str::to_owned));
            }
            _ => {}
        }
    }
}

/// The shortened hashes in a line such as `[main 1a2b3c4] message`.
fn hashes(line: &str) -> impl Iterator<Item = String> {
    line.split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| {
            word.len() == 7
                && word.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
                && word.bytes().any(|byte| byte.is_ascii_digit())
        })
        .map(str::to_owned)
}

fn tells_of_an_error(line: &str) -> bool {
    let lower = line.to_lowercase();
    ["error:", "error ", "fatal:", "panic:", "failed:", "failed to"].iter().any(|word| lower.contains(word))
        // Code that is only shown says what may happen, not what did.
        && !["fmt.", "err !=", "return ", "//", "func ", "t.error", "t.fatal", "\\n", "→", "{"]
            .iter()
            .any(|code| lower.contains(code))
}

/// The line with its paths cut down to their last part, as people leave out what differs between machines.
fn without_folders(line: &str) -> String {
    let words = line.split(' ').map(|word| match word.rsplit_once('/') {
        Some((folders, file)) if folders.contains('/') || folders.is_empty() => file,
        _ => word,
    });
    words.collect::<Vec<_>>().join(" ")
}
