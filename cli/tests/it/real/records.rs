//! Sessions as agents write them, made up here.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::home::Home;

/// A session's file that grows by one record after the other.
pub(crate) struct SessionFile {
    pub(crate) path: PathBuf,
    kind: Kind,
    id: String,
    cwd: String,
    records: u64,
}

enum Kind {
    Claude,
    Codex,
}

impl SessionFile {
    /// A file of Claude Code, which does not exist yet; `number` makes it different from others.
    pub(crate) fn claude(home: &Home, number: u32) -> Self {
        let id = format!("0c1a0de0-0000-4000-8000-{number:012}");
        let path = home.home.join(".claude/projects/-srv-app").join(format!("{id}.jsonl"));
        Self { path, kind: Kind::Claude, id, cwd: "/srv/app".to_owned(), records: 0 }
    }

    /// A file of Codex, which does not exist yet.
    pub(crate) fn codex(home: &Home, number: u32) -> Self {
        let id = format!("0c0de000-0000-7000-8000-{number:012}");
        let name = format!("rollout-2026-02-01T10-00-00-{id}.jsonl");
        let path = home.home.join(".codex/sessions/2026/02/01").join(name);
        Self { path, kind: Kind::Codex, id, cwd: "/srv/app".to_owned(), records: 0 }
    }

    /// The session began in this directory.
    pub(crate) fn in_directory(mut self, cwd: &Path) -> Self {
        self.cwd = cwd.to_str().unwrap().to_owned();
        self
    }

    /// The agent's own id of the session.
    pub(crate) fn native_id(&self) -> &str {
        &self.id
    }

    /// The next record, which says `text`, with its line end. Codex's first comes with what stands before it.
    pub(crate) fn record(&mut self, text: &str) -> String {
        self.records += 1;
        let number = self.records;
        let (minute, second) = (number / 60 % 60, number % 60);
        let time = format!("2026-02-01T{:02}:{minute:02}:{second:02}.000Z", 10 + number / 3600 % 12);
        let is_prompt = number % 2 == 1;
        match self.kind {
            Kind::Claude => {
                let message = if is_prompt {
                    json!({ "role": "user", "content": text })
                } else {
                    json!({
                        "id": format!("msg_{}_{number}", self.id), "type": "message", "role": "assistant",
                        "model": "claude-opus-4-6", "content": [{ "type": "text", "text": text }],
                        "stop_reason": null, "usage": { "input_tokens": 3, "output_tokens": 4 },
                    })
                };
                let parent = (number > 1).then(|| format!("{}-{}", self.id, number - 1));
                let record = json!({
                    "parentUuid": parent, "isSidechain": false, "userType": "external", "cwd": self.cwd,
                    "sessionId": self.id, "version": "2.1.37", "gitBranch": "main",
                    "type": if is_prompt { "user" } else { "assistant" },
                    "uuid": format!("{}-{number}", self.id), "timestamp": time, "message": message,
                });
                format!("{record}\n")
            }
            Kind::Codex => {
                let mut lines = String::new();
                if number == 1 {
                    let meta = json!({
                        "timestamp": time, "type": "session_meta",
                        "payload": {
                            "id": self.id, "timestamp": time, "cwd": self.cwd, "originator": "codex_cli_rs",
                            "cli_version": "0.104.0", "source": "cli", "model_provider": "openai",
                        },
                    });
                    lines.push_str(meta.to_string().as_str());
                    lines.push('\n');
                }
                let kind = if is_prompt { "user_message" } else { "agent_message" };
                let record = json!({
                    "timestamp": time, "type": "event_msg", "payload": { "type": kind, "message": text },
                });
                lines.push_str(record.to_string().as_str());
                lines.push('\n');
                lines
            }
        }
    }

    /// Appends the next record, which says `text`.
    pub(crate) fn say(&mut self, text: &str) {
        let record = self.record(text);
        append(&self.path, record.as_bytes());
    }
}

/// Has a session of Claude Code change a line of a file, after whatever it said.
pub(crate) fn claude_edits(session: &SessionFile, file: &Path) {
    let (id, cwd, call) = (&session.id, &session.cwd, format!("toolu_{}", file.display().to_string().len()));
    let path = file.to_str().unwrap();
    let record = |kind: &str, number: u32, message: serde_json::Value, result: serde_json::Value| {
        let mut record = json!({
            "parentUuid": null, "isSidechain": false, "userType": "external", "cwd": cwd, "sessionId": id,
            "version": "2.1.37", "gitBranch": "main", "type": kind, "uuid": format!("{id}-edit-{number}"),
            "timestamp": format!("2026-02-01T11:00:{number:02}.000Z"), "message": message,
        });
        if !result.is_null() {
            record["toolUseResult"] = result;
        }
        format!("{record}\n")
    };
    let input = json!({ "file_path": path, "old_string": "one", "new_string": "two" });
    let asked = json!({
        "id": "msg_edit", "type": "message", "role": "assistant", "model": "claude-opus-4-6", "stop_reason": null,
        "content": [{ "type": "tool_use", "id": call, "name": "Edit", "input": input }],
        "usage": { "input_tokens": 3, "output_tokens": 4 },
    });
    let done = json!({
        "role": "user",
        "content": [{ "type": "tool_result", "tool_use_id": call, "content": "The file has been updated." }],
    });
    let patch = json!([{ "oldStart": 1, "oldLines": 1, "newStart": 1, "newLines": 1, "lines": ["-one", "+two"] }]);
    let result = json!({
        "filePath": path, "oldString": "one", "newString": "two", "originalFile": "one\n", "structuredPatch": patch,
        "userModified": false, "replaceAll": false,
    });
    let lines = record("assistant", 1, asked, json!(null)) + &record("user", 2, done, result);
    append(&session.path, lines.as_bytes());
}

/// Appends bytes to a file; it and its folders come to be when they are not there.
pub(crate) fn append(path: &Path, bytes: &[u8]) {
    use std::io::Write as _;
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(bytes).unwrap();
}

/// A word that stands nowhere else and resembles no other: twelve letters out of the number.
pub(crate) fn needle(number: u64) -> String {
    let mut random = Random::new(number.wrapping_mul(0x5851_f42d_4c95_7f2d) + 7);
    (0..14).map(|_| char::from(b'a' + u8::try_from(random.below(26)).unwrap())).collect()
}

/// Splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}
